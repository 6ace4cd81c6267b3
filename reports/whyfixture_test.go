package reports

import (
	"fmt"

	"reconsim/reports/record"
)

// whyMixed explains the first violation of lostReaders in a wide window: the
// protocol that renames moves the key store 1.2 s before the summary store.
func whyMixed() record.Why {
	w := record.Why{Violation: 0, Reader: "r3", FromMillis: 10_800, ToMillis: 13_600,
		Parts: []record.AnswerPart{{Generation: 1, Text: "numTotalKey"}, {Generation: 4, Text: "sizeWithReplica"}},
		First: record.Operation{Number: 81_204, AtMillis: 12_466.41, Actor: "reprocess", Kind: record.OperationDisk, Generation: 4,
			Text: "rename recon/staged/summary to recon/live/summary"},
		Second: record.Operation{Number: 81_297, AtMillis: 12_471, Actor: "r3", Kind: record.OperationAnswer, Generation: 4,
			Text: "GET /api/v1/namespace/summary?path=/vol1/bucket1 reads the key store of generation 1"},
		Explanation:  "The summary store was renamed into place before the key store, and reader r3 read both between the two renames.",
		ScenarioFile: "shrunk.yaml", TraceFile: "trace.txt",
		Replay: record.Replay{Command: "reconsim replay runs/rename-mixes-1337 --until 12471", Fresh: true, SameTrace: true, TraceHash: "9f2c61d07ab4e853"}}
	for i := range 18 {
		number := int64(81_196 + 8*i)
		o := record.Operation{Number: number, AtMillis: 12_466.1 + 0.31*float64(i), Actor: []string{"reprocess", "r1", "r3", "sync"}[i%4],
			Kind: []record.OperationKind{record.OperationDisk, record.OperationPoint}[i%2]}
		o.Text = []string{fmt.Sprintf("sync recon/staged/%06d.sst", i), "swap/between-renames"}[i%2]
		switch i {
		case 1:
			o = w.First
		case 12:
			o.Number, o.Kind, o.Text, o.Generation, o.Actor = number, record.OperationPublish, "readers see generation 4", 4, "reprocess"
			o.AtMillis = 12_470
		case 13:
			o = w.Second
		}
		if i > 13 {
			o.AtMillis += 1
		}
		w.Steps = append(w.Steps, o)
	}
	for at := 10_820.0; at < 13_600; at += 37 {
		a := record.Answer{SentMillis: at - 22, AtMillis: at, Generation: 1, Request: "GET /api/v1/namespace/summary"}
		if at > 12_470 {
			a.Generation = 4
		}
		if at > 12_460 && at < 12_497 {
			a.AtMillis, a.Bad, a.Generation = 12_471, true, 4
			a.Request = "GET /api/v1/namespace/summary?path=/vol1/bucket1"
		}
		w.Answers = append(w.Answers, a)
	}
	return w
}

// whyEmpty explains the third one in a window of 340 microseconds of virtual
// time, in which nine operations share one instant.
func whyEmpty() record.Why {
	w := record.Why{Violation: 2, Reader: "r2", FromMillis: 12_599.78, ToMillis: 12_600.12,
		Parts:       []record.AnswerPart{{Generation: 4, Text: "containers, from a store that was opened anew and is empty"}},
		Explanation: "The live directory was opened between the two renames of the switch, when it did not exist, and an empty store was created in its place.",
		Replay:      record.Replay{Command: "reconsim replay runs/rename-mixes-1337 --until 12600", Fresh: true, FirstDifference: "operation 90,020: r2 goes on at read/open, was r1"}}
	texts := []string{"swap/close-live", "rename recon/live to recon/backup", "read/open", "mkdir recon/live", "create recon/live/MANIFEST-000001",
		"write recon/live/CURRENT at 0, 16 bytes, 00c0ffee00c0ffee", "sync-dir recon/live", "read/scan", "GET /api/v1/containers answers []",
		"rename recon/staged to recon/live", "swap/done"}
	for i, text := range texts {
		kind, actor := record.OperationDisk, "reprocess"
		switch {
		case i == 2 || i == 7:
			kind, actor = record.OperationPoint, "r2"
		case i == 8:
			kind, actor = record.OperationAnswer, "r2"
		case i == 0 || i == 10:
			kind = record.OperationPoint
		case i > 2 && i < 7:
			actor = "r2"
		}
		o := record.Operation{Number: int64(90_011 + i), AtMillis: 12_600, Actor: actor, Kind: kind, Text: text}
		switch i {
		case 0:
			o.AtMillis = 12_599.81
		case 9:
			o.Generation, o.AtMillis = 4, 12_600.04
		case 10:
			o.Generation, o.AtMillis = 4, 12_600.09
		case 8:
			o.Generation = 4
		}
		w.Steps = append(w.Steps, o)
	}
	w.First, w.Second = w.Steps[1], w.Steps[8]
	for _, a := range []record.Answer{{SentMillis: 12_599.70, AtMillis: 12_599.83, Generation: 4}, {SentMillis: 12_599.84, AtMillis: 12_599.93, Generation: 4},
		{SentMillis: 12_599.95, AtMillis: 12_600, Generation: 4, Bad: true}, {SentMillis: 12_600.01, AtMillis: 12_600.10, Generation: 4}} {
		a.Request = "GET /api/v1/containers"
		w.Answers = append(w.Answers, a)
	}
	return w
}
