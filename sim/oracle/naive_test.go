package oracle

import (
	"slices"
	"sort"
	"strconv"
	"strings"

	"reconsim/fake_om/namespace"
)

// naive is a second oracle for tests: it keeps the rows of one state and counts
// everything anew for each question.
type naive struct{ rows map[string]namespace.Row }

func (n *naive) apply(changes []namespace.Change) {
	for _, c := range changes {
		if c.Delete {
			delete(n.rows, naiveID(c.Row))
		} else {
			n.rows[naiveID(c.Row)] = namespace.Clone(c.Row)
		}
	}
}

func naiveID(row namespace.Row) string { return namespace.ID(row) }

func (n *naive) buckets() (all []*namespace.Bucket) {
	for _, row := range n.rows {
		if b, ok := row.(*namespace.Bucket); ok {
			all = append(all, b)
		}
	}
	return all
}

func (n *naive) volumes() (all []*namespace.Volume) {
	for _, row := range n.rows {
		if v, ok := row.(*namespace.Volume); ok {
			all = append(all, v)
		}
	}
	return all
}

func (n *naive) dirs() (all []*namespace.Directory) {
	for _, row := range n.rows {
		if d, ok := row.(*namespace.Directory); ok {
			all = append(all, d)
		}
	}
	return all
}

func (n *naive) committed() (all []*namespace.Key) {
	for _, row := range n.rows {
		if k, ok := row.(*namespace.Key); ok {
			all = append(all, k)
		}
	}
	sort.Slice(all, func(i, j int) bool { return naiveKey(all[i]) < naiveKey(all[j]) })
	return all
}

func naiveKey(k *namespace.Key) string {
	if k.Layout == namespace.FileSystemOptimized {
		return "/" + strings.Join([]string{
			strconv.FormatInt(k.VolumeID, 10), strconv.FormatInt(k.BucketID, 10), strconv.FormatInt(k.ParentID, 10), k.Name,
		}, "/")
	}
	return "/" + k.Volume + "/" + k.Bucket + "/" + k.Name
}

// dirPath is the path of a directory by id inside its bucket, if reachable.
func (n *naive) dirPath(bucketID, id int64) (string, bool) {
	path := ""
	for id != bucketID {
		found := false
		for _, d := range n.dirs() {
			if d.ObjectID == id {
				path, id, found = "/"+d.Name+path, d.ParentID, true
				break
			}
		}
		if !found {
			return "", false
		}
	}
	return path, true
}

// keyPath is a key's full path with a slash at the start, if reachable.
func (n *naive) keyPath(k *namespace.Key) (string, bool) {
	home := "/" + k.Volume + "/" + k.Bucket
	if k.Layout != namespace.FileSystemOptimized {
		return home + "/" + k.Name, true
	}
	for _, b := range n.buckets() {
		if b.Volume == k.Volume && b.Name == k.Bucket {
			path, ok := n.dirPath(b.ObjectID, k.ParentID)
			return home + path + "/" + k.Name, ok
		}
	}
	return "", false
}

// bits.Len64 is what the oracle uses; this counts up instead.
func naiveBin(size int64) int {
	for i := range 40 {
		if size <= 1<<(10+i) {
			return i
		}
	}
	return 40
}

func naiveReplicated(size int64, r namespace.Replication) int64 {
	switch r.Kind {
	case namespace.Ratis:
		return size * int64(r.Factor)
	case namespace.ErasureCoded:
		// Chunk by chunk of the first column, which is never shorter than others.
		parity := int64(0)
		for left := size; left > 0; left -= int64(r.DataUnits) * int64(r.ChunkBytes) {
			parity += min(left, int64(r.ChunkBytes))
		}
		return size + parity*int64(r.ParityUnits)
	}
	return size
}

type naiveSum struct {
	files, bytes, replicated int64
	dirs                     int
	dist                     [41]int64
}

