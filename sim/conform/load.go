package conform

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strconv"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

func (s *Set) loadAbout(dir string) error {
	l, err := whole(dir, fileAbout)
	if err != nil {
		return err
	}
	var about struct {
		Name, Covers string
		Config       map[string]any
		Failures     []Failure
	}
	if err := l.decode(&about); err != nil {
		return err
	}
	s.Name, s.Covers, s.Failures = about.Name, about.Covers, about.Failures
	if s.Name == "" {
		s.Name = filepath.Base(dir)
	}
	s.FileSystemPaths = fmt.Sprint(about.Config[fileSystemPathsKey]) == "true"
	return nil
}

func (s *Set) loadFamilies(dir string) error {
	l, err := whole(dir, fileFamilies)
	if missing, err := optional(err); missing || err != nil {
		return err
	}
	var names map[string]string
	if err := l.decode(&names); err != nil {
		return err
	}
	for _, id := range slices.Sorted(maps.Keys(names)) {
		number, err := strconv.ParseUint(id, 10, 32)
		if err != nil {
			return l.wrong(id, "%q is no column family id", id)
		}
		table, ok := s.table(names[id])
		if !ok {
			return l.wrong(id, "too many tables that Recon does not know")
		}
		s.families[uint32(number)] = table
	}
	return nil
}

// tableOf finds the table that a line names.
func (s *Set) tableOf(l line, name string) (omdb.Table, error) {
	if name == "" {
		return 0, l.wrong("table", "the line names no table")
	}
	table, ok := s.table(name)
	if !ok {
		return 0, l.wrong("table", "too many tables that Recon does not know")
	}
	return table, nil
}

func (s *Set) loadRows(dir string) (err error) {
	if s.om, err = s.loadOM(dir, fileOM); err != nil {
		return err
	}
	s.omAfter, err = s.loadOM(dir, fileOMAfter)
	_, err = optional(err)
	return err
}

