package derived

import (
	"fmt"

	"reconsim/recon/omdb"
)

// ContainerKeys are the keys with blocks in one container.
type ContainerKeys struct {
	// TotalCount counts the container's triples, not only this page's.
	TotalCount int64
	Keys       []ContainerKeyInfo
	// LastKey is the cursor to go on after, "" if the page is empty.
	LastKey string
}

// ContainerKeyInfo is one key of a container.
type ContainerKeyInfo struct {
	Volume, Bucket, Key string
	// CompletePath is volume/bucket/… without a leading slash; "" if a
	// directory above was deleted.
	CompletePath string
	SizeBytes    int64
	Versions     []ContainerKeyVersion
	// CreatedMillis and ModifiedMillis are milliseconds since 1970.
	CreatedMillis, ModifiedMillis int64
}

// ContainerKeyVersion is one version of a key with its blocks in the container.
type ContainerKeyVersion struct {
	Version  int64
	LocalIDs []int64
}

// ContainerKeys lists the keys of a container in the order of containerKeyTable
// (spec/api.md 4.6), after the database key after, which may be gone by now.
// limit counts triples, negative means all. As in Ozone the cursor names a key
// and no version: of a key with several versions in the container, those that
// a page had no room for are not on the next one either.
func (q *Query) ContainerKeys(containerID int64, after string, limit int) (ContainerKeys, error) {
	var c ContainerKeys
	value, found, err := q.Rows.Get(ContainerKeyCount, AppendLong(nil, containerID))
	if err != nil {
		return c, err
	}
	if found {
		var ok bool
		if c.TotalCount, ok = ParseLong(value); !ok {
			return c, fmt.Errorf("container %d: its key count has %d bytes, not 8", containerID, len(value))
		}
	}
	triples, err := q.triples(containerID, after, limit)
	if err != nil {
		return c, err
	}
	parents := parentPaths{query: q}
	for _, t := range triples {
		c.LastKey = t.key
		k, found, err := q.containerKey(containerID, t, &parents)
		if err != nil {
			return c, err
		}
		if found {
			c.Keys = append(c.Keys, k)
		}
	}
	return c, nil
}

// keyVersions are the triples of one key in one container.
type keyVersions struct {
	key      string
	versions []int64
}

func (q *Query) triples(containerID int64, after string, limit int) (all []keyVersions, err error) {
	if limit == 0 {
		return nil, nil
	}
	prefix := append(AppendLong(nil, containerID), separator)
	lower := prefix
	if after != "" {
		// Not AppendContainerKey with the largest version: rows of keys that
		// begin with after and "_" lie between.
		lower = append(append(append([]byte(nil), prefix...), after...), separator)
	}
	count := 0
	err = q.Rows.Scan(ContainerKey, lower, prefixEnd(prefix), func(row, _ []byte) (bool, error) {
		_, key, version, ok := ParseContainerKey(row)
		if !ok {
			return false, fmt.Errorf("containerKeyTable: key %q has not the form of a triple", row)
		}
		if after != "" && string(key) == after {
			return true, nil
		}
		if n := len(all); n > 0 && all[n-1].key == string(key) {
			all[n-1].versions = append(all[n-1].versions, version)
		} else {
			all = append(all, keyVersions{key: string(key), versions: []int64{version}})
		}
		count++
		return count != limit, nil
	})
	return all, err
}

// containerKey joins the triples of a key with its OM row. A key that has no
// row, which one consistent state never shows, is not found.
func (q *Query) containerKey(containerID int64, t keyVersions, parents *parentPaths) (k ContainerKeyInfo, found bool, err error) {
	table := omdb.KeyTable
	value, found, err := q.Rows.Get(table, []byte(t.key))
	if err == nil && !found {
		table = omdb.FileTable
		value, found, err = q.Rows.Get(table, []byte(t.key))
	}
	if err != nil || !found {
		return k, false, err
	}
	row, err := q.decoder.Decode(table, []byte(t.key), value)
	if err != nil {
		return k, false, err
	}
	info := &row.KeyInfo
	k = ContainerKeyInfo{
		Volume: string(info.VolumeName), Bucket: string(info.BucketName), Key: string(info.KeyName),
		SizeBytes: info.DataSize, CreatedMillis: info.CreationTime, ModifiedMillis: info.ModificationTime,
	}
	for _, version := range t.versions {
		v := ContainerKeyVersion{Version: version}
		blocks := info.Blocks()
		for blocks.Next() {
			if blocks.Block.Version == version && blocks.Block.ContainerID == containerID {
				v.LocalIDs = append(v.LocalIDs, blocks.Block.LocalID)
			}
		}
		if err := blocks.Err(); err != nil {
			return k, false, err
		}
		k.Versions = append(k.Versions, v)
	}
	k.CompletePath = k.Volume + "/" + k.Bucket + "/" + k.Key
	if table == omdb.FileTable {
		k.CompletePath, err = filePath(t.key, k, parents)
	}
	return k, true, err
}

func filePath(dbKey string, k ContainerKeyInfo, parents *parentPaths) (string, error) {
	place, ok := omdb.ParseFileKey([]byte(dbKey))
	if !ok {
		return "", fmt.Errorf("containerKeyTable: %q is not /volume/bucket/parent/name", dbKey)
	}
	above, reachable, err := parents.of(place.BucketID, place.ParentID)
	if err != nil || !reachable {
		return "", err
	}
	return k.Volume + "/" + k.Bucket + "/" + above + k.Key, nil
}
