package reports

import (
	"bytes"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
)

// TestLoad: a load run's figures are on the page, at the terminal and in the
// summary, and a run of another kind shows none of them.
func TestLoad(t *testing.T) {
	run, list := firstLight()
	render := func() []string {
		var terminal, summary bytes.Buffer
		require.NoError(t, WriteTerminal(&terminal, []record.Run{run}))
		require.NoError(t, WriteSummary(&summary, run))
		page, _ := pageOf(t, run, eventsOf(list))
		return []string{page, terminal.String(), summary.String()}
	}
	for _, text := range render() {
		require.NotContains(t, text, "ingest")
	}
	run.Load = &record.Load{Keys: 2_000_000, SourceBytes: 333 << 20, PeakDiskBytes: 1 << 30, BytesWritten: 406 << 20,
		Phases: []record.LoadPhase{{Name: "scan", Seconds: 4, CPUSeconds: 7.9, Rows: 2_080_000, Bytes: 333 << 20},
			{Name: "ingest", Seconds: 0.01}, {Name: "rebuild", Seconds: 5, CPUSeconds: 9, Rows: 2_080_000}},
		Tasks:  []record.LoadTask{{Name: "NSSummaryTask", Rows: 40_000, Bytes: 4 << 20, SinkSeconds: 0.5, IngestSeconds: 0.25, ScanShare: 0.25}},
		Switch: record.LoadSwitch{DurableMicros: 1200}}
	texts := render()
	for _, text := range texts {
		require.Contains(t, text, "ingest")
		require.Contains(t, text, "2,080,000")
	}
	for _, want := range []string{"2,000,000", "400,000 keys a second", "520,000", "1.2 ms", "25 %", "each row is read and decoded once"} {
		require.Contains(t, texts[0], want)
	}
}
