package reports

import (
	"fmt"
	"math/rand/v2"
	"time"

	"reconsim/reports/record"
)

var crashPolicies = []string{"synced", "all", "data", "prefix", "metadata", "torn", "subset", "exhaustive"}

// crashMatrix is a made-up enumeration over n operations: a staging, a switch
// and the cleanup.
func crashMatrix(n int) record.CrashMatrix {
	random := rand.New(rand.NewPCG(7, uint64(n)))
	m := record.CrashMatrix{ToolVersion: "reconsim 0.1.0", CommandLine: []string{"reconsim", "crashes", "scenarios/swap/smooth.yaml", "--depth", "2"},
		StartedAt: time.Date(2026, 11, 24, 3, 0, 0, 0, time.UTC), Verdict: record.Pass, Seed: 42, Protocol: "generation", Depth: 2, Complete: true,
		Scenario: record.Scenario{File: "scenarios/swap/smooth.yaml", Name: "smooth", Proves: []string{"REQ-V3", "HZ-A1"}},
		Policies: crashPolicies, Seconds: 18.4, CPUSeconds: 33.1, Repeat: "reconsim crashes scenarios/swap/smooth.yaml --depth 2 --seed 42"}
	commit := n * 9 / 10
	for i := range n {
		o := record.CrashOperation{Number: int64(1200 + i), Actor: "reprocess", AtMillis: 400 + float64(i)*0.4, Phase: record.StateProcessing}
		file := fmt.Sprintf("recon/staged/gen-2/%06d.sst", i/7)
		o.Text = []string{"create " + file, fmt.Sprintf("write %s at 0, 32768 bytes, %016x", file, random.Uint64()), fmt.Sprintf("write %s at 32768, 11904 bytes, %016x", file, random.Uint64()),
			"sync " + file, "sync-dir recon/staged/gen-2", fmt.Sprintf("write recon/recon.db at %d, 4096 bytes, %016x", i*64, random.Uint64()), "sync recon/recon.db"}[i%7]
		switch {
		case i < n/30:
			o.Phase, o.Actor = record.StateInitializing, "controller"
		case i > commit+n/20:
			o.Phase, o.Actor, o.Text = record.StateNone, "cleanup", fmt.Sprintf("remove recon/live/gen-1/%06d.sst", i)
		case i > commit+n/60:
			o.Phase, o.Actor = record.StateCommitted, "controller"
		case i > commit-n/40:
			o.Phase, o.Actor = record.StateCommitting, "controller"
		case i > commit-n/15:
			o.Phase, o.Actor = record.StateReadyToCommit, "controller"
		}
		if i == commit {
			o.Text = "rename recon/live/pointer.tmp to recon/live/pointer"
		}
		m.Operations = append(m.Operations, o)
	}
	for depth := 1; depth <= 2; depth++ {
		for k, policy := range crashPolicies {
			b := record.BuildCrashRow(policy, depth, n)
			for i := range n {
				pending := i % 7
				if policy == "exhaustive" && pending > 4 || policy == "torn" && pending != 1 && pending != 2 || policy == "prefix" && pending == 3 {
					continue
				}
				outcome := record.OutcomeOld
				switch {
				case i > commit+3 || i >= commit && policy == "all":
					outcome = record.OutcomeNew
				case i >= commit && k > 1:
					outcome = record.OutcomeEither
				}
				b.Add(i, outcome, random.IntN(10) > 6-3*(k%3))
			}
			m.Rows = append(m.Rows, b.Row())
		}
	}
	states := int64(n) * 2
	m.Cells = record.CrashCells{Old: states * 9 / 10, New: states - states*9/10}
	m.Depths = []record.CrashDepth{{Depth: 1, Images: int64(n) * 11, Distinct: states / 2, Checked: states / 2, Seconds: 6.1},
		{Depth: 2, Images: int64(n) * 70, Distinct: states - states/2, Checked: states - states/2, Seconds: 12.3}}
	m.States, m.StatesPerSecond = states, float64(states)/m.Seconds
	return m
}

// tornMatrix is the same with a directory's fsync left out: a few cells are
// bad, of two signatures.
func tornMatrix(n int) record.CrashMatrix {
	m := crashMatrix(n)
	m.Verdict, m.Mutants = record.Fail, []string{"no-dir-sync"}
	m.Repeat += " --mutant no-dir-sync"
	commit := n * 9 / 10
	bad := func(row, index, length int, outcome record.CrashOutcome, member string, pair *record.CrashPair, message string) {
		letters := []byte(m.Rows[row].Outcomes)
		for i := index; i < index+length; i++ {
			letters[i] = map[record.CrashOutcome]byte{record.OutcomeMixed: 'M', record.OutcomeWontOpen: 'W', record.OutcomeLost: 'L', record.OutcomeEmpty: 'E'}[outcome]
			policy := m.Rows[row].Policy + member
			b := record.BadCell{Operation: m.Operations[i].Number, Policy: policy, Outcome: outcome, Signature: string(outcome) + "/" + message, Message: message, Pair: pair, Fresh: i%2 == 0,
				Replay: fmt.Sprintf("reconsim crashes scenarios/swap/smooth.yaml --seed 42 --mutant no-dir-sync --at %d --policy '%s'", m.Operations[i].Number, policy)}
			for k := max(i-2, 0); k <= i; k++ {
				b.Lost = append(b.Lost, record.LostOperation{Number: m.Operations[k].Number, Text: m.Operations[k].Text, Torn: k == i})
			}
			if m.Rows[row].Depth == 2 {
				b.Second = &record.SecondCrash{Operation: 3, Text: "rename recon/live/pointer.tmp to recon/live/pointer", Policy: "all"}
				b.LostOmitted = 4
			}
			m.Bad = append(m.Bad, b)
			m.Cells.Add(outcome)
			m.States++
		}
		m.Rows[row].Outcomes = string(letters)
	}
	operation := func(i int) record.Operation {
		o := m.Operations[i]
		return record.Operation{Number: o.Number, AtMillis: o.AtMillis, Actor: o.Actor, Kind: record.OperationDisk, Text: o.Text, Generation: 2}
	}
	pair := &record.CrashPair{Lost: operation(commit - 10), Survived: operation(commit),
		Explanation: "The pointer names generation 2, but the entry of one of its tables was never made durable: the directory was not synced before the pointer was moved."}
	bad(0, commit, 4, record.OutcomeWontOpen, "", pair, "the store does not open: 000142.sst is missing")
	bad(4, commit+1, 2, record.OutcomeWontOpen, " 3", pair, "the store does not open: 000142.sst is missing")
	bad(6, n/2, 1, record.OutcomeLost, " 1", nil, "an acknowledged delta is gone <b>")
	bad(12, commit-n/50, 3, record.OutcomeMixed, " 2", &record.CrashPair{Lost: operation(commit - 20), Survived: operation(commit),
		Explanation: "SQL was not durable when the pointer was moved."}, "clusterState is of generation 1, summary of generation 2")
	return m
}
