package point

// The points, in the order of the way of the data. FP numbers are those of the
// requirement's list of fault points; a point without one is ours.
const (
	// None is the zero value and never fires.
	None Point = iota

	// StagingCreate fires before the staged generation's directory is made
	// (FP1). Recovery: nothing exists yet; the old generation serves on.
	StagingCreate
	// OMServiceList fires before the engine asks an OM who leads; subject is
	// the node asked. Recovery: the cycle ends, the next one asks again.
	OMServiceList
	// OMUpdates fires before a delta fetch; n is the sequence asked for.
	// Recovery: nothing was applied; the next cycle asks for the same.
	OMUpdates
	// TransferStart fires before a snapshot download is requested (FP22 when
	// the leader moves here). Recovery: no candidate area exists.
	TransferStart
	// TransferRead fires at each read of a snapshot body; n is the offset.
	// Recovery: the candidate area is discarded or resumed, never served.
	TransferRead
	// TransferDone fires after a whole snapshot was extracted and before it
	// is verified. Recovery: as TransferRead.
	TransferDone
	// StagingIngest fires before the OM tables are ingested into the staged
	// generation. Recovery: the staged directory is discarded.
	StagingIngest

	// TaskStart fires as a task begins its rebuild; subject is the task.
	// Recovery: the rebuild fails as a whole, the others are cancelled.
	TaskStart
	// TaskRows fires every few rows that a task has seen in a rebuild
	// (FP2 with an error, FP3 with a hang); subject is the task, n the rows.
	// Recovery: as TaskStart.
	TaskRows
	// TaskFinish fires after a task's last row and before it writes what it
	// gathered (FP4). Recovery: as TaskStart; a late error is never success.
	TaskFinish
	// TaskDelta fires before a task takes a delta; subject is the task, n the
	// sequence. Recovery: nothing of the delta is committed for any task
	// (FP18); the delta is retried or the tasks are rebuilt.
	TaskDelta
	// SinkWrite fires before a sorted table of derived rows is written;
	// subject is the task. Recovery: as TaskStart (FP4, FP5).
	SinkWrite

	// StagingSeal fires before the staged generation is flushed and synced
	// (FP5). Recovery: discard.
	StagingSeal
	// StagingValidate fires before the staged generation is checked.
	// Recovery: quarantine, the old generation serves on.
	StagingValidate
	// CatchUp fires before each logged delta is applied to the staged
	// generation (FP17); n is the sequence. Recovery: discard.
	CatchUp
	// CommitBegin fires as COMMITTING is entered, readers still on the old
	// generation (FP7). Recovery: old generation.
	CommitBegin
	// PointerWrite fires before the new pointer's temporary file is written
	// (FP8). Recovery: old generation; the staged one is quarantined.
	PointerWrite
	// PointerMove fires before the rename that is the commit point (FP9).
	// Recovery: old generation whole.
	PointerMove
	// PointerSync fires after the rename and before the directory's fsync
	// (FP10). Recovery: old or new generation, whole, as the pointer says.
	PointerSync
	// Publish fires after the durable commit and before readers see the new
	// generation (FP11, FP13). Recovery: new generation whole.
	Publish
	// Published fires right after the new view became visible; readers may be
	// parked here across a switch (FP19). Recovery: new generation.
	Published
	// StatusWrite fires before the outcome of a rebuild is recorded (FP14,
	// FP15). Recovery: the status is derived again from META.
	StatusWrite
	// Retire fires before a superseded generation is removed (FP6).
	// Recovery: the sweep at start removes it; nobody reads it.
	Retire

	// DeltaCommit fires before the batch of a delta is committed (FP16);
	// n is its last sequence. Recovery: rows, derived rows and watermark are
	// all there or all missing.
	DeltaCommit
	// DeltaSQL fires after that batch and before SQL is brought up to it.
	// Recovery: the outbox brings SQL up to META at the next open.
	DeltaSQL
	// DeltaPublish fires before a delta's view is published.
	DeltaPublish

	// OpenGeneration fires before a generation is opened (FP12); subject is
	// its name. Recovery: the pointer is not moved to what cannot be opened.
	OpenGeneration
	// Acquire fires as a request pins its view; subject is the endpoint.
	Acquire
	// ReadBetween fires between two reads of one request (FP19); subject is
	// the endpoint. Recovery: none needed; the answer keeps one generation.
	ReadBetween

	// DiskCreate fires before a file is created; subject is the path. All
	// disk points stand for FP20 and FP21. Recovery: the operation failed and
	// the caller must treat what it was doing as failed.
	DiskCreate
	// DiskOpen fires before a file is opened.
	DiskOpen
	// DiskRead fires before a read; n is the length.
	DiskRead
	// DiskWrite fires before a write; n is the length.
	DiskWrite
	// DiskSync fires before an fsync of a file or directory.
	DiskSync
	// DiskRename fires before a rename; subject is the new path.
	DiskRename
	// DiskRemove fires before a removal.
	DiskRemove
	// DiskLink fires before a hard link is made; subject is the new path.
	DiskLink
	// DiskMkdir fires before a directory is made.
	DiskMkdir

	// OMServe fires in the fake OM before it answers a request; subject is
	// node/request. Recovery: the engine sees a failed request.
	OMServe
	// OMTransfer fires in the fake OM at each write of a snapshot body;
	// subject is the node, n the offset. Recovery: as TransferRead.
	OMTransfer
)

