package tasks

import (
	"cmp"
	"context"
	"errors"
	"fmt"

	"reconsim/recon/derived"
)

// orderOf is the order of an id's eight bytes.
func orderOf(a, b int64) int { return cmp.Compare(uint64(a), uint64(b)) }

// Finish reads the records that the collectors left twice: once for the
// totals of the subtrees, which become records of the same sorter, and once to
// write the summaries.
func (r *namespaceRebuild) Finish(ctx context.Context, sink Sink) error {
	if err := r.sum(ctx); err != nil {
		return err
	}
	if err := r.write(ctx, sink); err != nil {
		return err
	}
	return r.sorter.Close()
}

// sum adds a recordSubtree for each place.
func (r *namespaceRebuild) sum(ctx context.Context) error {
	results := r.sorter.Part()
	s := newSubtreeSum(ctx, r.options.NewSorter, results, r.options.MemoryBytes)
	err := scanPlaces(ctx, r.sorter, false, func(p *place) error {
		for _, parent := range p.strays {
			if err := takeLinkBack(s, parent, p.id); err != nil {
				return err
			}
		}
		return s.add(treeNode{id: p.id, parent: p.parent(), totals: p.files, waiting: int32(p.links)})
	})
	if err == nil {
		err = s.finish()
	}
	if err == nil {
		err = results.Close()
	}
	return err
}

// takeLinkBack undoes the link from a parent that a directory's further record
// names.
func takeLinkBack(s *subtreeSum, parent, id int64) error {
	s.key = appendLinkKey(s.key[:0], parent, id)
	return errors.Join(s.results.Add(s.key, linkTakenBack), s.tell(parent, totals{}))
}

// write puts one summary for each place.
func (r *namespaceRebuild) write(ctx context.Context, sink Sink) error {
	var key, value []byte
	return scanPlaces(ctx, r.sorter, true, func(p *place) error {
		summary := derived.NSSummary{
			NumOfFiles:            int32(p.subtree.files),
			SizeOfFiles:           p.subtree.size,
			ReplicatedSizeOfFiles: p.subtree.replicated,
			FileSizeBucket:        p.bins,
			ChildDirs:             p.children,
			ParentID:              p.parent(),
		}
		if summary.ParentID != 0 {
			summary.DirName = p.name()
		}
		if saysNothing(&summary) {
			return nil
		}
		key = derived.AppendLong(key[:0], p.id)
		value = derived.AppendNSSummary(value[:0], &summary)
		if err := sink.Put(derived.NamespaceSummary, key, value); err != nil {
			return fmt.Errorf("write the summary of %d: %w", p.id, err)
		}
		return nil
	})
}

// saysNothing reports whether a summary is that of a place which is linked
// nowhere and holds nothing. Such a row does not exist.
func saysNothing(s *derived.NSSummary) bool {
	return s.ParentID == 0 && s.NumOfFiles == 0 && s.SizeOfFiles == 0 && s.ReplicatedSizeOfFiles == 0 &&
		len(s.ChildDirs) == 0 && s.FileSizeBucket == [derived.BinCount]int32{}
}