// under sums up everything reachable whose path begins with prefix + "/".
func (n *naive) under(prefix string) (s naiveSum) {
	prefix += "/"
	for _, k := range n.committed() {
		path, ok := n.keyPath(k)
		if !ok || !strings.HasPrefix(path, prefix) {
			continue
		}
		s.files++
		s.bytes += k.SizeBytes
		s.replicated += naiveReplicated(k.SizeBytes, k.Replication)
		s.dist[naiveBin(k.SizeBytes)]++
	}
	for _, b := range n.buckets() {
		for _, d := range n.dirs() {
			if d.BucketID != b.ObjectID {
				continue
			}
			if path, ok := n.dirPath(b.ObjectID, d.ObjectID); ok && strings.HasPrefix("/"+b.Volume+"/"+b.Name+path, prefix) {
				s.dirs++
			}
		}
	}
	return s
}

// fileCounts counts rows by bound.
func (n *naive) fileCounts() FileCounts {
	type key struct {
		volume, bucket string
		bound          int64
	}
	counts := map[key]int64{}
	for _, k := range n.committed() {
		bound := int64(1<<63 - 1)
		if k.SizeBytes < 1<<50 {
			bound = 1024
			for k.SizeBytes > bound {
				bound *= 2
			}
		}
		counts[key{k.Volume, k.Bucket, bound}]++
	}
	all := FileCounts{}
	for k, c := range counts {
		all = append(all, FileCount{k.volume, k.bucket, k.bound, c})
	}
	slices.SortFunc(all, compareFileCounts)
	return all
}

// container lists the rows of a container as (key, version) in their order.
func (n *naive) container(id int64) (rows []string, keys []*namespace.Key) {
	type row struct {
		composite string
		key       *namespace.Key
	}
	var all []row
	for _, k := range n.committed() {
		for _, v := range k.Versions {
			if slices.ContainsFunc(v.Blocks, func(b namespace.Block) bool { return b.ContainerID == id }) {
				var tail [8]byte
				for i := range 8 {
					tail[7-i] = byte(v.Number >> (8 * i))
				}
				all = append(all, row{naiveKey(k) + "_" + string(tail[:]), k})
			}
		}
	}
	sort.Slice(all, func(i, j int) bool { return all[i].composite < all[j].composite })
	for _, r := range all {
		rows = append(rows, r.composite)
		if !slices.Contains(keys, r.key) {
			keys = append(keys, r.key)
		}
	}
	return rows, keys
}

func (n *naive) stats() map[string]int64 {
	s := map[string]int64{}
	for _, name := range statNames {
		s[name] = 0
	}
	sizes := func(table string, bytes int64, r namespace.Replication) {
		s[table+"UnReplicatedDataSize"] += bytes
		s[table+"ReplicatedDataSize"] += naiveReplicated(bytes, r)
	}
	for _, row := range n.rows {
		switch r := row.(type) {
		case *namespace.Volume:
			s["volumeTableCount"]++
		case *namespace.Bucket:
			s["bucketTableCount"]++
		case *namespace.Directory:
			s["directoryTableCount"]++
		case *namespace.Key:
			if r.Layout == namespace.FileSystemOptimized {
				s["fileTableCount"]++
			} else {
				s["keyTableCount"]++
			}
		case *namespace.OpenKey:
			table := "openKeyTable"
			if r.Layout == namespace.FileSystemOptimized {
				table = "openFileTable"
			}
			s[table+"Count"]++
			sizes(table, r.SizeBytes, r.Replication)
		case *namespace.DeletedKeys:
			s["deletedTableCount"] += int64(len(r.Keys))
			for _, k := range r.Keys {
				sizes("deletedTable", k.SizeBytes, k.Replication)
			}
		case *namespace.DeletedDirectory:
			s["deletedDirectoryTableCount"]++
		case *namespace.Upload:
			s["multipartInfoTableCount"]++
			for _, p := range r.Parts {
				sizes("multipartInfoTable", p.SizeBytes, r.Replication)
			}
		}
	}
	return s
}
