package fakeom

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"
	"google.golang.org/protobuf/encoding/prototext"
	"google.golang.org/protobuf/proto"

	"reconsim/fake_om/namespace"
	"reconsim/recon/ozonepb"
)

// facts is what a database must hold by the namespace alone. Its keys and
// messages are made here from the specification, without the encoders under
// test: a mistake would have to be made twice.
type facts map[string]namespace.Row

func rowName(row namespace.Row) string {
	ids := func(v, b, p int64, name string) string { return fmt.Sprintf("/%d/%d/%d/%s", v, b, p, name) }
	names := func(v, b, k string) string { return "/" + v + "/" + b + "/" + k }
	switch r := row.(type) {
	case *namespace.Volume:
		return "volumeTable:/" + r.Name
	case *namespace.Bucket:
		return "bucketTable:/" + r.Volume + "/" + r.Name
	case *namespace.Directory:
		return "directoryTable:" + ids(r.VolumeID, r.BucketID, r.ParentID, r.Name)
	case *namespace.Key:
		if r.Layout == namespace.FileSystemOptimized {
			return "fileTable:" + ids(r.VolumeID, r.BucketID, r.ParentID, r.Name)
		}
		return "keyTable:" + names(r.Volume, r.Bucket, r.Name)
	case *namespace.OpenKey:
		if r.Layout == namespace.FileSystemOptimized {
			return "openFileTable:" + ids(r.VolumeID, r.BucketID, r.ParentID, r.Name) + "/" + r.Session
		}
		return "openKeyTable:" + names(r.Volume, r.Bucket, r.Name) + "/" + r.Session
	case *namespace.DeletedKeys:
		return fmt.Sprintf("deletedTable:%s/%d", names(r.Volume, r.Bucket, r.Path), r.RowID)
	case *namespace.DeletedDirectory:
		return fmt.Sprintf("deletedDirectoryTable:%s/%d", ids(r.VolumeID, r.BucketID, r.ParentID, r.Name), r.ObjectID)
	case *namespace.Upload:
		return "multipartInfoTable:" + names(r.Volume, r.Bucket, r.Path) + "/" + r.UploadID
	}
	panic(fmt.Sprintf("%T", row))
}

func baseFacts(b *namespace.Base) facts {
	f := facts{}
	add := func(r namespace.Row) bool { f[rowName(r)] = namespace.Clone(r); return true }
	for _, v := range b.Volumes() {
		add(v)
	}
	for _, v := range b.Buckets() {
		add(v)
	}
	b.Directories(func(r *namespace.Directory) bool { return add(r) })
	b.DeletedDirectories(func(r *namespace.DeletedDirectory) bool { return add(r) })
	b.Keys(func(r *namespace.Key) bool { return add(r) })
	b.Files(func(r *namespace.Key) bool { return add(r) })
	b.OpenKeys(func(r *namespace.OpenKey) bool { return add(r) })
	b.OpenFiles(func(r *namespace.OpenKey) bool { return add(r) })
	b.DeletedKeys(func(r *namespace.DeletedKeys) bool { return add(r) })
	b.Uploads(func(r *namespace.Upload) bool { return add(r) })
	return f
}

func (f facts) apply(t *namespace.Transaction) {
	for _, c := range t.Changes {
		if c.Delete {
			delete(f, rowName(c.Row))
		} else {
			f[rowName(c.Row)] = c.Row
		}
	}
}

// requireRows compares a checkpoint's rows with the facts: the same keys in
// every family, and every value the message that the fact stands for.
func (f facts) requireRows(t *testing.T, rows map[string][]byte) {
	t.Helper()
	want := slices.Sorted(maps.Keys(f))
	require.Equal(t, want, slices.Sorted(maps.Keys(rows)))
	for _, name := range want {
		message := messageOf(f[name])
		got := message.ProtoReflect().New().Interface()
		require.NoError(t, proto.Unmarshal(rows[name], got), name)
		if !proto.Equal(message, got) {
			t.Fatalf("%s:\nwant %s\ngot  %s", name, prototext.Format(message), prototext.Format(got))
		}
	}
}

