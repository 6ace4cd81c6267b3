package omdb

import (
	"errors"
	"fmt"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/ozonepb"
)

// compareRow decodes a row with ours and with the generated messages. A message
// that protobuf takes, ours must take too, and see the same in it.
func compareRow(t Table, value []byte) error {
	var d Decoder
	row, err := d.Decode(t, []byte("key"), value)
	switch t.Kind() {
	case KindKey:
		var want ozonepb.KeyInfo
		return compareWith(value, &want, err, func() error { return compareKey(&row.KeyInfo, &want) })
	case KindDirectory:
		var want ozonepb.DirectoryInfo
		return compareWith(value, &want, err, func() error {
			g := &row.Directory
			return same(
				"name", string(g.Name), want.GetName(), "created", g.CreationTime, int64(want.GetCreationTime()),
				"modified", g.ModificationTime, int64(want.GetModificationTime()), "id", g.ObjectID, int64(want.GetObjectID()),
				"update", g.UpdateID, int64(want.GetUpdateID()), "parent", g.ParentID, int64(want.GetParentID()),
				"owner", string(g.Owner), want.GetOwnerName())
		})
	case KindBucket:
		var want ozonepb.BucketInfo
		return compareWith(value, &want, err, func() error { return compareBucket(&row.Bucket, &want) })
	case KindVolume:
		var want ozonepb.VolumeInfo
		return compareWith(value, &want, err, func() error {
			g := &row.Volume
			return same(
				"admin", string(g.Admin), want.GetAdminName(), "owner", string(g.Owner), want.GetOwnerName(),
				"volume", string(g.Volume), want.GetVolume(), "quota", g.QuotaInBytes, int64(want.GetQuotaInBytes()),
				"created", g.CreationTime, int64(want.GetCreationTime()), "id", g.ObjectID, int64(want.GetObjectID()),
				"update", g.UpdateID, int64(want.GetUpdateID()), "modified", g.ModificationTime, int64(want.GetModificationTime()),
				"names", g.QuotaInNamespace, want.GetQuotaInNamespace(), "used", g.UsedNamespace, int64(want.GetUsedNamespace()))
		})
	case KindRepeatedKey:
		var want ozonepb.RepeatedKeyInfo
		return compareWith(value, &want, err, func() error {
			keys := row.Repeated.Keys()
			if err := same("count", row.Repeated.KeyCount, len(want.KeyInfo), "bucket", row.Repeated.BucketID, int64(want.GetBucketId())); err != nil {
				return err
			}
			return compareKeys(&keys, want.KeyInfo)
		})
	case KindMultipart:
		var want ozonepb.MultipartKeyInfo
		return compareWith(value, &want, err, func() error { return compareMultipart(&row.Multipart, &want) })
	}
	return err
}

// compareWith decides who must take the message. Where only ours takes it, a
// field that ours steps over is bad; its iterators still must come to an end.
func compareWith(value []byte, want proto.Message, ours error, compare func() error) error {
	theirs := proto.Unmarshal(value, want)
	if theirs == nil && ours != nil {
		return fmt.Errorf("protobuf takes it, ours does not: %w", ours)
	}
	if ours != nil {
		var corrupt *CorruptRowError
		if !errors.As(ours, &corrupt) || corrupt.OffsetBytes > len(value) || string(corrupt.Key) != "key" {
			return fmt.Errorf("not a good error: %w", ours)
		}
		return nil
	}
	if theirs != nil {
		_ = compare()
		return nil
	}
	return compare()
}

func compareKey(g *KeyInfo, w *ozonepb.KeyInfo) error {
	err := same(
		"volume", string(g.VolumeName), w.GetVolumeName(), "bucket", string(g.BucketName), w.GetBucketName(),
		"name", string(g.KeyName), w.GetKeyName(), "size", g.DataSize, int64(w.GetDataSize()),
		"type", g.Replication.Type, ReplicationType(w.GetType().Number()), "factor", g.Replication.Factor, factorOf(w),
		"created", g.CreationTime, int64(w.GetCreationTime()), "modified", g.ModificationTime, int64(w.GetModificationTime()),
		"id", g.ObjectID, int64(w.GetObjectID()), "update", g.UpdateID, int64(w.GetUpdateID()),
		"parent", g.ParentID, int64(w.GetParentID()), "file", g.IsFile, w.GetIsFile(), "owner", string(g.Owner), w.GetOwnerName(),
		"data", g.Replication.Data, w.GetEcReplicationConfig().GetData(),
		"parity", g.Replication.Parity, w.GetEcReplicationConfig().GetParity(),
		"chunk", g.Replication.ECChunkBytes, w.GetEcReplicationConfig().GetEcChunkSize())
	if err != nil {
		return err
	}
	blocks := g.Blocks()
	for _, list := range w.KeyLocationList {
		for _, l := range list.KeyLocations {
			if !blocks.Next() {
				return fmt.Errorf("blocks end early: %v", blocks.Err())
			}
			want := Block{
				Version: int64(list.GetVersion()), ContainerID: l.GetBlockID().GetContainerBlockID().GetContainerID(),
				LocalID: l.GetBlockID().GetContainerBlockID().GetLocalID(), OffsetBytes: int64(l.GetOffset()), LengthBytes: int64(l.GetLength()),
			}
			if blocks.Block != want {
				return fmt.Errorf("block %+v, want %+v", blocks.Block, want)
			}
		}
	}
	if blocks.Next() {
		return fmt.Errorf("a block too many: %+v", blocks.Block)
	}
	return blocks.Err()
}

