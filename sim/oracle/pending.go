package oracle

import (
	"fmt"
	"strconv"

	"reconsim/fake_om/namespace"
)

// stat numbers the table counts and sizes.
type stat int

const (
	volumeRows stat = iota
	bucketRows
	keyRows
	fileRows
	directoryRows
	openKeyRows
	openFileRows
	deletedKeys
	deletedDirectoryRows
	uploadRows
	openKeyBytes
	openKeyReplicated
	openFileBytes
	openFileReplicated
	deletedBytes
	deletedReplicated
	uploadBytes
	uploadReplicated
	statCount
)

// statNames are the row names of globalStatsTable (spec: Recon processing side
// 1.5). The counts of tables that the facts do not cover are missing.
var statNames = [statCount]string{
	volumeRows: "volumeTableCount", bucketRows: "bucketTableCount",
	keyRows: "keyTableCount", fileRows: "fileTableCount",
	directoryRows: "directoryTableCount",
	openKeyRows:   "openKeyTableCount", openFileRows: "openFileTableCount",
	deletedKeys: "deletedTableCount", deletedDirectoryRows: "deletedDirectoryTableCount",
	uploadRows:   "multipartInfoTableCount",
	openKeyBytes: "openKeyTableUnReplicatedDataSize", openKeyReplicated: "openKeyTableReplicatedDataSize",
	openFileBytes: "openFileTableUnReplicatedDataSize", openFileReplicated: "openFileTableReplicatedDataSize",
	deletedBytes: "deletedTableUnReplicatedDataSize", deletedReplicated: "deletedTableReplicatedDataSize",
	uploadBytes: "multipartInfoTableUnReplicatedDataSize", uploadReplicated: "multipartInfoTableReplicatedDataSize",
}

func (o *Oracle) count(s stat, index, n int64) {
	if n != 0 {
		o.bump(&o.stats[s], index, n)
	}
}

// contribution is what a pending row adds to the counters. Only the newest one
// is kept: no answer shows pending rows themselves.
type contribution struct {
	rows                   stat
	count, bytes, replicas int64
}

// sizes are the two size counters beside a count.
func (c contribution) sizes() (bytes, replicated stat, ok bool) {
	switch c.rows {
	case openKeyRows:
		return openKeyBytes, openKeyReplicated, true
	case openFileRows:
		return openFileBytes, openFileReplicated, true
	case deletedKeys:
		return deletedBytes, deletedReplicated, true
	case uploadRows:
		return uploadBytes, uploadReplicated, true
	default:
		return 0, 0, false
	}
}

// contributionOf counts an open key, a record of deleted keys (all of its keys,
// DEF-T1 and DEF-T16), an upload (its embedded parts) or a deleted directory.
func contributionOf(row namespace.Row) (contribution, error) {
	switch r := row.(type) {
	case *namespace.OpenKey:
		c := contribution{rows: openKeyRows, count: 1, bytes: r.SizeBytes, replicas: replicatedBytes(r.SizeBytes, &r.Replication)}
		if r.Layout == namespace.FileSystemOptimized {
			c.rows = openFileRows
		}
		return c, nil
	case *namespace.DeletedKeys:
		c := contribution{rows: deletedKeys, count: int64(len(r.Keys))}
		for i := range r.Keys {
			c.bytes += r.Keys[i].SizeBytes
			c.replicas += replicatedBytes(r.Keys[i].SizeBytes, &r.Keys[i].Replication)
		}
		return c, nil
	case *namespace.Upload:
		c := contribution{rows: uploadRows, count: 1}
		for _, p := range r.Parts {
			c.bytes += p.SizeBytes
			c.replicas += replicatedBytes(p.SizeBytes, &r.Replication)
		}
		return c, nil
	case *namespace.DeletedDirectory:
		return contribution{rows: deletedDirectoryRows, count: 1}, nil
	default:
		return contribution{}, fmt.Errorf("unknown kind of fact %T", row)
	}
}

func (o *Oracle) setPending(row namespace.Row, index int64, present bool) error {
	id := identity(row)
	old, found := o.pending[id]
	if found {
		o.countPending(old, index, -1)
		delete(o.pending, id)
	}
	if !present {
		if !found && o.sample != nil {
			return o.missing(true, "pending row", id)
		}
		return nil
	}
	now, err := contributionOf(row)
	if err != nil {
		return err
	}
	o.pending[id] = now
	o.countPending(now, index, +1)
	return nil
}

func (o *Oracle) countPending(c contribution, index, sign int64) {
	o.count(c.rows, index, sign*c.count)
	if bytes, replicated, ok := c.sizes(); ok {
		o.count(bytes, index, sign*c.bytes)
		o.count(replicated, index, sign*c.replicas)
	}
}

// identity is a row's table and key as text; two facts with equal identities
// are one row.
func identity(row namespace.Row) string {
	switch r := row.(type) {
	case *namespace.Volume:
		return "v/" + r.Name
	case *namespace.Bucket:
		return "b/" + r.Volume + "/" + r.Name
	case *namespace.Directory:
		return "d" + idPath(r.VolumeID, r.BucketID, r.ParentID) + r.Name
	case *namespace.Key:
		return "k" + keyPath(r)
	case *namespace.OpenKey:
		return "o" + keyPath(&r.Key) + "/" + r.Session
	case *namespace.DeletedKeys:
		return "x/" + r.Volume + "/" + r.Bucket + "/" + r.Path + "/" + strconv.FormatInt(r.RowID, 10)
	case *namespace.DeletedDirectory:
		return "y" + idPath(r.VolumeID, r.BucketID, r.ParentID) + r.Name + "/" + strconv.FormatInt(r.ObjectID, 10)
	case *namespace.Upload:
		return "u/" + r.Volume + "/" + r.Bucket + "/" + r.Path + "/" + r.UploadID
	default:
		return fmt.Sprintf("%T", row)
	}
}

func keyPath(k *namespace.Key) string {
	if k.Layout == namespace.FileSystemOptimized {
		return "f" + idPath(k.VolumeID, k.BucketID, k.ParentID) + k.Name
	}
	return "/" + k.Volume + "/" + k.Bucket + "/" + k.Name
}

func idPath(ids ...int64) string {
	path := []byte{'/'}
	for _, id := range ids {
		path = append(strconv.AppendInt(path, id, 10), '/')
	}
	return string(path)
}
