package fakeom

import "reconsim/recon/omdb"

// How often, in batches, a node writes a local one.
const (
	rewriteEvery    = 8
	compactionEvery = 32
)

// stageLocal adds what only this node writes: a rewrite of the transaction info,
// as on a Ratis snapshot, or a row of its compaction log. Both put more
// sequence numbers between this node and the others.
func (n *Node) stageLocal(after *entry) error {
	o := &n.cluster.options
	if o.NoLocalBatches {
		return nil
	}
	if keyedChoice(o.Seed, "rewrite", n.id, after.info.Index)%rewriteEvery == 0 {
		if err := n.stage([]rowChange{infoRow(after.info)}, after.info); err != nil {
			return err
		}
	}
	if keyedChoice(o.Seed, "compaction", n.id, after.info.Index)%compactionEvery != 0 {
		return nil
	}
	sequence := n.staged[len(n.staged)-1].end()
	key := omdb.AppendCompactionLogKey(nil, sequence, after.atMillis)
	value := appendInt(appendInt(nil, 1, int64(sequence)), 2, after.atMillis)
	return n.stage([]rowChange{{table: omdb.CompactionLogTable, key: string(key), value: value}}, after.info)
}
