package tier

import (
	"os"
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/reports/record"
	"reconsim/sim/check"
)

const smooth = "../../scenarios/swap/smooth.yaml"

// smoothJob is the execution that issue and documentation count by.
func smoothJob(tb testing.TB) Job {
	tb.Helper()
	text, err := os.ReadFile(smooth)
	require.NoError(tb, err)
	return Job{File: smooth, Scenario: string(text)}
}

// BenchmarkExecution is a whole execution of the story that explorations are
// counted by, another seed each time: set-up, bootstrap, deltas, a rebuild, the
// switch, and every answer judged.
func BenchmarkExecution(b *testing.B) {
	o, failure := smoothJob(b).Options()
	require.Nil(b, failure)
	defer debug.SetGCPercent(debug.SetGCPercent(workerGC))
	b.ReportAllocs()
	var answers, entries int64
	before := usage()
	for b.Loop() {
		o.Seed++
		s := Simulate(o)
		require.Equal(b, record.Pass, s.Run.Verdict, "seed %d: %v", o.Seed, s.Signatures())
		n := exact(s)
		require.GreaterOrEqual(b, n, int64(50), "seed %d", o.Seed)
		require.Positive(b, s.Deltas, "seed %d", o.Seed)
		answers += n
		entries += int64(s.Trace.Entries())
	}
	b.ReportMetric(float64(answers)/float64(b.N), "answers/op")
	b.ReportMetric(float64(entries)/float64(b.N), "entries/op")
	b.ReportMetric((usage().cpuSeconds-before.cpuSeconds)*1000/float64(b.N), "cpu-ms/op")
}

func exact(s *Simulation) int64 {
	for _, p := range s.Run.Properties {
		if p.Name == string(check.Exact) {
			return p.Checked
		}
	}
	return 0
}

// BenchmarkScenario is reading a scenario's text, which a worker does per job.
func BenchmarkScenario(b *testing.B) {
	j := smoothJob(b)
	b.ReportAllocs()
	for b.Loop() {
		_, failure := j.Options()
		require.Nil(b, failure)
	}
}
