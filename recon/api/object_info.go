package api

import (
	"fmt"

	"google.golang.org/protobuf/proto"

	"reconsim/recon/derived"
	"reconsim/recon/omdb"
	"reconsim/recon/ozonepb"
)

// objectBody is what Ozone tells of an object of any type; of the root and of
// directories it is all (spec/api.md 4.12).
type objectBody struct {
	Metadata         map[string]string `json:"metadata"`
	Name             *string           `json:"name"`
	QuotaInBytes     int64             `json:"quotaInBytes"`
	QuotaInNamespace int64             `json:"quotaInNamespace"`
	UsedNamespace    int64             `json:"usedNamespace"`
	CreationTime     int64             `json:"creationTime"`
	ModificationTime int64             `json:"modificationTime"`
	ACLs             []aclBody         `json:"acls"`
}

type volumeBody struct {
	objectBody
	Admin  string `json:"admin"`
	Owner  string `json:"owner"`
	Volume string `json:"volume"`
}

// bucketBody has versioning twice, as Ozone does.
type bucketBody struct {
	objectBody
	VolumeName        string                  `json:"volumeName"`
	StorageType       string                  `json:"storageType"`
	Versioning        bool                    `json:"versioning"`
	VersioningEnabled bool                    `json:"versioningEnabled"`
	UsedBytes         int64                   `json:"usedBytes"`
	SnapshotUsedBytes int64                   `json:"snapshotUsedBytes"`
	Encryption        *bucketEncryptionBody   `json:"encryptionInfo"`
	Replication       *defaultReplicationBody `json:"replicationConfigInfo"`
	SourceVolume      *string                 `json:"sourceVolume"`
	SourceBucket      *string                 `json:"sourceBucket"`
	BucketLayout      string                  `json:"bucketLayout"`
	Owner             *string                 `json:"owner"`
}

type bucketEncryptionBody struct {
	KeyName string `json:"keyName"`
	Suite   int32  `json:"suite"`
	Version int32  `json:"version"`
}

type keyBody struct {
	objectBody
	VolumeName  string              `json:"volumeName"`
	BucketName  string              `json:"bucketName"`
	KeyName     string              `json:"keyName"`
	DataSize    int64               `json:"dataSize"`
	Versions    []locationsBody     `json:"keyLocationVersions"`
	Replication any                 `json:"replicationConfig"`
	Encryption  *fileEncryptionBody `json:"encInfo"`
	FileName    string              `json:"fileName"`
	File        bool                `json:"file"`
}

type fileEncryptionBody struct {
	KeyName          string `json:"keyName"`
	EZKeyVersionName string `json:"ezKeyVersionName"`
	EncryptedKey     []byte `json:"encryptedDataEncryptionKey"`
	IV               []byte `json:"iv"`
}

// objectInfo tells of the OM's row of an entity.
func objectInfo(rows omdb.Reader, e derived.Entity) (any, error) {
	switch e.Type {
	case derived.Root:
		return rootInfo(rows)
	case derived.Volume:
		v := &ozonepb.VolumeInfo{}
		if err := unmarshal(e, v); err != nil {
			return nil, err
		}
		return volumeInfo(v), nil
	case derived.Bucket:
		b := &ozonepb.BucketInfo{}
		if err := unmarshal(e, b); err != nil {
			return nil, err
		}
		return bucketInfo(b), nil
	case derived.Directory:
		if e.Table == omdb.DirectoryTable {
			d := &ozonepb.DirectoryInfo{}
			if err := unmarshal(e, d); err != nil {
				return nil, err
			}
			return objectBody{
				Metadata: metadata(d.GetMetadata()), Name: d.Name, ACLs: acls(d.GetAcls()),
				CreationTime: int64(d.GetCreationTime()), ModificationTime: int64(d.GetModificationTime()),
			}, nil
		}
	}
	k := &ozonepb.KeyInfo{}
	if err := unmarshal(e, k); err != nil {
		return nil, err
	}
	if e.Type == derived.Directory { // a LEGACY bucket's directory marker
		body := keyObject(k)
		name := fileName(k.GetKeyName())
		body.Name = &name
		return body, nil
	}
	return keyInfo(k), nil
}

