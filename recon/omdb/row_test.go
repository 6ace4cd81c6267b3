package omdb

import (
	"errors"
	"testing"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/ozonepb"
)

// sampleKey is a key with everything in it.
func sampleKey(blocks int) *ozonepb.KeyInfo {
	k := &ozonepb.KeyInfo{
		VolumeName: proto.String("vol1"), BucketName: proto.String("bucket1"), KeyName: proto.String("dir/key-0001"),
		DataSize: proto.Uint64(128 << 20), Type: ozonepb.ReplicationType_RATIS.Enum(),
		Factor:       ozonepb.ReplicationFactor_THREE.Enum(),
		CreationTime: proto.Uint64(1700000000000), ModificationTime: proto.Uint64(1700000000001),
		LatestVersion: proto.Uint64(0),
		ObjectID:      proto.Uint64(1<<63 | 5<<8), UpdateID: proto.Uint64(5), ParentID: proto.Uint64(1<<63 | 3<<8),
		IsFile: proto.Bool(true), OwnerName: proto.String("om"),
		Acls: []*ozonepb.OzoneAclInfo{{
			Type: ozonepb.OzoneAclInfo_USER.Enum(), Name: proto.String("om"), Rights: []byte{0x80},
			AclScope: ozonepb.OzoneAclInfo_ACCESS.Enum(),
		}},
		Metadata: []*ozonepb.KeyValue{{Key: proto.String("ETag"), Value: proto.String("0123456789abcdef")}},
	}
	list := &ozonepb.KeyLocationList{Version: proto.Uint64(0), IsMultipartKey: proto.Bool(false)}
	for i := range blocks {
		list.KeyLocations = append(list.KeyLocations, sampleLocation(int64(1+i), int64(1000+i)))
	}
	k.KeyLocationList = append(k.KeyLocationList, list)
	return k
}

func sampleLocation(containerID, localID int64) *ozonepb.KeyLocation {
	return &ozonepb.KeyLocation{
		BlockID: &ozonepb.BlockID{
			ContainerBlockID:      &ozonepb.ContainerBlockID{ContainerID: proto.Int64(containerID), LocalID: proto.Int64(localID)},
			BlockCommitSequenceId: proto.Uint64(9),
		},
		Offset: proto.Uint64(0), Length: proto.Uint64(1 << 20), CreateVersion: proto.Uint64(0), PartNumber: proto.Int32(-1),
	}
}

func sampleEC() *ozonepb.KeyInfo {
	k := sampleKey(2)
	k.Type, k.Factor = ozonepb.ReplicationType_EC.Enum(), nil
	k.EcReplicationConfig = &ozonepb.ECReplicationConfig{
		Data: proto.Int32(6), Parity: proto.Int32(3), Codec: proto.String("rs"), EcChunkSize: proto.Int32(1 << 20),
	}
	k.KeyLocationList = append(k.KeyLocationList, &ozonepb.KeyLocationList{
		Version: proto.Uint64(1), KeyLocations: []*ozonepb.KeyLocation{sampleLocation(77, -1)},
	})
	return k
}

