package conform

import (
	"bufio"
	"cmp"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strconv"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// Write writes the set into dir, which it makes. The rows that stand for right
// are those that the set holds; it has no corrections of them.
func (s *Set) Write(dir string) error {
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return fmt.Errorf("write set: %w", err)
	}
	w := &writer{set: s, dir: dir}
	w.document(fileAbout, map[string]any{
		"name": s.Name, "covers": s.Covers, "failures": s.Failures,
		"config": map[string]string{fileSystemPathsKey: strconv.FormatBool(s.FileSystemPaths)},
	})
	families := map[string]string{"0": "default"}
	for id, table := range s.families {
		families[strconv.Itoa(int(id))] = s.tableName(table)
	}
	w.document(fileFamilies, families)
	w.rows(fileOM, s.om)
	if s.omAfter != nil {
		w.rows(fileOMAfter, s.omAfter)
	}
	w.deltas()
	if s.events {
		w.events()
	}
	for _, file := range []string{FileReprocess, FileProcess, FileReprocessAfter} {
		if right, ok := s.right[file]; ok {
			w.derived(file, right)
		}
	}
	if w.err != nil {
		return fmt.Errorf("write set: %w", w.err)
	}
	return nil
}

// writer writes files until one fails.
type writer struct {
	set *Set
	dir string
	err error
}

func (w *writer) document(file string, content any) {
	text, err := json.MarshalIndent(content, "", "  ")
	if err == nil {
		err = os.WriteFile(filepath.Join(w.dir, file), append(text, '\n'), 0o644)
	}
	w.err = errors.Join(w.err, err)
}

// lines writes a file of lines.
func (w *writer) lines(file string, fill func(add func(any))) {
	if w.err != nil {
		return
	}
	f, err := os.Create(filepath.Join(w.dir, file))
	if err != nil {
		w.err = err
		return
	}
	out := bufio.NewWriter(f)
	encoder := json.NewEncoder(out)
	fill(func(line any) { w.err = errors.Join(w.err, encoder.Encode(line)) })
	w.err = errors.Join(w.err, out.Flush(), f.Close())
}

type rowLine struct {
	Table string `json:"table"`
	Key   string `json:"key"`
	Value string `json:"value"`
}

func (w *writer) rows(file string, store *Store) {
	w.lines(file, func(add func(any)) {
		for _, table := range store.tableNumbers() {
			for _, key := range store.tables[table].keys {
				add(rowLine{w.set.tableName(table), hex.EncodeToString([]byte(key)), hex.EncodeToString(store.tables[table].rows[key])})
			}
		}
	})
}

func (w *writer) deltas() {
	w.lines(fileDeltas, func(add func(any)) {
		for _, f := range w.set.fetches {
			for _, batch := range f.batches {
				start, count, err := batch.Header()
				w.err = errors.Join(w.err, err)
				add(map[string]any{
					"fetch": f.number, "startSequence": start, "count": count, "sequenceAfter": start + uint64(count) - 1,
					"writeBatch": base64.StdEncoding.EncodeToString(batch),
				})
			}
		}
	})
}

func (w *writer) events() {
	text := func(value []byte) any {
		if value == nil {
			return nil
		}
		return hex.EncodeToString(value)
	}
	w.lines(fileEvents, func(add func(any)) {
		for _, f := range w.set.fetches {
			for i, e := range f.events {
				add(map[string]any{
					"fetch": f.number, "index": i, "action": e.Action.String(), "table": w.set.tableName(e.Table),
					"key": text(e.Key), "value": text(e.Value), "oldValue": text(e.Old),
				})
			}
		}
	})
}

// derived writes derived rows in the order of tables and keys.
func (w *writer) derived(file string, all rows) {
	store := NewStore()
	var other []rowLine // of tables that Recon does not derive
	names := map[string]omdb.Table{}
	for _, table := range derived.Tables() {
		names[derived.TableName(table)] = table
	}
	for id, value := range all {
		if table, ok := names[id.table]; ok {
			store.set(table, id.key, []byte(value))
		} else {
			other = append(other, rowLine{id.table, hex.EncodeToString([]byte(id.key)), hex.EncodeToString([]byte(value))})
		}
	}
	slices.SortFunc(other, func(a, b rowLine) int { return cmp.Or(cmp.Compare(a.Table, b.Table), cmp.Compare(a.Key, b.Key)) })
	w.lines(file, func(add func(any)) {
		for _, table := range store.tableNumbers() {
			for _, key := range store.tables[table].keys {
				add(rowLine{derived.TableName(table), hex.EncodeToString([]byte(key)), hex.EncodeToString(store.tables[table].rows[key])})
			}
		}
		for _, line := range other {
			add(line)
		}
	})
}