func unmarshal(e derived.Entity, m proto.Message) error {
	if err := proto.Unmarshal(e.Value, m); err != nil {
		return fmt.Errorf("%s, the row of %s: %w", e.Table, e.Path, err)
	}
	return nil
}

// rootInfo tells of the prefix "/", which seldom has a row.
func rootInfo(rows omdb.Reader) (any, error) {
	value, found, err := rows.Get(omdb.PrefixTable, []byte("/"))
	if err != nil || !found {
		return objectBody{}, err
	}
	p := &ozonepb.PersistedPrefixInfo{}
	if err := proto.Unmarshal(value, p); err != nil {
		return nil, fmt.Errorf("prefixTable, the row of /: %w", err)
	}
	return objectBody{Metadata: metadata(p.GetMetadata()), Name: p.Name, ACLs: acls(p.GetAcls())}, nil
}

func volumeInfo(v *ozonepb.VolumeInfo) volumeBody {
	return volumeBody{
		objectBody: objectBody{
			Metadata: metadata(v.GetMetadata()), Name: v.Volume,
			QuotaInBytes: int64(v.GetQuotaInBytes()), QuotaInNamespace: v.GetQuotaInNamespace(),
			UsedNamespace: int64(v.GetUsedNamespace()),
			CreationTime:  int64(v.GetCreationTime()), ModificationTime: int64(v.GetModificationTime()),
			ACLs: acls(v.GetVolumeAcls()),
		},
		Admin: v.GetAdminName(), Owner: v.GetOwnerName(), Volume: v.GetVolume(),
	}
}

func bucketInfo(b *ozonepb.BucketInfo) bucketBody {
	body := bucketBody{
		objectBody: objectBody{
			Metadata: metadata(b.GetMetadata()), Name: b.BucketName,
			QuotaInBytes: b.GetQuotaInBytes(), QuotaInNamespace: b.GetQuotaInNamespace(),
			UsedNamespace: int64(b.GetUsedNamespace()),
			CreationTime:  int64(b.GetCreationTime()), ModificationTime: int64(b.GetModificationTime()),
			ACLs: acls(b.GetAcls()),
		},
		VolumeName: b.GetVolumeName(), StorageType: storageType(b.GetStorageType()),
		Versioning: b.GetIsVersionEnabled(), VersioningEnabled: b.GetIsVersionEnabled(),
		UsedBytes: int64(b.GetUsedBytes()), SnapshotUsedBytes: int64(b.GetSnapshotUsedBytes()),
		SourceVolume: b.SourceVolume, SourceBucket: b.SourceBucket, Owner: b.Owner,
		BucketLayout: ozonepb.BucketLayoutProto_LEGACY.String(),
		Replication:  defaultReplication(b.GetDefaultReplicationConfig()),
	}
	switch layout := b.GetBucketLayout(); layout {
	case ozonepb.BucketLayoutProto_FILE_SYSTEM_OPTIMIZED, ozonepb.BucketLayoutProto_OBJECT_STORE:
		body.BucketLayout = layout.String()
	}
	if e := b.GetBeinfo(); e != nil {
		body.Encryption = &bucketEncryptionBody{e.GetKeyName(), e.GetSuite(), e.GetCryptoProtocolVersion()}
	}
	return body
}

// keyObject is what a key has of what all objects have.
func keyObject(k *ozonepb.KeyInfo) objectBody {
	return objectBody{
		Metadata: metadata(k.GetMetadata()), Name: k.KeyName, ACLs: acls(k.GetAcls()),
		CreationTime: int64(k.GetCreationTime()), ModificationTime: int64(k.GetModificationTime()),
	}
}

func keyInfo(k *ozonepb.KeyInfo) keyBody {
	body := keyBody{
		objectBody: keyObject(k),
		VolumeName: k.GetVolumeName(), BucketName: k.GetBucketName(), KeyName: k.GetKeyName(),
		DataSize: int64(k.GetDataSize()), Versions: locations(k),
		Replication: replication(k.GetType(), k.GetFactor(), k.GetEcReplicationConfig()),
		FileName:    fileName(k.GetKeyName()), File: k.GetIsFile(),
	}
	if e := k.GetFileEncryptionInfo(); e != nil {
		body.Encryption = &fileEncryptionBody{e.GetKeyName(), e.GetEzKeyVersionName(), e.GetKey(), e.GetIv()}
	}
	return body
}
