package oracle

import (
	"iter"

	"reconsim/fake_om/namespace"
)

// New makes an oracle whose oldest state is a base namespace.
func New(base *namespace.Base) (*Oracle, error) {
	return NewFromRows(base.LastIndex(), rowsOf(base))
}

// rowsOf walks every row of a base namespace, table by table. Directories come
// before files, so that few nodes are made without their place.
func rowsOf(base *namespace.Base) iter.Seq[namespace.Row] {
	return func(yield func(namespace.Row) bool) {
		for _, v := range base.Volumes() {
			if !yield(v) {
				return
			}
		}
		for _, b := range base.Buckets() {
			if !yield(b) {
				return
			}
		}
		_ = walk(base.Directories, yield) && walk(base.Files, yield) && walk(base.Keys, yield) &&
			walk(base.DeletedDirectories, yield) && walk(base.OpenKeys, yield) &&
			walk(base.OpenFiles, yield) && walk(base.DeletedKeys, yield) && walk(base.Uploads, yield)
	}
}

// walk passes the rows of one table on; it reports whether to go on.
func walk[R namespace.Row](table func(func(R) bool), yield func(namespace.Row) bool) bool {
	for row := range table {
		if !yield(row) {
			return false
		}
	}
	return true
}
