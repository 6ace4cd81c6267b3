package api

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/proto"

	"reconsim/recon/derived"
	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// derive fills the derived tables of the rows in the plainest way there is:
// every row is looked at, and each key is added to each of its ancestors.
func (m memoryRows) derive(t *testing.T, fileSystemPaths bool) {
	t.Helper()
	d := &deriver{t: t, rows: m, paths: fileSystemPaths, summaries: map[int64]*derived.NSSummary{}, parents: map[int64]int64{}}
	d.namespace()
	for id, s := range d.summaries {
		slices.Sort(s.ChildDirs)
		m.put(derived.NamespaceSummary, derived.AppendLong(nil, id), derived.AppendNSSummary(nil, s))
	}
	for _, table := range omdb.Tables() {
		m.putStat(derived.CountName(table), int64(len(m[table])))
	}
	for _, table := range derived.SizedTables() {
		m.sizes(t, table)
	}
}

type deriver struct {
	t          *testing.T
	rows       memoryRows
	paths      bool
	summaries  map[int64]*derived.NSSummary
	parents    map[int64]int64
	containers map[int64]int64
}

func (d *deriver) summary(id int64) *derived.NSSummary {
	if d.summaries[id] == nil {
		d.summaries[id] = &derived.NSSummary{}
	}
	return d.summaries[id]
}

func decodeAll[M proto.Message](t *testing.T, rows memoryRows, table omdb.Table, make func() M, fn func(key string, m M)) {
	t.Helper()
	require.NoError(t, rows.Scan(table, nil, nil, func(key, value []byte) (bool, error) {
		m := make()
		if err := proto.Unmarshal(value, m); err != nil {
			return false, err
		}
		fn(string(key), m)
		return true, nil
	}))
}

func newKey() *ozonepb.KeyInfo { return &ozonepb.KeyInfo{} }

func (d *deriver) namespace() {
	d.containers = map[int64]int64{}
	buckets := map[string]*ozonepb.BucketInfo{}
	decodeAll(d.t, d.rows, omdb.BucketTable, func() *ozonepb.BucketInfo { return &ozonepb.BucketInfo{} },
		func(key string, b *ozonepb.BucketInfo) { buckets[key] = b })
	decodeAll(d.t, d.rows, omdb.DirectoryTable, func() *ozonepb.DirectoryInfo { return &ozonepb.DirectoryInfo{} },
		func(_ string, r *ozonepb.DirectoryInfo) {
			d.directory(r.GetName(), int64(r.GetObjectID()), int64(r.GetParentID()))
		})
	markers := map[string]int64{}
	marked := func(k *ozonepb.KeyInfo) bool {
		b := buckets["/"+k.GetVolumeName()+"/"+k.GetBucketName()]
		layout := b.GetBucketLayout()
		return d.paths && layout != ozonepb.BucketLayoutProto_OBJECT_STORE && layout != ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED
	}
	decodeAll(d.t, d.rows, omdb.KeyTable, newKey, func(key string, k *ozonepb.KeyInfo) {
		if marked(k) && strings.HasSuffix(key, "/") {
			markers[strings.TrimSuffix(key, "/")] = int64(k.GetObjectID())
		}
	})
	decodeAll(d.t, d.rows, omdb.KeyTable, newKey, func(key string, k *ozonepb.KeyInfo) {
		bucket := "/" + k.GetVolumeName() + "/" + k.GetBucketName()
		parent := int64(buckets[bucket].GetObjectID())
		if marked(k) {
			name := strings.TrimSuffix(key, "/")
			if above := name[:strings.LastIndexByte(name, '/')]; above != bucket {
				parent = markers[above]
			}
			if strings.HasSuffix(key, "/") {
				d.directory(strings.TrimSuffix(k.GetKeyName(), "/"), int64(k.GetObjectID()), parent)
				d.containersOf(bucket, key, k)
				return
			}
		}
		d.file(parent, bucket, key, k)
	})
	decodeAll(d.t, d.rows, omdb.FileTable, newKey, func(key string, k *ozonepb.KeyInfo) {
		d.file(int64(k.GetParentID()), "/"+k.GetVolumeName()+"/"+k.GetBucketName(), key, k)
	})
	d.addUp()
}

func (d *deriver) directory(name string, id, parent int64) {
	s := d.summary(id)
	s.DirName, s.ParentID = []byte(name), parent
	d.parents[id] = parent
	above := d.summary(parent)
	above.ChildDirs = append(above.ChildDirs, id)
}

func (d *deriver) file(parent int64, bucket, key string, k *ozonepb.KeyInfo) {
	bin, _ := derived.SizeBin(int64(k.GetDataSize()))
	s := d.summary(parent)
	s.NumOfFiles++
	s.SizeOfFiles += int64(k.GetDataSize())
	s.ReplicatedSizeOfFiles += replicatedSize(k)
	s.FileSizeBucket[bin]++
	d.containersOf(bucket, key, k)
}