func factorOf(w *ozonepb.KeyInfo) int32 {
	if w.Factor == nil {
		return 0
	}
	return int32(*w.Factor)
}

func compareKeys(g *KeyIterator, want []*ozonepb.KeyInfo) error {
	for _, w := range want {
		if !g.Next() {
			return fmt.Errorf("keys end early: %v", g.Err())
		}
		if err := compareKey(&g.Key, w); err != nil {
			return err
		}
	}
	if g.Next() {
		return errors.New("a key too many")
	}
	return g.Err()
}

func compareBucket(g *BucketInfo, w *ozonepb.BucketInfo) error {
	layout := LayoutLegacy
	if l := BucketLayout(w.GetBucketLayout()); l == LayoutFileSystemOptimized || l == LayoutObjectStore {
		layout = l
	}
	return same(
		"volume", string(g.VolumeName), w.GetVolumeName(), "bucket", string(g.BucketName), w.GetBucketName(),
		"layout", g.Layout, layout, "id", g.ObjectID, int64(w.GetObjectID()), "update", g.UpdateID, int64(w.GetUpdateID()),
		"source volume", string(g.SourceVolume), w.GetSourceVolume(), "source bucket", string(g.SourceBucket), w.GetSourceBucket(),
		"owner", string(g.Owner), w.GetOwner(), "used", g.UsedBytes, int64(w.GetUsedBytes()),
		"used names", g.UsedNamespace, int64(w.GetUsedNamespace()), "quota", g.QuotaInBytes, w.GetQuotaInBytes(),
		"name quota", g.QuotaInNamespace, w.GetQuotaInNamespace(), "created", g.CreationTime, int64(w.GetCreationTime()),
		"modified", g.ModificationTime, int64(w.GetModificationTime()), "versions", g.IsVersionEnabled, w.GetIsVersionEnabled(),
		"storage", g.StorageType, w.GetStorageType())
}

func compareMultipart(g *MultipartKeyInfo, w *ozonepb.MultipartKeyInfo) error {
	err := same(
		"upload", string(g.UploadID), w.GetUploadID(), "created", g.CreationTime, int64(w.GetCreationTime()),
		"type", g.Replication.Type, ReplicationType(w.GetType().Number()), "id", g.ObjectID, int64(w.GetObjectID()),
		"update", g.UpdateID, int64(w.GetUpdateID()), "parent", g.ParentID, int64(w.GetParentID()),
		"schema", g.SchemaVersion, int32(w.GetSchemaVersion()), "volume", string(g.VolumeName), w.GetVolumeName(),
		"bucket", string(g.BucketName), w.GetBucketName(), "key", string(g.KeyName), w.GetKeyName())
	if err != nil {
		return err
	}
	parts := g.Parts()
	for _, p := range w.PartKeyInfoList {
		if !parts.Next() {
			return fmt.Errorf("parts end early: %v", parts.Err())
		}
		if string(parts.PartName) != p.GetPartName() || parts.PartNumber != int32(p.GetPartNumber()) {
			return fmt.Errorf("part %q %d, want %q %d", parts.PartName, parts.PartNumber, p.GetPartName(), p.GetPartNumber())
		}
		if err := compareKey(&parts.Key, p.PartKeyInfo); err != nil {
			return err
		}
	}
	if parts.Next() {
		return errors.New("a part too many")
	}
	return parts.Err()
}

// same compares triples of name, got and want.
func same(triples ...any) error {
	for i := 0; i < len(triples); i += 3 {
		if triples[i+1] != triples[i+2] {
			return fmt.Errorf("%v: %v, want %v", triples[i], triples[i+1], triples[i+2])
		}
	}
	return nil
}
