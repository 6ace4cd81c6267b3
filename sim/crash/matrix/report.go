package matrix

import (
	"context"

	"reconsim/reports/record"
)

// maxBad is how many bad cells are reported in full.
const maxBad = 200

// Fill writes what a survey has come to into the record of a matrix, with the
// pair of operations that each bad cell is due to. It takes over crypto/rand
// until it returns. replay makes the command that shows a cell again.
func (r *Result) Fill(ctx context.Context, m *record.CrashMatrix, replay func(steps []Step) string) error {
	recording := r.judge.recording
	defer sameForAll(recording.options.Seed)()
	m.Seed, m.Depth = recording.options.Seed, len(r.Depths)
	for _, row := range r.Rows {
		if row.Depth == 1 {
			m.Policies = append(m.Policies, row.Policy)
		}
	}
	for n := recording.First; n <= recording.Last; n++ {
		note := recording.notes[n-1]
		m.Operations = append(m.Operations, record.CrashOperation{Number: int64(n), Text: recording.Log.Op(n).String(),
			Actor: note.actor, AtMillis: note.atMillis, Phase: note.phase})
	}
	m.Rows, m.Cells, m.Depths, m.States, m.Seconds = r.Rows, r.Cells, r.Depths, r.States(), r.Seconds
	if r.Seconds > 0 {
		m.StatesPerSecond = float64(m.States) / r.Seconds
	}
	m.Complete, m.Incomplete = r.Incomplete == "", r.Incomplete
	m.Verdict = record.Pass
	if !m.Complete || m.Cells.Bad() > 0 {
		m.Verdict = record.Fail
	}
	return r.fillBad(ctx, m, replay)
}

func (r *Result) fillBad(ctx context.Context, m *record.CrashMatrix, replay func(steps []Step) string) error {
	i := newInspector(r.judge)
	for n, c := range r.Bad {
		if n == maxBad || ctx.Err() != nil {
			m.BadOmitted = int64(len(r.Bad) - n)
			return nil
		}
		b, err := i.badCell(c)
		if err != nil {
			return err
		}
		b.Replay = replay(c.Steps)
		m.Bad = append(m.Bad, b)
	}
	return nil
}