// addUp turns the totals of direct files into totals of subtrees.
func (d *deriver) addUp() {
	direct := map[int64]derived.NSSummary{}
	for id, s := range d.summaries {
		direct[id] = *s
	}
	for id, s := range direct {
		for up, ok := d.parents[id]; ok; up, ok = d.parents[up] {
			above := d.summaries[up]
			above.NumOfFiles += s.NumOfFiles
			above.SizeOfFiles += s.SizeOfFiles
			above.ReplicatedSizeOfFiles += s.ReplicatedSizeOfFiles
		}
	}
}

func (d *deriver) containersOf(bucket, key string, k *ozonepb.KeyInfo) {
	for _, list := range k.GetKeyLocationList() {
		for _, l := range list.GetKeyLocations() {
			id := l.GetBlockID().GetContainerBlockID().GetContainerID()
			row := derived.AppendContainerKey(nil, id, []byte(key), int64(list.GetVersion()))
			if _, found := d.rows[derived.ContainerKey][string(row)]; !found {
				d.containers[id]++
			}
			d.rows.put(derived.ContainerKey, row, derived.PresentValue)
			d.rows.put(derived.ContainerKeyCount, derived.AppendLong(nil, id), derived.AppendLong(nil, d.containers[id]))
		}
	}
	index, _ := derived.SizeBoundIndex(int64(k.GetDataSize()))
	names := strings.Split(bucket, "/")
	row := derived.AppendFileSizeCountKey(nil, names[1], names[2], derived.SizeBound(index))
	n, _ := derived.ParseLong(d.rows[derived.FileCountBySize][string(row)])
	d.rows.put(derived.FileCountBySize, row, derived.AppendLong(nil, n+1))
}

func replicatedSize(k *ozonepb.KeyInfo) int64 {
	r := omdb.Replication{Type: omdb.ReplicationType(k.GetType()), Factor: int32(k.GetFactor())}
	if ec := k.GetEcReplicationConfig(); ec != nil {
		r.Data, r.Parity, r.ECChunkBytes = ec.GetData(), ec.GetParity(), ec.GetEcChunkSize()
	}
	return r.ReplicatedSize(int64(k.GetDataSize()))
}

func (m memoryRows) putStat(name string, n int64) {
	m.put(derived.GlobalStats, []byte(name), derived.AppendStatsValue(nil, n))
}

// sizes adds up the keys of a table; deletedTable counts keys, not rows.
func (m memoryRows) sizes(t *testing.T, table omdb.Table) {
	var plain, replicated, keys int64
	add := func(k *ozonepb.KeyInfo) {
		keys++
		plain += int64(k.GetDataSize())
		replicated += replicatedSize(k)
	}
	switch table {
	case omdb.DeletedTable:
		decodeAll(t, m, table, func() *ozonepb.RepeatedKeyInfo { return &ozonepb.RepeatedKeyInfo{} },
			func(_ string, r *ozonepb.RepeatedKeyInfo) {
				for _, k := range r.GetKeyInfo() {
					add(k)
				}
			})
		m.putStat(derived.CountName(table), keys)
	case omdb.MultipartInfoTable:
		decodeAll(t, m, table, func() *ozonepb.MultipartKeyInfo { return &ozonepb.MultipartKeyInfo{} },
			func(_ string, u *ozonepb.MultipartKeyInfo) {
				for _, p := range u.GetPartKeyInfoList() {
					add(p.GetPartKeyInfo())
				}
			})
	default:
		decodeAll(t, m, table, newKey, func(_ string, k *ozonepb.KeyInfo) { add(k) })
	}
	m.putStat(derived.UnreplicatedSizeName(table), plain)
	m.putStat(derived.ReplicatedSizeName(table), replicated)
}

// statsOf are the rows of GLOBAL_STATS as SQL has them.
func statsOf(m memoryRows) map[string]int64 {
	stats := map[string]int64{}
	for name, value := range m[derived.GlobalStats] {
		n, err := derived.ParseStatsValue(value)
		if err != nil {
			panic(err)
		}
		stats[name] = n
	}
	return stats
}

// fileCountsOf are the rows of FILE_COUNT_BY_SIZE as SQL has them.
func fileCountsOf(m memoryRows) (counts []generation.FileCount) {
	for key, value := range m[derived.FileCountBySize] {
		volume, bucket, bound, err := derived.ParseFileSizeCountKey([]byte(key))
		if err != nil {
			panic(err)
		}
		n, _ := derived.ParseLong(value)
		counts = append(counts, generation.FileCount{Volume: string(volume), Bucket: string(bucket), UpperBound: bound, Count: n})
	}
	return counts
}
