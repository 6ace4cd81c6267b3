package fakeom

import (
	"cmp"
	"slices"

	"github.com/cespare/xxhash/v2"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// writeBatch is a batch of one node: its bytes, and the rows in the order of
// their sequence numbers.
type writeBatch struct {
	start uint64
	rows  []rowChange
	// info is the last transaction of which the node has applied everything
	// when it has applied the batch.
	info  omdb.TransactionInfo
	bytes rocksdb.Batch
}

// end is the sequence number of the batch's last operation.
func (b *writeBatch) end() uint64 { return b.start + uint64(len(b.rows)) - 1 }

// flushRows folds a group of transactions as an OM's double buffer does: the
// last change of a row wins, and the group ends with one new transaction info.
func flushRows(group []*entry) []rowChange {
	total := 1
	for _, e := range group {
		total += len(e.changes)
	}
	at := make(map[rowRef]int, total)
	rows := make([]rowChange, 0, total)
	for _, e := range group {
		for _, c := range e.changes {
			id := refOf(&c)
			if i, ok := at[id]; ok {
				rows[i] = c
				continue
			}
			at[id] = len(rows)
			rows = append(rows, c)
		}
	}
	return append(rows, infoRow(group[len(group)-1].info))
}

func infoRow(info omdb.TransactionInfo) rowChange {
	return rowChange{
		table: omdb.TransactionInfoTable, key: omdb.TransactionInfoKey, value: []byte(info.String()),
	}
}

// shuffle puts rows into hash order: families in an order that differs from
// batch to batch, and inside a family the keys by hash. So there is no causal
// order between rows, which is how an OM writes them (spec/om.md 5.4).
func shuffle(rows []rowChange, salt uint64) {
	type ranked struct {
		family, key uint64
		row         rowChange
	}
	all := make([]ranked, len(rows))
	var d xxhash.Digest
	for i := range rows {
		d.ResetWithSeed(salt)
		_, _ = d.WriteString(rows[i].table.String())
		all[i] = ranked{d.Sum64(), xxhash.Sum64String(rows[i].key), rows[i]}
	}
	slices.SortFunc(all, func(a, b ranked) int {
		return cmp.Or(cmp.Compare(a.family, b.family), cmp.Compare(a.key, b.key),
			cmp.Compare(a.row.table, b.row.table), cmp.Compare(a.row.key, b.row.key))
	})
	for i := range all {
		rows[i] = all[i].row
	}
}

// rowRef names a row.
type rowRef struct {
	table omdb.Table
	key   string
}

func refOf(c *rowChange) rowRef { return rowRef{c.table, c.key} }

// build writes the batch's bytes with the node's family ids.
func (b *writeBatch) build(builder *rocksdb.BatchBuilder, f *families) {
	builder.Reset(b.start)
	for i := range b.rows {
		r := &b.rows[i]
		if r.delete {
			builder.Delete(f.ids[r.table], []byte(r.key))
		} else {
			builder.Put(f.ids[r.table], []byte(r.key), r.value)
		}
	}
	b.bytes = builder.Bytes()
}