func (s *Set) loadOM(dir, file string) (*Store, error) {
	store := NewStore()
	err := eachLine(dir, file, func(l line) error {
		var row struct {
			Table      string
			Key, Value *string
		}
		if err := l.decode(&row); err != nil {
			return err
		}
		table, err := s.tableOf(l, row.Table)
		if err != nil {
			return err
		}
		key, value, err := keyAndValue(l, row.Key, row.Value)
		if err != nil {
			return err
		}
		if t := store.tables[table]; t != nil && t.rows[string(key)] != nil {
			return l.wrong("key", "the file has this row twice")
		}
		store.set(table, string(key), value)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return store, nil
}

// keyAndValue reads the two fields that every row has.
func keyAndValue(l line, keyText, valueText *string) (key, value []byte, err error) {
	if key, err = l.bytes("key", keyText); err != nil {
		return nil, nil, err
	}
	if value, err = l.bytes("value", valueText); err != nil {
		return nil, nil, err
	}
	if key == nil || value == nil {
		return nil, nil, l.wrong("key", "a row needs key and value")
	}
	return key, value, nil
}

func (s *Set) loadDeltas(dir string) error {
	var next uint64 // the sequence at which the reply's next batch starts
	err := eachLine(dir, fileDeltas, func(l line) error {
		var delta struct {
			Fetch                int
			StartSequence, Count *uint64
			WriteBatch           string
		}
		if err := l.decode(&delta); err != nil {
			return err
		}
		batch, err := base64.StdEncoding.DecodeString(delta.WriteBatch)
		if err != nil {
			return l.wrong("writeBatch", "writeBatch is not base64: %v", err)
		}
		start, count, err := s.inspect(l, batch)
		if err != nil {
			return err
		}
		if delta.StartSequence != nil && *delta.StartSequence != start {
			return l.wrong("startSequence", "the batch starts at sequence %d", start)
		}
		if delta.Count != nil && *delta.Count != count {
			return l.wrong("count", "the batch has %d operations", count)
		}
		last := len(s.fetches) - 1
		switch {
		case last < 0 || delta.Fetch > s.fetches[last].number:
			s.fetches = append(s.fetches, fetch{number: delta.Fetch})
			last++
		case delta.Fetch < s.fetches[last].number:
			return l.wrong("fetch", "reply %d comes after reply %d", delta.Fetch, s.fetches[last].number)
		case start != next:
			return l.wrong("startSequence", "the batch starts at sequence %d and the one before it ends before %d", start, next)
		}
		s.fetches[last].batches = append(s.fetches[last].batches, batch)
		next = start + count
		return nil
	})
	_, err = optional(err)
	return err
}

// inspect makes sure that a batch is whole and names known families only.
func (s *Set) inspect(l line, batch rocksdb.Batch) (start, count uint64, err error) {
	start, operations, err := batch.Header()
	if err == nil {
		err = batch.Walk(func(index int, _ uint64, r rocksdb.Record) error {
			if _, ok := s.families[r.Family]; !ok && r.Kind != rocksdb.KindLogData {
				return fmt.Errorf("operation %d names column family %d, which %s does not have", index, r.Family, fileFamilies)
			}
			return nil
		})
	}
	if err != nil {
		return 0, 0, l.wrong("writeBatch", "%v", err)
	}
	return start, uint64(operations), nil
}

var actions = map[string]omdb.Action{
	omdb.ActionPut.String(): omdb.ActionPut, omdb.ActionUpdate.String(): omdb.ActionUpdate, omdb.ActionDelete.String(): omdb.ActionDelete,
}

func (s *Set) loadEvents(dir string) error {
	err := eachLine(dir, fileEvents, func(l line) error {
		var event struct {
			Fetch                int
			Action, Table        string
			Key, Value, OldValue *string
		}
		if err := l.decode(&event); err != nil {
			return err
		}
		at := slices.IndexFunc(s.fetches, func(f fetch) bool { return f.number == event.Fetch })
		if at < 0 {
			return l.wrong("fetch", "%s has no reply %d", fileDeltas, event.Fetch)
		}
		e := omdb.Event{Action: actions[event.Action]}
		if e.Action == 0 {
			return l.wrong("action", "%q is no action: PUT, UPDATE and DELETE are", event.Action)
		}
		var err error
		if e.Table, err = s.tableOf(l, event.Table); err != nil {
			return err
		}
		if e.Key, err = l.bytes("key", event.Key); err != nil {
			return err
		}
		if e.Value, err = l.bytes("value", event.Value); err != nil {
			return err
		}
		if e.Old, err = l.bytes("oldValue", event.OldValue); err != nil {
			return err
		}
		s.fetches[at].events = append(s.fetches[at].events, e)
		return nil
	})
	missing, err := optional(err)
	s.events = !missing
	return err
}

func (s *Set) loadDerived(dir string) error {
	for _, file := range []string{FileReprocess, FileProcess, FileReprocessAfter} {
		found := rows{}
		err := eachLine(dir, file, func(l line) error {
			var row struct {
				Table                 string
				Key, Value, Canonical *string
			}
			if err := l.decode(&row); err != nil {
				return err
			}
			if row.Table == "" {
				return l.wrong("table", "the line names no table")
			}
			key, value, err := keyAndValue(l, row.Key, row.Value)
			if err != nil {
				return err
			}
			canonical, err := l.bytes("canonical", row.Canonical)
			if err != nil {
				return err
			}
			if canonical == nil {
				canonical = sortedChildren(row.Table, value)
			}
			id := rowID{row.Table, string(key)}
			if _, twice := found[id]; twice {
				return l.wrong("key", "the file has this row twice")
			}
			found[id] = string(canonical)
			return nil
		})
		missing, err := optional(err)
		if err != nil || missing && file == FileReprocess {
			return placedMissing(dir, file, err)
		}
		if !missing {
			s.upstream[file], s.right[file] = found, maps.Clone(found)
		}
	}
	return nil
}

func placedMissing(dir, file string, err error) error {
	if err != nil {
		return err
	}
	return &SetError{File: filepath.Join(dir, file), Message: "a set needs this file, and it is missing"}
}

// sortedChildren puts the child ids of a namespace row in order.
func sortedChildren(table string, value []byte) []byte {
	var s derived.NSSummary
	if table != derived.TableName(derived.NamespaceSummary) || derived.DecodeNSSummary(value, &s) != nil {
		return value
	}
	if sorted := derived.AppendNSSummary(nil, &s); len(sorted) == len(value) {
		return sorted
	}
	return value // a row of an older form, which must stay as it is
}

func (s *Set) loadCorrections(dir string) error {
	known := map[string]map[rowID]bool{}
	err := eachLine(dir, fileCorrections, func(l line) error {
		var text struct {
			File, Table, Reason    string
			Key, Upstream, Correct *string
		}
		if err := l.decode(&text); err != nil {
			return err
		}
		c := correction{file: text.File, reason: text.Reason}
		key, err := l.bytes("key", text.Key)
		if err != nil {
			return err
		}
		c.row = rowID{text.Table, string(key)}
		if c.upstream, err = l.bytes("upstream", text.Upstream); err != nil {
			return err
		}
		if c.correct, err = l.bytes("correct", text.Correct); err != nil {
			return err
		}
		if known[c.file] == nil {
			known[c.file] = map[rowID]bool{}
		}
		if known[c.file][c.row] {
			return l.wrong("key", "the row is corrected twice")
		}
		known[c.file][c.row] = true
		return s.correct(l, c)
	})
	_, err = optional(err)
	return err
}

// correct makes one row right. A correction that does not fit the row, or
// changes nothing, would prove nothing.
func (s *Set) correct(l line, c correction) error {
	upstream, ok := s.upstream[c.file]
	if !ok {
		return l.wrong("file", "%q is no file with derived rows that the set has", c.file)
	}
	value, found := upstream[c.row]
	if found != (c.upstream != nil) || value != string(c.upstream) {
		return l.wrong("upstream", "upstream's row in %s is another", c.file)
	}
	if found == (c.correct != nil) && bytes.Equal(c.upstream, c.correct) {
		return l.wrong("correct", "the right row is upstream's: nothing is corrected")
	}
	s.corrections = append(s.corrections, c)
	if c.correct == nil {
		delete(s.right[c.file], c.row)
	} else {
		s.right[c.file][c.row] = string(c.correct)
	}
	return nil
}