// rowsOf are the rows of a checkpoint that facts speak of, by "family:key".
func rowsOf(t *testing.T, fs vfs.FS, dir string) (rows map[string][]byte, other map[string]string) {
	t.Helper()
	rows, other = map[string][]byte{}, map[string]string{}
	require.NoError(t, ListRows(context.Background(), fs, dir, func(family string, key, value []byte) error {
		switch family {
		case "transactionInfoTable", "compactionLogTable":
			other[family+":"+string(key)] = string(value)
		default:
			rows[family+":"+string(key)] = slices.Clone(value)
		}
		return nil
	}))
	return rows, other
}

func u64(v int64) *uint64 { return proto.Uint64(uint64(v)) }

func messageOf(row namespace.Row) proto.Message {
	switch r := row.(type) {
	case *namespace.Volume:
		return &ozonepb.VolumeInfo{
			AdminName: &r.Admin, OwnerName: &r.Owner, Volume: &r.Name, QuotaInBytes: u64(r.QuotaBytes),
			CreationTime: u64(r.CreatedMillis), ObjectID: u64(r.ObjectID), UpdateID: u64(r.UpdateID),
			ModificationTime: u64(r.ModifiedMillis), QuotaInNamespace: proto.Int64(-1),
			UsedNamespace: u64(0), RefCount: proto.Int64(0),
		}
	case *namespace.Bucket:
		m := &ozonepb.BucketInfo{
			VolumeName: &r.Volume, BucketName: &r.Name, IsVersionEnabled: proto.Bool(false), StorageType: proto.Int32(1),
			CreationTime: u64(r.CreatedMillis), ObjectID: u64(r.ObjectID), UpdateID: u64(r.UpdateID),
			ModificationTime: u64(r.ModifiedMillis), UsedBytes: u64(r.UsedBytes), QuotaInBytes: &r.QuotaBytes,
			QuotaInNamespace: proto.Int64(-1), UsedNamespace: u64(r.UsedNamespace),
			BucketLayout: ozonepb.BucketLayoutProto(r.Layout).Enum(), Owner: &r.Owner,
		}
		if r.SourceVolume != "" {
			m.SourceVolume, m.SourceBucket = &r.SourceVolume, &r.SourceBucket
		}
		return m
	case *namespace.Directory:
		return &ozonepb.DirectoryInfo{
			Name: &r.Name, CreationTime: u64(r.CreatedMillis), ModificationTime: u64(r.ModifiedMillis),
			ObjectID: u64(r.ObjectID), UpdateID: u64(r.UpdateID), ParentID: u64(r.ParentID),
		}
	case *namespace.Key:
		return keyMessage(r, r.Name)
	case *namespace.OpenKey:
		return keyMessage(&r.Key, r.Path)
	case *namespace.DeletedKeys:
		m := &ozonepb.RepeatedKeyInfo{BucketId: u64(r.BucketID)}
		for i := range r.Keys {
			m.KeyInfo = append(m.KeyInfo, keyMessage(&r.Keys[i], r.Keys[i].Path))
		}
		return m
	case *namespace.DeletedDirectory:
		return &ozonepb.KeyInfo{
			VolumeName: &r.Volume, BucketName: &r.Bucket, KeyName: &r.Path, DataSize: u64(0),
			Type: ozonepb.ReplicationType_RATIS.Enum(), Factor: ozonepb.ReplicationFactor_ONE.Enum(),
			CreationTime: u64(r.CreatedMillis), ModificationTime: u64(r.ModifiedMillis), LatestVersion: u64(-1),
			ObjectID: u64(r.ObjectID), UpdateID: u64(r.UpdateID), ParentID: u64(r.ParentID), IsFile: proto.Bool(false),
		}
	case *namespace.Upload:
		return uploadMessage(r)
	}
	panic(fmt.Sprintf("%T", row))
}

