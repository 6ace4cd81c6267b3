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

// validateNamespace looks at each row, and then at the links of all: a child
// must name as its parent the row that names it.
func validateNamespace(rows omdb.Reader) error {
	parents := map[int64]int64{}
	err := scanNamespace(rows, func(id int64, n *derived.NSSummary) error {
		if n.NumOfFiles < 0 || n.SizeOfFiles < 0 || n.ReplicatedSizeOfFiles < 0 {
			return fmt.Errorf("namespace row %d has negative totals", id)
		}
		direct := int64(0)
		for _, bin := range n.FileSizeBucket {
			direct += int64(bin)
		}
		if direct > int64(n.NumOfFiles) {
			return fmt.Errorf("namespace row %d has %d direct files but %d in its subtree", id, direct, n.NumOfFiles)
		}
		parents[id] = n.ParentID
		return nil
	})
	if err != nil {
		return err
	}
	return scanNamespace(rows, func(id int64, n *derived.NSSummary) error {
		for _, child := range n.ChildDirs {
			if at, ok := parents[child]; ok && at != id {
				return fmt.Errorf("directory %d is a child of %d but names %d as its parent", child, id, at)
			}
		}
		return nil
	})
}

func scanNamespace(rows omdb.Reader, fn func(id int64, n *derived.NSSummary) error) error {
	var n derived.NSSummary
	return rows.Scan(derived.NamespaceSummary, nil, nil, func(key, value []byte) (bool, error) {
		id, ok := derived.ParseLong(key)
		if !ok {
			return false, fmt.Errorf("namespace row has key %x", key)
		}
		if err := derived.DecodeNSSummary(value, &n); err != nil {
			return false, fmt.Errorf("namespace row %d: %w", id, err)
		}
		return true, fn(id, &n)
	})
}

// validateSQL compares SQL with the derived tables that it was filled from, row
// by row and in number.
func (s *Staged) validateSQL(ctx context.Context) error {
	rows, reached, err := s.opened.ReadSQL(ctx, Need{Stats: true, FileCounts: &FileCountFilter{}}, nil)
	if err != nil {
		return err
	}
	if at := s.opened.Meta().AppliedSeq; reached != at {
		return fmt.Errorf("SQL is at sequence %d, META at %d", reached, at)
	}
	inSQL := make(map[FileCount]bool, len(rows.FileCounts))
	for _, c := range rows.FileCounts {
		inSQL[c] = true
	}
	stats, fileCounts := 0, 0
	compare := func(c sqlChange) error {
		if c.Stat != "" {
			stats++
			if n, ok := rows.Stats[c.Stat]; !ok || n != c.Value {
				return fmt.Errorf("SQL has %s = %d (found %v), the derived table %d", c.Stat, n, ok, c.Value)
			}
			return nil
		}
		fileCounts++
		if !inSQL[FileCount{Volume: string(c.Volume), Bucket: string(c.Bucket), UpperBound: c.UpperBound, Count: c.Value}] {
			return fmt.Errorf("SQL lacks the count of %d files in %s/%s of up to %d bytes", c.Value, c.Volume, c.Bucket, c.UpperBound)
		}
		return nil
	}
	for _, t := range []omdb.Table{derived.GlobalStats, derived.SQLStats, derived.FileCountBySize} {
		err := reader{s.opened.store.db}.Scan(t, nil, nil, func(key, value []byte) (bool, error) {
			c, _, err := sqlChangeOf(t, key, value)
			if err != nil {
				return false, err
			}
			return true, compare(c)
		})
		if err != nil {
			return err
		}
	}
	if len(rows.FileCounts) != fileCounts || len(rows.Stats) != stats {
		return fmt.Errorf("SQL has %d file counts and %d statistics, the derived tables %d and %d",
			len(rows.FileCounts), len(rows.Stats), fileCounts, stats)
	}
	return nil
}
