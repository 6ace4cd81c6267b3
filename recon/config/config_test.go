package config

import (
	"strings"
	"testing"
	"time"
)

// TestStagingKeys proves that the twelve keys of the design document exist
// with their defaults (REQ, recon.md 6.3).
func TestStagingKeys(t *testing.T) {
	want := map[string]string{
		"ozone.recon.staging.enabled": "true", "ozone.recon.staging.base.path": "",
		"ozone.recon.staging.cleanup.retention.hours": "24", "ozone.recon.staging.timeout.minutes": "120",
		"ozone.recon.staging.memory.factor": "0.5", "ozone.recon.staging.thread.pool.size": "4",
		"ozone.recon.staging.batch.size.multiplier": "2.0", "ozone.recon.staging.auto.retry.enabled": "true",
		"ozone.recon.staging.max.retry.attempts": "3", "ozone.recon.staging.retry.delay.minutes": "10",
		"ozone.recon.staging.progress.report.interval.seconds": "30", "ozone.recon.staging.health.check.interval.seconds": "10",
	}
	c, err := Load()
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range want {
		if got := c.Text(name); got != value {
			t.Errorf("%s = %q, want %q", name, got, value)
		}
	}
}

func TestLayersAndUnits(t *testing.T) {
	c, err := Load(Layer{"file", map[string]string{StagingRetryDelayMinutes: "10", SnapshotIntervalDelay: "1m"}},
		Layer{"scenario", map[string]string{StagingRetryDelayMinutes: "0.02", ConnectionRequestTimeout: "250"}})
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]time.Duration{
		StagingRetryDelayMinutes: 1200 * time.Millisecond, SnapshotIntervalDelay: time.Minute,
		ConnectionRequestTimeout: 250 * time.Millisecond, StagingRetentionHours: 24 * time.Hour,
	} {
		if got := c.Duration(name); got != want {
			t.Errorf("%s = %v, want %v", name, got, want)
		}
	}
	if c.Source(StagingRetryDelayMinutes) != "scenario" || c.Source(StagingEnabled) != "default" {
		t.Error("sources are wrong")
	}
}

// TestMistakes proves that every mistake is reported at once.
func TestMistakes(t *testing.T) {
	_, err := Load(Layer{"f", map[string]string{
		"ozone.recon.staging.enabeld": "true", StagingEnabled: "yes", StagingThreadPoolSize: "0",
		StagingTimeoutMinutes: "-1", StagingMemoryFactor: "1.5", SnapshotIntervalDelay: "soon", DeltaUpdateLimit: "x",
	}})
	if err == nil {
		t.Fatal("accepted")
	}
	for _, part := range []string{"enabeld", `"yes"`, `"0"`, `"-1"`, `"1.5"`, `"soon"`, `"x"`} {
		if !strings.Contains(err.Error(), part) {
			t.Errorf("%q is missing from: %v", part, err)
		}
	}
}
