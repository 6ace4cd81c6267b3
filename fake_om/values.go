package fakeom

import (
	"strconv"

	"reconsim/fake_om/namespace"
)

// Values that upstream writes and that no fact decides.
const (
	noQuota     = -1 // quotaInNamespace of volumes and buckets
	storageDisk = 1  // storageType of buckets
)

func appendVolumeValue(dst []byte, v *namespace.Volume) []byte {
	dst = appendString(dst, 1, v.Admin)
	dst = appendString(dst, 2, v.Owner)
	dst = appendString(dst, 3, v.Name)
	dst = appendInt(dst, 4, v.QuotaBytes)
	dst = appendInt(dst, 7, v.CreatedMillis)
	dst = appendInt(dst, 8, v.ObjectID)
	dst = appendInt(dst, 9, v.UpdateID)
	dst = appendInt(dst, 10, v.ModifiedMillis)
	dst = appendInt(dst, 11, noQuota)
	dst = appendInt(dst, 12, 0)
	return appendInt(dst, 13, 0)
}

func appendBucketValue(dst []byte, b *namespace.Bucket) []byte {
	dst = appendString(dst, 1, b.Volume)
	dst = appendString(dst, 2, b.Name)
	dst = appendBool(dst, 4, false)
	dst = appendInt(dst, 5, storageDisk)
	dst = appendInt(dst, 6, b.CreatedMillis)
	dst = appendInt(dst, 9, b.ObjectID)
	dst = appendInt(dst, 10, b.UpdateID)
	dst = appendInt(dst, 11, b.ModifiedMillis)
	if b.SourceVolume != "" {
		dst = appendString(dst, 12, b.SourceVolume)
		dst = appendString(dst, 13, b.SourceBucket)
	}
	dst = appendInt(dst, 14, b.UsedBytes)
	dst = appendInt(dst, 15, b.QuotaBytes)
	dst = appendInt(dst, 16, noQuota)
	dst = appendInt(dst, 17, b.UsedNamespace)
	dst = appendInt(dst, 18, int64(b.Layout))
	return appendString(dst, 19, b.Owner)
}

func appendDirectoryValue(dst []byte, d *namespace.Directory) []byte {
	dst = appendString(dst, 1, d.Name)
	dst = appendInt(dst, 2, d.CreatedMillis)
	dst = appendInt(dst, 3, d.ModifiedMillis)
	dst = appendInt(dst, 6, d.ObjectID)
	dst = appendInt(dst, 7, d.UpdateID)
	return appendInt(dst, 8, d.ParentID)
}

// appendKeyValue appends a KeyInfo. name is what stands in keyName: the last
// path component in fileTable, the whole path everywhere else.
func appendKeyValue(dst []byte, k *namespace.Key, name string) []byte {
	dst = appendString(dst, 1, k.Volume)
	dst = appendString(dst, 2, k.Bucket)
	dst = appendString(dst, 3, name)
	dst = appendInt(dst, 4, k.SizeBytes)
	dst = appendReplication(dst, 5, &k.Replication)
	latest := int64(-1)
	for i := range k.Versions {
		dst = appendLocations(dst, k.Versions[i].Number, k.Versions[i].Blocks)
		latest = int64(k.Versions[i].Number)
	}
	dst = appendInt(dst, 8, k.CreatedMillis)
	dst = appendInt(dst, 9, k.ModifiedMillis)
	dst = appendInt(dst, 10, latest)
	dst = appendInt(dst, 14, k.ObjectID)
	dst = appendInt(dst, 15, k.UpdateID)
	dst = appendInt(dst, 16, k.ParentID)
	if k.Replication.Kind == namespace.ErasureCoded {
		dst = appendErasureCoding(dst, 17, &k.Replication)
	}
	dst = appendBool(dst, 19, k.Layout == namespace.FileSystemOptimized)
	return appendString(dst, 20, k.Owner)
}

// appendReplication appends the type and, unless erasure coded, the factor in
// the field after it.
func appendReplication(dst []byte, field int, r *namespace.Replication) []byte {
	dst = appendInt(dst, field, int64(r.Kind))
	if r.Kind != namespace.ErasureCoded {
		dst = appendInt(dst, field+1, int64(r.Factor))
	}
	return dst
}

func appendErasureCoding(dst []byte, field int, r *namespace.Replication) []byte {
	dst, start := beginMessage(dst, field)
	dst = appendInt(dst, 1, int64(r.DataUnits))
	dst = appendInt(dst, 2, int64(r.ParityUnits))
	dst = appendString(dst, 3, r.Codec)
	dst = appendInt(dst, 4, int64(r.ChunkBytes))
	return endMessage(dst, start)
}