var catalogue = [...]struct{ name, about string }{
	None:            {"none", "never"},
	StagingCreate:   {"staging/create", "before the staged generation's directory is made"},
	OMServiceList:   {"om/service-list", "before the engine asks who leads"},
	OMUpdates:       {"om/updates", "before a delta fetch"},
	TransferStart:   {"transfer/start", "before a snapshot download is requested"},
	TransferRead:    {"transfer/read", "at each read of a snapshot body"},
	TransferDone:    {"transfer/done", "after the last byte of a snapshot, before it is verified"},
	StagingIngest:   {"staging/ingest", "before the OM tables are ingested"},
	TaskStart:       {"task/start", "as a task begins its rebuild"},
	TaskRows:        {"task/rows", "every few rows of a task's rebuild"},
	TaskFinish:      {"task/finish", "after a task's last row, before it writes its result"},
	TaskDelta:       {"task/delta", "before a task takes a delta"},
	SinkWrite:       {"sink/write", "before a sorted table of derived rows is written"},
	StagingSeal:     {"staging/seal", "before the staged generation is flushed and synced"},
	StagingValidate: {"staging/validate", "before the staged generation is checked"},
	CatchUp:         {"staging/catch-up", "before a logged delta is applied to the staged generation"},
	CommitBegin:     {"commit/begin", "as COMMITTING is entered"},
	PointerWrite:    {"pointer/write", "before the pointer's temporary file is written"},
	PointerMove:     {"pointer/move", "before the rename that is the commit point"},
	PointerSync:     {"pointer/sync", "after the rename, before the directory's fsync"},
	Publish:         {"commit/publish", "after the durable commit, before readers see it"},
	Published:       {"commit/published", "after the new view became visible"},
	StatusWrite:     {"status/write", "before a rebuild's outcome is recorded"},
	Retire:          {"generation/retire", "before a superseded generation is removed"},
	DeltaCommit:     {"delta/commit", "before a delta's batch is committed"},
	DeltaSQL:        {"delta/sql", "after a delta's batch, before SQL is brought up to it"},
	DeltaPublish:    {"delta/publish", "before a delta's view is published"},
	OpenGeneration:  {"generation/open", "before a generation is opened"},
	Acquire:         {"read/acquire", "as a request pins its view"},
	ReadBetween:     {"read/between", "between two reads of one request"},
	DiskCreate:      {"disk/create", "before a file is created"},
	DiskOpen:        {"disk/open", "before a file is opened"},
	DiskRead:        {"disk/read", "before a read"},
	DiskWrite:       {"disk/write", "before a write"},
	DiskSync:        {"disk/sync", "before an fsync"},
	DiskRename:      {"disk/rename", "before a rename"},
	DiskRemove:      {"disk/remove", "before a removal"},
	DiskLink:        {"disk/link", "before a hard link is made"},
	DiskMkdir:       {"disk/mkdir", "before a directory is made"},
	OMServe:         {"om/serve", "before the fake OM answers a request"},
	OMTransfer:      {"om/transfer", "at each write of a snapshot body by the fake OM"},
}
