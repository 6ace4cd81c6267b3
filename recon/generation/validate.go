package generation

import (
	"context"
	"errors"
	"fmt"

	"reconsim/faults/point"
	"reconsim/recon/derived"
	"reconsim/recon/omdb"
)

// Validate checks a sealed generation before it may be committed: statistics
// against the rows that were read (seen), the two directions of the container
// mapping against each other and against the counts, the namespace rows'
// ranges and links, and SQL against the derived tables. All that is wrong is
// in the error.
func (s *Staged) Validate(ctx context.Context, seen map[omdb.Table]int64) error {
	if err := s.env.Point(ctx, point.StagingValidate, Name(s.Build()), 0); err != nil {
		return fmt.Errorf("validate: %w", err)
	}
	rows := reader{s.opened.store.db}
	err := errors.Join(
		validateStatistics(rows, seen),
		s.validateContainers(rows),
		validateNamespace(rows),
		s.validateSQL(ctx))
	if err != nil {
		return fmt.Errorf("generation %d is not valid: %w", s.Build(), err)
	}
	return nil
}

// validateStatistics compares each table's count with the rows seen. The
// deleted table counts keys, of which a row has one or more.
func validateStatistics(rows omdb.Reader, seen map[omdb.Table]int64) error {
	var wrong []error
	for _, t := range omdb.Tables() {
		value, found, err := rows.Get(derived.GlobalStats, []byte(derived.CountName(t)))
		if err != nil {
			return err
		}
		count := int64(0)
		if found {
			if count, err = derived.ParseStatsValue(value); err != nil {
				return err
			}
		}
		switch {
		case !found:
			wrong = append(wrong, fmt.Errorf("statistics lack %s", derived.CountName(t)))
		case t == omdb.DeletedTable && count < seen[t], t != omdb.DeletedTable && count != seen[t]:
			wrong = append(wrong, fmt.Errorf("%sCount is %d, but %d rows were read", t, count, seen[t]))
		}
	}
	return errors.Join(wrong...)
}

func (s *Staged) validateContainers(rows omdb.Reader) error {
	total := int64(0)
	err := rows.Scan(derived.ContainerKeyCount, nil, nil, func(_, value []byte) (bool, error) {
		n, err := decodeInt64(value)
		total += n
		return true, err
	})
	if err != nil {
		return err
	}
	forward, backward := s.rows[derived.ContainerKey], s.rows[derived.KeyContainer]
	if forward != backward || forward != total {
		return fmt.Errorf("%d container to key rows, %d key to container rows and container counts of %d do not agree", forward, backward, total)
	}
	return nil
}

func validateNamespace(rows omdb.Reader) error {
	children := map[int64]int64{}
	parents := map[int64]int64{}
	var n derived.NSSummary
	err := rows.Scan(derived.NamespaceSummary, nil, nil, func(key, value []byte) (bool, error) {
		id, ok := derived.ParseLong(key)
		if !ok {
			return false, fmt.Errorf("namespace row has key %x", key)
		}
		if err := derived.DecodeNSSummary(value, &n); err != nil {
			return false, fmt.Errorf("namespace row %d: %w", id, err)
		}
		if n.NumOfFiles < 0 || n.SizeOfFiles < 0 || n.ReplicatedSizeOfFiles < 0 {
			return false, fmt.Errorf("namespace row %d has negative totals", id)
		}
		direct := int64(0)
		for _, bin := range n.FileSizeBucket {
			direct += int64(bin)
		}
		if direct > int64(n.NumOfFiles) {
			return false, fmt.Errorf("namespace row %d has %d direct files but %d in its subtree", id, direct, n.NumOfFiles)
		}
		parents[id] = n.ParentID
		for _, child := range n.ChildDirs {
			children[child] = id
		}
		return true, nil
	})
	if err != nil {
		return err
	}
	for child, parent := range children {
		if at, ok := parents[child]; ok && at != parent {
			return fmt.Errorf("directory %d is a child of %d but names %d as its parent", child, parent, at)
		}
	}
	return nil
}

func (s *Staged) validateSQL(ctx context.Context) error {
	rows, err := s.opened.WithSQL(ctx, Need{Stats: true, FileCounts: &FileCountFilter{}}, func() {})
	if err != nil {
		return err
	}
	derivedRows := reader{s.opened.store.db}
	fileCounts := 0
	err = derivedRows.Scan(derived.FileCountBySize, nil, nil, func(_, _ []byte) (bool, error) {
		fileCounts++
		return true, nil
	})
	if err != nil {
		return err
	}
	if len(rows.FileCounts) != fileCounts {
		return fmt.Errorf("SQL has %d file counts, the derived table %d", len(rows.FileCounts), fileCounts)
	}
	for name, value := range rows.Stats {
		if name == derived.ContainerCountName {
			continue
		}
		stored, found, err := derivedRows.Get(derived.GlobalStats, []byte(name))
		if err != nil {
			return err
		}
		if n, err := derived.ParseStatsValue(stored); !found || err != nil || n != value {
			return fmt.Errorf("SQL has %s = %d, the derived table %d (found %v)", name, value, n, found)
		}
	}
	return nil
}
