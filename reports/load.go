package reports

import (
	"fmt"

	"reconsim/reports/record"
)

// phaseMeanings says what each phase of a load run is.
var phaseMeanings = map[string]string{
	"oracle":   "the oracle adds up the keys that it does not keep",
	"generate": "the fake OM writes its tables",
	"transfer": "from the wire into files",
	"extract":  "until the files are a verified checkpoint",
	"ingest":   "the OM's tables become the generation's",
	"scan":     "each row is read and decoded once, for all tasks",
	"sinks":    "derived rows are sorted, merged and ingested",
	"seal":     "SQL is filled, everything is synced",
	"validate": "the staged generation is checked",
	"catch-up": "deltas since the snapshot",
	"commit":   "the switch",
	"rebuild":  "from ingest to the end of commit",
}

// loadRow is one phase of a load run, as it is shown.
type loadRow struct {
	Name, Meaning string
	Seconds, CPU  string
	Rows          string
	RowsPerSecond string
	Bytes         string
	// Width is the phase's part of the longest one, in percent, for a bar.
	Width string
	Class string
}

func loadRows(l *record.Load) []loadRow {
	if l == nil {
		return nil
	}
	longest := 0.0
	for _, p := range l.Phases {
		longest = max(longest, p.Seconds)
	}
	var rows []loadRow
	for _, p := range l.Phases {
		r := loadRow{Name: p.Name, Meaning: phaseMeanings[p.Name], Seconds: secondsText(p.Seconds), CPU: secondsText(p.CPUSeconds),
			Rows: "–", RowsPerSecond: "–", Bytes: "–", Width: "0", Class: "processing"}
		if p.Name == "rebuild" {
			r.Class = "committed"
		}
		if longest > 0 {
			r.Width = trimZeros(100*p.Seconds/longest, 1)
		}
		if p.Rows > 0 {
			r.Rows = grouped(p.Rows)
			if p.Seconds > 0 {
				r.RowsPerSecond = grouped(int64(float64(p.Rows) / p.Seconds))
			}
		}
		if p.Bytes > 0 {
			r.Bytes = bytesText(p.Bytes)
		}
		rows = append(rows, r)
	}
	return rows
}

// loadTask is one task of a load run, as it is shown.
type loadTask struct{ Name, Rows, Bytes, Sink, Ingest, Scan string }

func loadTasks(l *record.Load) []loadTask {
	if l == nil {
		return nil
	}
	var list []loadTask
	for _, t := range l.Tasks {
		list = append(list, loadTask{Name: t.Name, Rows: grouped(t.Rows), Bytes: bytesText(t.Bytes), Sink: secondsText(t.SinkSeconds),
			Ingest: secondsText(t.IngestSeconds), Scan: trimZeros(100*t.ScanShare, 1) + " %"})
	}
	return list
}

// loadFacts are the figures of a load run that people look for first.
func loadFacts(run record.Run) []fact {
	l := run.Load
	if l == nil {
		return nil
	}
	facts := []fact{{grouped(l.Keys), "keys", fmt.Sprintf("%s of snapshot", bytesText(l.SourceBytes))}}
	if p, ok := l.Phase("rebuild"); ok && p.Seconds > 0 {
		facts = append(facts, fact{secondsText(p.Seconds), "for a rebuild", fmt.Sprintf("%s keys a second, %s of CPU", grouped(int64(float64(l.Keys)/p.Seconds)), secondsText(p.CPUSeconds))})
	}
	facts = append(facts, fact{bytesText(run.PeakRSSBytes), "peak memory", "OM, readers and judges included"},
		fact{bytesText(l.PeakDiskBytes), "peak disk", fmt.Sprintf("%s written", bytesText(l.BytesWritten))},
		fact{microsText(l.Switch.DurableMicros), "durable switch", plural(l.Switch.BlockedReads, "blocked read")})
	return facts
}

// loadText is the phases of a load run for a terminal.
func loadText(l *record.Load) string {
	t := newTable("phase", "", "time", "CPU", "rows", "rows/s", "bytes")
	for _, r := range loadRows(l) {
		t.Row(r.Name, "", r.Seconds, r.CPU, r.Rows, r.RowsPerSecond, r.Bytes)
	}
	return t.Render() + "\n"
}