// appendLocations appends one version's KeyLocationList as a KeyInfo's field 7.
func appendLocations(dst []byte, version uint64, blocks []namespace.Block) []byte {
	dst, list := beginMessage(dst, 7)
	dst = appendInt(dst, 1, int64(version))
	multipart := false
	for i := range blocks {
		b := &blocks[i]
		multipart = multipart || b.PartNumber != 0
		var location, block, container int
		dst, location = beginMessage(dst, 2)
		dst, block = beginMessage(dst, 1)
		dst, container = beginMessage(dst, 1)
		dst = appendInt(dst, 1, b.ContainerID)
		dst = appendInt(dst, 2, b.LocalID)
		dst = endMessage(dst, container)
		dst = appendInt(dst, 2, 0)
		dst = endMessage(dst, block)
		dst = appendInt(dst, 3, b.OffsetBytes)
		dst = appendInt(dst, 4, b.LengthBytes)
		dst = appendInt(dst, 5, int64(version))
		dst = appendInt(dst, 9, int64(b.PartNumber))
		dst = endMessage(dst, location)
	}
	dst = appendBool(dst, 4, multipart)
	return endMessage(dst, list)
}

func appendDeletedKeysValue(dst []byte, d *namespace.DeletedKeys) []byte {
	for i := range d.Keys {
		var start int
		dst, start = beginMessage(dst, 1)
		dst = appendKeyValue(dst, &d.Keys[i], d.Keys[i].Path)
		dst = endMessage(dst, start)
	}
	return appendInt(dst, 2, d.BucketID)
}

// appendDeletedDirectoryValue appends a directory as the KeyInfo without blocks
// that deletedDirectoryTable holds.
func appendDeletedDirectoryValue(dst []byte, d *namespace.DeletedDirectory) []byte {
	dst = appendString(dst, 1, d.Volume)
	dst = appendString(dst, 2, d.Bucket)
	dst = appendString(dst, 3, d.Path)
	dst = appendInt(dst, 4, 0)
	dst = appendInt(dst, 5, int64(namespace.Ratis))
	dst = appendInt(dst, 6, 1)
	dst = appendInt(dst, 8, d.CreatedMillis)
	dst = appendInt(dst, 9, d.ModifiedMillis)
	dst = appendInt(dst, 10, -1)
	dst = appendInt(dst, 14, d.ObjectID)
	dst = appendInt(dst, 15, d.UpdateID)
	dst = appendInt(dst, 16, d.ParentID)
	return appendBool(dst, 19, false)
}

// appendUploadValue appends a MultipartKeyInfo with its parts inside (schema 0,
// the only one that 2.2.0 has).
func appendUploadValue(dst []byte, u *namespace.Upload) []byte {
	dst = appendString(dst, 1, u.UploadID)
	dst = appendInt(dst, 2, u.CreatedMillis)
	dst = appendReplication(dst, 3, &u.Replication)
	for i := range u.Parts {
		dst = appendPart(dst, u, &u.Parts[i])
	}
	dst = appendInt(dst, 6, u.ObjectID)
	dst = appendInt(dst, 7, u.UpdateID)
	dst = appendInt(dst, 8, u.ParentID)
	if u.Replication.Kind == namespace.ErasureCoded {
		dst = appendErasureCoding(dst, 9, &u.Replication)
	}
	return appendInt(dst, 10, 0)
}

func appendPart(dst []byte, u *namespace.Upload, p *namespace.Part) []byte {
	dst, part := beginMessage(dst, 5)
	dst, name := beginMessage(dst, 1)
	dst = append(append(append(dst, '/'), u.Volume...), '/')
	dst = append(append(append(dst, u.Bucket...), '/'), u.Path...)
	dst = append(append(append(dst, '-'), u.UploadID...), '-')
	dst = strconv.AppendInt(dst, int64(p.Number), 10)
	dst = endMessage(dst, name)
	dst = appendInt(dst, 2, int64(p.Number))
	dst, key := beginMessage(dst, 3)
	versions := [1]namespace.BlockVersion{{Blocks: p.Blocks}}
	dst = appendKeyValue(dst, &namespace.Key{
		Volume: u.Volume, Bucket: u.Bucket, Owner: u.Owner, Layout: u.Layout,
		ParentID: u.ParentID, ObjectID: u.ObjectID, UpdateID: u.UpdateID,
		SizeBytes: p.SizeBytes, Replication: u.Replication, Versions: versions[:],
		CreatedMillis: u.CreatedMillis, ModifiedMillis: u.ModifiedMillis,
	}, u.Path)
	dst = endMessage(dst, key)
	return endMessage(dst, part)
}
