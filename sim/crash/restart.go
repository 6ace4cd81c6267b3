package crash

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"reconsim/sim/check"
	"reconsim/sim/oracle"
)

// Disk is what lies in Recon's folder.
type Disk struct {
	Staging Staging
	// Pointer is the generation that CURRENT names, 0 without the file.
	Pointer uint64
	// Generations are those that have a directory, quarantine apart.
	Generations []uint64
	// Download is true if the folder of snapshots being obtained is there.
	Download bool
}

// ReadDisk looks at the folder of a Recon, by the names that it has on disk.
func ReadDisk(dir string) (Disk, error) {
	var d Disk
	var err error
	if d.Staging, err = ReadStaging(stagingFile(dir)); err != nil {
		return d, err
	}
	generations := filepath.Join(dir, "generations")
	switch content, err := os.ReadFile(filepath.Join(generations, "CURRENT")); {
	case errors.Is(err, fs.ErrNotExist):
	case err != nil:
		return d, fmt.Errorf("read the pointer: %w", err)
	default:
		build, ok := buildOf(strings.TrimSpace(string(content)))
		if !ok {
			return d, fmt.Errorf("the pointer holds %q, which names no generation", content)
		}
		d.Pointer = build
	}
	entries, err := os.ReadDir(generations)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return d, fmt.Errorf("list generations: %w", err)
	}
	for _, e := range entries {
		if build, ok := buildOf(e.Name()); ok {
			d.Generations = append(d.Generations, build)
		}
	}
	_, err = os.Stat(filepath.Join(dir, "candidate"))
	d.Download = err == nil
	return d, nil
}

func stagingFile(dir string) string { return filepath.Join(dir, "staging.json") }

func buildOf(name string) (uint64, bool) {
	digits, ok := strings.CutPrefix(name, "gen-")
	if !ok {
		return 0, false
	}
	build, err := strconv.ParseUint(digits, 10, 64)
	return build, err == nil
}

// Death is what is known of a process that was killed.
type Death struct {
	// Disk is what it left behind.
	Disk Disk
	// Newest is the newest state that an answer had shown.
	Newest Seen
	// Known is the newest generation that was certainly committed, 0 if none.
	Known uint64
}

// Restart is what the next process showed first.
type Restart struct {
	// First is its first answer's state.
	First Seen
	// Disk is what was in its folder before it was asked for anything.
	Disk Disk
}

// Restarted judges what a restart serves against what the process before left
// behind.
func (j *Judge) Restarted(d Death, r Restart) []check.Violation {
	state := d.Disk.Staging
	found := j.rule(check.CrashAtomic, r,
		when(d.Disk.Pointer != 0 && d.Disk.Pointer != d.Known && d.Disk.Pointer != state.ID,
			"the pointer named generation %d at death, neither the known one (%d) nor the staged one (%d)", d.Disk.Pointer, d.Known, state.ID),
		when(d.Disk.Pointer != 0 && r.First.Build != d.Disk.Pointer,
			"%s is served, but the pointer named generation %d at death", r.First, d.Disk.Pointer),
		outcomeError(d.Disk, r.Disk.Staging))
	found = append(found, j.rule(check.DurableCommit, r,
		when(r.First.Build < d.Known, "generation %d was committed before the kill, %s is served after it", d.Known, r.First),
		when(d.Newest.newer(r.First) || r.First.Index < d.Newest.Index, "%s was served before the kill, %s after it", d.Newest, r.First))...)
	if d.Disk.Pointer == 0 {
		// The restart bootstraps: what it does meanwhile is its own business.
		return found
	}
	found = append(found, j.rule(check.LegalEdges, r,
		when(!oracle.LegalAfterCrash(state.State, r.Disk.Staging.State),
			"staging came up in %s after it had ended in %s", r.Disk.Staging.State, state.State))...)
	return append(found, j.rule(check.NoLeak, r,
		when(!slices.Equal(r.Disk.Generations, []uint64{d.Disk.Pointer}),
			"generation directories %v are there, that of %d alone should be", r.Disk.Generations, d.Disk.Pointer),
		when(r.Disk.Download, "the folder of a download that no rebuild will use is still there"))...)
}

// when is a text if something is so, and else empty.
func when(so bool, format string, args ...any) string {
	if !so {
		return ""
	}
	return fmt.Sprintf(format, args...)
}

// rule counts a property of a restart once; texts that are not empty break it.
func (j *Judge) rule(p check.Property, r Restart, wrong ...string) []check.Violation {
	var found []check.Violation
	now := time.Now()
	for _, detail := range wrong {
		if detail != "" {
			found = append(found, check.Violation{Property: p, Reader: "restart", SentAt: now, DoneAt: now,
				Generation: r.First.ID(), Index: r.First.Index, Detail: detail, Signature: string(p) + "|restart"})
		}
	}
	j.mu.Lock()
	checker := j.checker
	j.mu.Unlock()
	checker.Tally(p, 1, found...)
	return found
}

// outcomeError says how staging's own account of the rebuild that was under way
// contradicts the pointer; empty if it does not.
func outcomeError(death Disk, after Staging) string {
	switch s := death.Staging; s.State {
	case stateInitializing, stateProcessing, stateReady, stateCommitting, stateCommitted:
		if death.Pointer == 0 {
			return "" // The next bootstrap has written its own account over it.
		}
		want := "ROLLED_BACK"
		if death.Pointer == s.ID {
			want = resultCommitted
		}
		if after.Last == nil || after.Last.ID != s.ID || after.Last.Result != want {
			return fmt.Sprintf("staging says of the last rebuild %+v, but generation %d ended %s", after.Last, s.ID, want)
		}
	}
	return ""
}
