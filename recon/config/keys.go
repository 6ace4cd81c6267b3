package config

// Kind is how a value is written.
type Kind string

// The kinds.
const (
	Bool     Kind = "bool"
	Int      Kind = "int"
	Decimal  Kind = "decimal"
	Duration Kind = "duration" // 5s, 1m, 200ms, or a plain number of milliseconds
	Minutes  Kind = "minutes"
	Hours    Kind = "hours"
	Seconds  Kind = "seconds"
	Text     Kind = "text"
)

// Key describes one setting.
type Key struct {
	Name    string
	Default string
	Kind    Kind
	About   string
	// Later is true for keys that are read and checked but not used yet.
	Later bool
}

// The keys of the design document (6.3), exact.
const (
	StagingEnabled            = "ozone.recon.staging.enabled"
	StagingBasePath           = "ozone.recon.staging.base.path"
	StagingRetentionHours     = "ozone.recon.staging.cleanup.retention.hours"
	StagingTimeoutMinutes     = "ozone.recon.staging.timeout.minutes"
	StagingMemoryFactor       = "ozone.recon.staging.memory.factor"
	StagingThreadPoolSize     = "ozone.recon.staging.thread.pool.size"
	StagingBatchMultiplier    = "ozone.recon.staging.batch.size.multiplier"
	StagingAutoRetryEnabled   = "ozone.recon.staging.auto.retry.enabled"
	StagingMaxRetryAttempts   = "ozone.recon.staging.max.retry.attempts"
	StagingRetryDelayMinutes  = "ozone.recon.staging.retry.delay.minutes"
	StagingProgressSeconds    = "ozone.recon.staging.progress.report.interval.seconds"
	StagingHealthSeconds      = "ozone.recon.staging.health.check.interval.seconds"
	SnapshotInitialDelay      = "ozone.recon.om.snapshot.task.initial.delay"
	SnapshotIntervalDelay     = "ozone.recon.om.snapshot.task.interval.delay"
	DeltaUpdateLimit          = "recon.om.delta.update.limit"
	DeltaLagThreshold         = "recon.om.delta.update.lag.threshold"
	EventBufferCapacity       = "ozone.recon.om.event.buffer.capacity"
	ConnectionTimeout         = "ozone.recon.om.connection.timeout"
	ConnectionRequestTimeout  = "ozone.recon.om.connection.request.timeout"
	NSSummaryFlushThreshold   = "ozone.recon.nssummary.flush.db.max.threshold"
	FileSystemPathsEnabled    = "ozone.om.enable.filesystem.paths"
	SnapshotTransferMinutes   = "reconsim.snapshot.transfer.timeout.minutes"
	SnapshotTransferMaxBytes  = "reconsim.snapshot.transfer.max.bytes"
	SnapshotMinBytesPerSecond = "reconsim.snapshot.transfer.min.bytes.per.second"
)

// Keys lists every setting in the order in which help shows them.
func Keys() []Key {
	return []Key{
		{Name: StagingEnabled, Default: "true", Kind: Bool, About: "stage a rebuild beside the served generation; false is the in-place path", Later: true},
		{Name: StagingBasePath, Default: "", Kind: Text, About: "folder of generations; unset: beside the live one; set: must be on the same device"},
		{Name: StagingRetentionHours, Default: "24", Kind: Hours, About: "how long superseded and quarantined generations are kept"},
		{Name: StagingTimeoutMinutes, Default: "120", Kind: Minutes, About: "limit from INITIALIZING to READY_TO_COMMIT; then cancelled with cause TIMEOUT"},
		{Name: StagingMemoryFactor, Default: "0.5", Kind: Decimal, About: "share of the change-map budget that staging may use at once"},
		{Name: StagingThreadPoolSize, Default: "4", Kind: Int, About: "actors of the rebuild's own pool"},
		{Name: StagingBatchMultiplier, Default: "2.0", Kind: Decimal, About: "factor on the flush threshold while staging, capped by the memory budget"},
		{Name: StagingAutoRetryEnabled, Default: "true", Kind: Bool, About: "retry a rebuild that rolled back"},
		{Name: StagingMaxRetryAttempts, Default: "3", Kind: Int, About: "attempts for one trigger, then FAILED"},
		{Name: StagingRetryDelayMinutes, Default: "10", Kind: Minutes, About: "wait before an automatic retry, with jitter; a manual trigger does not wait"},
		{Name: StagingProgressSeconds, Default: "30", Kind: Seconds, About: "how often progress is logged"},
		{Name: StagingHealthSeconds, Default: "10", Kind: Seconds, About: "how often disk, memory and stuck tasks are probed", Later: true},
		{Name: SnapshotInitialDelay, Default: "1m", Kind: Duration, About: "wait before the first sync"},
		{Name: SnapshotIntervalDelay, Default: "5s", Kind: Duration, About: "wait between syncs"},
		{Name: DeltaUpdateLimit, Default: "50000", Kind: Int, About: "span of sequence numbers asked for in one fetch"},
		{Name: DeltaLagThreshold, Default: "0", Kind: Int, About: "fetch again within a sync while the lag is larger"},
		{Name: EventBufferCapacity, Default: "20000", Kind: Int, About: "fetches held for a rebuild to catch up with"},
		{Name: ConnectionTimeout, Default: "5s", Kind: Duration, About: "limit to connect to an OM"},
		{Name: ConnectionRequestTimeout, Default: "5000", Kind: Duration, About: "limit to an OM's first byte, and to a stall within a transfer"},
		{Name: NSSummaryFlushThreshold, Default: "150000", Kind: Int, About: "rows that a rebuild holds in memory per task before it sorts them to disk"},
		{Name: FileSystemPathsEnabled, Default: "false", Kind: Bool, About: "Legacy keys that end in '/' are directories"},
		{Name: SnapshotTransferMinutes, Default: "60", Kind: Minutes, About: "limit to a whole snapshot transfer"},
		{Name: SnapshotTransferMaxBytes, Default: "1099511627776", Kind: Int, About: "largest snapshot accepted, in bytes"},
		{Name: SnapshotMinBytesPerSecond, Default: "1024", Kind: Int, About: "slowest transfer accepted, measured over the request timeout"},
	}
}
