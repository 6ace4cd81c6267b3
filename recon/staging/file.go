package staging

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"

	"github.com/cockroachdb/pebble/v2/vfs"

	"reconsim/recon/env"
	"reconsim/recon/tasks"
)

// loadStatus reads the status file; without one nothing was ever staged. A
// damaged file is not trusted and not fatal: it decides nothing that is served.
func loadStatus(e *env.Env, path string) (Status, error) {
	f, err := e.FS().Open(path)
	if errors.Is(err, fs.ErrNotExist) {
		return Status{Phase: "IDLE"}, nil
	}
	if err != nil {
		return Status{}, fmt.Errorf("read staging status: %w", err)
	}
	content, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err = errors.Join(err, f.Close()); err != nil {
		return Status{}, fmt.Errorf("read staging status: %w", err)
	}
	var s Status
	if err := json.Unmarshal(content, &s); err != nil {
		return Status{Phase: "IDLE"}, nil
	}
	return s, nil
}

// save replaces the status file whole.
func (m *Manager) save(s Status) error {
	content, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return fmt.Errorf("encode staging status: %w", err)
	}
	files := m.o.Env.FS()
	temporary := m.o.StatusFile + ".tmp"
	f, err := files.Create(temporary, vfs.WriteCategoryUnspecified)
	if err != nil {
		return fmt.Errorf("write staging status: %w", err)
	}
	_, err = f.Write(append(content, '\n'))
	if err == nil {
		err = f.Sync()
	}
	if err = errors.Join(err, f.Close()); err != nil {
		return fmt.Errorf("write staging status: %w", err)
	}
	if err := files.Rename(temporary, m.o.StatusFile); err != nil {
		return fmt.Errorf("write staging status: %w", err)
	}
	return env.SyncDir(files, files.PathDir(m.o.StatusFile))
}

// taskProgress copies what the tasks have done so far.
func taskProgress(p *tasks.Progress) []TaskProgress {
	var all []TaskProgress
	for _, t := range p.Tasks() {
		all = append(all, TaskProgress{Name: t.Task, State: t.State.String(), RowsDone: t.RowsDone, RowsEstimated: t.RowsEstimated})
	}
	return all
}
