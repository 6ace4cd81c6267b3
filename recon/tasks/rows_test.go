package tasks

import (
	"encoding/hex"
	"errors"
	"fmt"
	"testing"

	"reconsim/recon/derived"
)

// derivedRows is rows by "table name, key".
type derivedRows map[[2]string]string

// diffRows tells the first differences of two sets of rows.
func diffRows(got, want derivedRows) error {
	var errs []error
	for at, value := range want {
		if g, ok := got[at]; !ok {
			errs = append(errs, fmt.Errorf("%s %x (%q): missing, want %s", at[0], at[1], at[1], describe(at[0], value)))
		} else if g != value {
			errs = append(errs, fmt.Errorf("%s %x (%q): %s, want %s", at[0], at[1], at[1], describe(at[0], g), describe(at[0], value)))
		}
	}
	for at, value := range got {
		if _, ok := want[at]; !ok {
			errs = append(errs, fmt.Errorf("%s %x (%q): %s, want no row", at[0], at[1], at[1], describe(at[0], value)))
		}
	}
	if len(errs) > 5 {
		errs = append(errs[:5], fmt.Errorf("and %d more", len(errs)-5))
	}
	return errors.Join(errs...)
}

func describe(table, value string) string {
	if table == derived.TableName(derived.NamespaceSummary) {
		var s derived.NSSummary
		if derived.DecodeNSSummary([]byte(value), &s) == nil {
			return fmt.Sprintf("{n=%d size=%d repl=%d bins=%v kids=%v name=%q parent=%d}", s.NumOfFiles, s.SizeOfFiles,
				s.ReplicatedSizeOfFiles, s.FileSizeBucket, s.ChildDirs, s.DirName, s.ParentID)
		}
	}
	return hex.EncodeToString([]byte(value))
}

func check(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}