func encode(t testing.TB, m proto.Message) []byte {
	t.Helper()
	b, err := proto.MarshalOptions{AllowPartial: true, Deterministic: true}.Marshal(m)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// samples are rows of every kind.
func samples(t testing.TB) map[Table][]byte {
	directory := &ozonepb.DirectoryInfo{
		Name: proto.String("d"), CreationTime: proto.Uint64(1), ModificationTime: proto.Uint64(2),
		ObjectID: proto.Uint64(1 << 63), ParentID: proto.Uint64(1<<63 | 1), OwnerName: proto.String("om"),
	}
	bucket := &ozonepb.BucketInfo{
		VolumeName: proto.String("v"), BucketName: proto.String("b"), IsVersionEnabled: proto.Bool(true),
		StorageType: proto.Int32(1), ObjectID: proto.Uint64(3), SourceVolume: proto.String("sv"), SourceBucket: proto.String("sb"),
		QuotaInBytes: proto.Int64(-1), UsedBytes: proto.Uint64(10), UsedNamespace: proto.Uint64(2),
		BucketLayout: ozonepb.BucketLayoutProto_OBJECT_STORE.Enum(), Owner: proto.String("om"),
	}
	volume := &ozonepb.VolumeInfo{
		AdminName: proto.String("a"), OwnerName: proto.String("o"), Volume: proto.String("v"), QuotaInBytes: proto.Uint64(1 << 40),
		CreationTime: proto.Uint64(5), ObjectID: proto.Uint64(7), RefCount: proto.Int64(1),
	}
	multipart := &ozonepb.MultipartKeyInfo{
		UploadID: proto.String("u"), CreationTime: proto.Uint64(6), Type: ozonepb.ReplicationType_RATIS.Enum(),
		Factor: ozonepb.ReplicationFactor_ONE.Enum(), VolumeName: proto.String("v"), KeyName: proto.String("k"),
		PartKeyInfoList: []*ozonepb.PartKeyInfo{
			{PartName: proto.String("p1"), PartNumber: proto.Uint32(1), PartKeyInfo: sampleKey(1)},
			{PartName: proto.String("p2"), PartNumber: proto.Uint32(2), PartKeyInfo: sampleEC()},
		},
	}
	deleted := &ozonepb.RepeatedKeyInfo{KeyInfo: []*ozonepb.KeyInfo{sampleKey(3), sampleEC()}, BucketId: proto.Uint64(1 << 63)}
	return map[Table][]byte{
		KeyTable: encode(t, sampleEC()), FileTable: encode(t, sampleKey(1)), DirectoryTable: encode(t, directory),
		BucketTable: encode(t, bucket), VolumeTable: encode(t, volume), MultipartInfoTable: encode(t, multipart),
		DeletedTable: encode(t, deleted),
	}
}

func TestRowViews(t *testing.T) {
	for table, value := range samples(t) {
		if err := compareRow(table, value); err != nil {
			t.Errorf("%s: %v", table, err)
		}
	}
}

// TestCorruptRows cuts every sample at every byte. What is left is either an
// error that says where, or a whole message.
func TestCorruptRows(t *testing.T) {
	for table, value := range samples(t) {
		for n := range value {
			if err := compareRow(table, value[:n]); err != nil {
				t.Fatalf("%s, first %d bytes: %v", table, n, err)
			}
		}
	}
	var d Decoder
	_, err := d.Decode(KeyTable, []byte("/v/b/k"), []byte{0x0a, 0xff, 0x01})
	var corrupt *CorruptRowError
	if !errors.As(err, &corrupt) || corrupt.Table != KeyTable || string(corrupt.Key) != "/v/b/k" || corrupt.OffsetBytes != 0 {
		t.Fatalf("%v", err)
	}
}

// TestCorruptInside: damage in what only iterators read is found by them.
func TestCorruptInside(t *testing.T) {
	bad := sampleKey(1)
	bad.KeyLocationList[0].KeyLocations[0].BlockID.ContainerBlockID.ContainerID = nil
	var d Decoder
	row, err := d.Decode(KeyTable, []byte("/v/b/k"), encode(t, bad))
	if err != nil {
		t.Fatal(err)
	}
	blocks := row.KeyInfo.Blocks()
	if blocks.Next() || blocks.Err() == nil {
		t.Errorf("a block without a container is taken: %+v", blocks.Block)
	}
	repeated := encode(t, &ozonepb.RepeatedKeyInfo{KeyInfo: []*ozonepb.KeyInfo{sampleKey(1), {KeyName: proto.String("incomplete")}}})
	if row, err = d.Decode(DeletedTable, []byte("/v/b/k/1"), repeated); err != nil {
		t.Fatal(err)
	}
	keys := row.Repeated.Keys()
	if !keys.Next() || keys.Next() || keys.Err() == nil {
		t.Errorf("an incomplete key is taken")
	}
}

// TestReplicatedSize holds the arithmetic of spec/om.md 2.4 and DEF-T17.
func TestReplicatedSize(t *testing.T) {
	const mib = 1 << 20
	ec := func(data, parity, chunk int32) Replication {
		return Replication{Type: ReplicationEC, Data: data, Parity: parity, ECChunkBytes: chunk}
	}
	for _, c := range []struct {
		name       string
		r          Replication
		size, want int64
	}{
		{"RATIS/3", Replication{Type: ReplicationRatis, Factor: 3}, 100, 300},
		{"RATIS/1", Replication{Type: ReplicationRatis, Factor: 1}, 100, 100},
		{"RATIS without factor", Replication{Type: ReplicationRatis}, 100, 100},
		{"stand-alone, any factor", Replication{Type: ReplicationStandAlone, Factor: 3}, 100, 100},
		{"rs-3-2 below a chunk", ec(3, 2, mib), 99, 297},
		{"rs-3-2 one stripe", ec(3, 2, mib), 3 * mib, 5 * mib},
		{"rs-6-3 stripe and a byte", ec(6, 3, mib), 6*mib + 1, 9*mib + 4},
		// 3 GiB are a stripe of 2.5 GiB and 512 MiB more: two parity chunks, four times.
		{"DEF-T17: rs-10-4-256MiB", ec(10, 4, 256*mib), 3 << 30, 3<<30 + 4*2*256*mib},
		{"no geometry", ec(0, 2, mib), 10, 10},
		{"no chunk", ec(3, 2, 0), 10, 10},
	} {
		if got := c.r.ReplicatedSize(c.size); got != c.want {
			t.Errorf("%s: %d bytes take %d, want %d", c.name, c.size, got, c.want)
		}
	}
}

func FuzzRow(f *testing.F) {
	for table, value := range samples(f) {
		f.Add(uint8(table), value)
	}
	f.Add(uint8(KeyTable), []byte{0x0b, 0x08, 0x01, 0x0c})
	f.Fuzz(func(t *testing.T, table uint8, value []byte) {
		if Table(table).Kind() == KindMultipart {
			// Protobuf merges two key messages in one part, which no writer
			// makes; we take the last. Compare what protobuf writes for it.
			var merged ozonepb.MultipartKeyInfo
			if proto.Unmarshal(value, &merged) == nil {
				value = encode(t, &merged)
			}
		}
		if err := compareRow(Table(table), value); err != nil {
			t.Fatal(err)
		}
	})
}

func BenchmarkDecodeKeyInfo(b *testing.B) {
	value := encode(b, sampleKey(1))
	key := []byte("/vol1/bucket1/dir/key-0001")
	var d Decoder
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	var containers int64
	for b.Loop() {
		row, err := d.Decode(KeyTable, key, value)
		if err != nil {
			b.Fatal(err)
		}
		blocks := row.KeyInfo.Blocks()
		for blocks.Next() {
			containers += blocks.Block.ContainerID
		}
	}
}

// TestDecodeAllocatesNothing is the promise that bulk loading rests on.
func TestDecodeAllocatesNothing(t *testing.T) {
	rows := samples(t)
	key := []byte("key")
	var d Decoder
	for _, table := range Tables() {
		value, ok := rows[table]
		if !ok {
			continue
		}
		allocations := testing.AllocsPerRun(100, func() {
			row, err := d.Decode(table, key, value)
			if err != nil {
				t.Fatal(err)
			}
			for blocks := row.KeyInfo.Blocks(); blocks.Next(); {
			}
			if table.Kind() == KindRepeatedKey {
				for keys := row.Repeated.Keys(); keys.Next(); {
				}
			}
		})
		if allocations != 0 {
			t.Errorf("%s: %v allocations a row", table, allocations)
		}
	}
}

// BenchmarkUnmarshalKeyInfo is what the partial view is compared with.
func BenchmarkUnmarshalKeyInfo(b *testing.B) {
	value := encode(b, sampleKey(1))
	b.SetBytes(int64(len(value)))
	b.ReportAllocs()
	for b.Loop() {
		var k ozonepb.KeyInfo
		if err := proto.Unmarshal(value, &k); err != nil {
			b.Fatal(err)
		}
	}
}