func keyMessage(k *namespace.Key, name string) *ozonepb.KeyInfo {
	m := &ozonepb.KeyInfo{
		VolumeName: &k.Volume, BucketName: &k.Bucket, KeyName: proto.String(name), DataSize: u64(k.SizeBytes),
		Type:         ozonepb.ReplicationType(k.Replication.Kind).Enum(),
		CreationTime: u64(k.CreatedMillis), ModificationTime: u64(k.ModifiedMillis), LatestVersion: u64(-1),
		ObjectID: u64(k.ObjectID), UpdateID: u64(k.UpdateID), ParentID: u64(k.ParentID),
		IsFile: proto.Bool(k.Layout == namespace.FileSystemOptimized), OwnerName: &k.Owner,
	}
	m.Factor, m.EcReplicationConfig = replicationMessage(&k.Replication)
	for i := range k.Versions {
		v := &k.Versions[i]
		m.LatestVersion = proto.Uint64(v.Number)
		list := &ozonepb.KeyLocationList{Version: &v.Number, IsMultipartKey: proto.Bool(false)}
		for j := range v.Blocks {
			b := &v.Blocks[j]
			if b.PartNumber != 0 {
				list.IsMultipartKey = proto.Bool(true)
			}
			list.KeyLocations = append(list.KeyLocations, &ozonepb.KeyLocation{
				BlockID: &ozonepb.BlockID{
					ContainerBlockID:      &ozonepb.ContainerBlockID{ContainerID: &b.ContainerID, LocalID: &b.LocalID},
					BlockCommitSequenceId: u64(0),
				},
				Offset: u64(b.OffsetBytes), Length: u64(b.LengthBytes),
				CreateVersion: &v.Number, PartNumber: &b.PartNumber,
			})
		}
		m.KeyLocationList = append(m.KeyLocationList, list)
	}
	return m
}

func replicationMessage(r *namespace.Replication) (*ozonepb.ReplicationFactor, *ozonepb.ECReplicationConfig) {
	if r.Kind != namespace.ErasureCoded {
		return ozonepb.ReplicationFactor(r.Factor).Enum(), nil
	}
	return nil, &ozonepb.ECReplicationConfig{
		Data: &r.DataUnits, Parity: &r.ParityUnits, Codec: &r.Codec, EcChunkSize: &r.ChunkBytes,
	}
}

func uploadMessage(u *namespace.Upload) *ozonepb.MultipartKeyInfo {
	m := &ozonepb.MultipartKeyInfo{
		UploadID: &u.UploadID, CreationTime: u64(u.CreatedMillis), Type: ozonepb.ReplicationType(u.Replication.Kind).Enum(),
		ObjectID: u64(u.ObjectID), UpdateID: u64(u.UpdateID), ParentID: u64(u.ParentID), SchemaVersion: proto.Uint32(0),
	}
	m.Factor, m.EcReplicationConfig = replicationMessage(&u.Replication)
	for i := range u.Parts {
		p := &u.Parts[i]
		key := &namespace.Key{
			Volume: u.Volume, Bucket: u.Bucket, Owner: u.Owner, Layout: u.Layout, ParentID: u.ParentID,
			ObjectID: u.ObjectID, UpdateID: u.UpdateID, SizeBytes: p.SizeBytes, Replication: u.Replication,
			Versions:      []namespace.BlockVersion{{Blocks: p.Blocks}},
			CreatedMillis: u.CreatedMillis, ModifiedMillis: u.ModifiedMillis,
		}
		m.PartKeyInfoList = append(m.PartKeyInfoList, &ozonepb.PartKeyInfo{
			PartName:    proto.String(fmt.Sprintf("/%s/%s/%s-%s-%d", u.Volume, u.Bucket, u.Path, u.UploadID, p.Number)),
			PartNumber:  proto.Uint32(uint32(p.Number)),
			PartKeyInfo: keyMessage(key, u.Path),
		})
	}
	return m
}
