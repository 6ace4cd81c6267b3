package rocksdb

import (
	"context"
	"errors"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/cockroachdb/pebble/v2/vfs/errorfs"
)

// TestEveryFileOperationMayFail: whichever operation of a rewrite fails, the
// error comes out, and what lies in the directory is a whole checkpoint or is
// refused as none (D7).
func TestEveryFileOperationMayFail(t *testing.T) {
	for i := int32(0); ; i++ {
		set := conformanceSetNamed(t, "wal-tail")
		index := errorfs.OnIndex(i)
		failing := errorfs.Wrap(set.fs, errorfs.ErrInjected.If(index))
		v, err := RewriteCheckpoint(context.Background(), failing, set.dir, "new", RewriteOptions{TableBytes: 4 << 10})
		if index.Index.Load() >= 0 { // it never fired: every operation has had its turn
			requireNoError(t, err)
			if i < 50 {
				t.Fatalf("only %d operations", i)
			}
			return
		}
		if err == nil {
			// A read-ahead hint may fail without consequence; the result must be whole.
			_, err := VerifyTables(context.Background(), set.fs, "new", v, VerifyOptions{})
			requireNoError(t, err)
			continue
		}
		var cause errorfs.LabelledError
		if !errors.As(err, &cause) {
			t.Fatalf("operation %d: %v does not wrap the cause", i, err)
		}
		left, err := ReadCheckpoint(set.fs, "new")
		if err != nil {
			requireError(t, err, ErrNotACheckpoint, "")
			continue
		}
		_, err = VerifyTables(context.Background(), set.fs, "new", left, VerifyOptions{})
		requireNoError(t, err)
	}
}

// TestCrashAfterWrite: after a crash that keeps only synced data, a checkpoint
// whose WriteCheckpoint returned is whole (D7: synced only).
func TestCrashAfterWrite(t *testing.T) {
	fs := vfs.NewCrashableMem()
	// The directory's own name is its maker's to sync.
	requireNoError(t, fs.MkdirAll("cp", 0o755))
	requireNoError(t, syncDirectory(fs, ""))
	v := sampleCheckpoint(t, fs, "cp", TableOptions{}, 300)
	after := fs.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: 0})
	got, err := ReadCheckpoint(after, "cp")
	requireNoError(t, err)
	requireEqual(t, v, got)
	_, err = VerifyTables(context.Background(), after, "cp", got, VerifyOptions{})
	requireNoError(t, err)
}
