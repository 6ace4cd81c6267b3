package fakeom

import (
	"fmt"

	"reconsim/fake_om/namespace"
	"reconsim/recon/omdb"
)

// rowEncoder turns facts into rows. Its buffers are used again for each row, so
// encoding a table does not allocate per row.
type rowEncoder struct{ key, value []byte }

// encode returns the row of a fact. key and value are borrowed: the next call
// overwrites them.
func (e *rowEncoder) encode(row namespace.Row) (t omdb.Table, key, value []byte, err error) {
	t, err = e.encodeKey(row)
	if err != nil {
		return 0, nil, nil, err
	}
	v := e.value[:0]
	switch r := row.(type) {
	case *namespace.Volume:
		v = appendVolumeValue(v, r)
	case *namespace.Bucket:
		v = appendBucketValue(v, r)
	case *namespace.Directory:
		v = appendDirectoryValue(v, r)
	case *namespace.Key:
		v = appendKeyValue(v, r, r.Name)
	case *namespace.OpenKey:
		v = appendKeyValue(v, &r.Key, r.Path)
	case *namespace.DeletedKeys:
		v = appendDeletedKeysValue(v, r)
	case *namespace.DeletedDirectory:
		v = appendDeletedDirectoryValue(v, r)
	case *namespace.Upload:
		v = appendUploadValue(v, r)
	}
	e.value = v
	return t, e.key, e.value, nil
}

// encodeKey sets e.key to the row's key and returns its table.
func (e *rowEncoder) encodeKey(row namespace.Row) (t omdb.Table, err error) {
	k := e.key[:0]
	switch r := row.(type) {
	case *namespace.Volume:
		t, k = omdb.VolumeTable, omdb.AppendVolumeKey(k, r.Name)
	case *namespace.Bucket:
		t, k = omdb.BucketTable, omdb.AppendBucketKey(k, r.Volume, r.Name)
	case *namespace.Directory:
		t, k = omdb.DirectoryTable, omdb.AppendFileKey(k, r.VolumeID, r.BucketID, r.ParentID, r.Name)
	case *namespace.Key:
		if r.Layout == namespace.FileSystemOptimized {
			t, k = omdb.FileTable, omdb.AppendFileKey(k, r.VolumeID, r.BucketID, r.ParentID, r.Name)
		} else {
			t, k = omdb.KeyTable, omdb.AppendKey(k, r.Volume, r.Bucket, r.Name)
		}
	case *namespace.OpenKey:
		// Session is text for both kinds of open keys, so the upload's form,
		// which takes text, serves for both.
		if r.Layout == namespace.FileSystemOptimized {
			t, k = omdb.OpenFileTable, omdb.AppendMultipartFileKey(k, r.VolumeID, r.BucketID, r.ParentID, r.Name, r.Session)
		} else {
			t, k = omdb.OpenKeyTable, omdb.AppendMultipartKey(k, r.Volume, r.Bucket, r.Name, r.Session)
		}
	case *namespace.DeletedKeys:
		t, k = omdb.DeletedTable, omdb.AppendDeletedKey(k, r.Volume, r.Bucket, r.Path, r.RowID)
	case *namespace.DeletedDirectory:
		t, k = omdb.DeletedDirectoryTable, omdb.AppendDeletedDirectoryKey(k, r.VolumeID, r.BucketID, r.ParentID, r.Name, r.ObjectID)
	case *namespace.Upload:
		t, k = omdb.MultipartInfoTable, omdb.AppendMultipartKey(k, r.Volume, r.Bucket, r.Path, r.UploadID)
	default:
		return 0, fmt.Errorf("fake OM: no table holds rows of %T", row)
	}
	e.key = k
	return t, nil
}

// rowChange is the change of one row, ready for any node. It is never modified
// after it was made, so that all nodes share its bytes.
type rowChange struct {
	table omdb.Table
	// key is a string so that it can be a map's key without a copy.
	key    string
	value  []byte
	delete bool
}

// entry is a transaction of the replicated log as rows.
type entry struct {
	info     omdb.TransactionInfo
	atMillis int64
	changes  []rowChange
}

// encodeTransaction copies a transaction's rows, keeping their order.
func (e *rowEncoder) encodeTransaction(t *namespace.Transaction, term int64) (*entry, error) {
	out := &entry{
		info:     omdb.TransactionInfo{Term: term, Index: t.Index},
		atMillis: t.AtMillis,
		changes:  make([]rowChange, 0, len(t.Changes)),
	}
	for _, c := range t.Changes {
		if c.Delete {
			table, err := e.encodeKey(c.Row)
			if err != nil {
				return nil, err
			}
			out.changes = append(out.changes, rowChange{table: table, key: string(e.key), delete: true})
			continue
		}
		table, key, value, err := e.encode(c.Row)
		if err != nil {
			return nil, err
		}
		out.changes = append(out.changes, rowChange{
			table: table, key: string(key), value: append([]byte(nil), value...),
		})
	}
	return out, nil
}
