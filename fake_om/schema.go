package fakeom

import (
	"fmt"
	"math/rand/v2"

	"github.com/cespare/xxhash/v2"

	"reconsim/recon/omdb"
)

// Schema names the set of column families that the OMs have.
type Schema string

// The two schemas that a world can ask for.
const (
	// Schema220 is Ozone 2.2.0's: 23 named families.
	Schema220 Schema = "2.2.0"
	// SchemaTrunk adds the two lifecycle families of Ozone's trunk.
	SchemaTrunk Schema = "trunk"
)

// naturalOrder is the order in which 2.2.0 creates its families on a fresh
// database: the family at position i has id i+1.
var naturalOrder = []omdb.Table{
	omdb.FileTable, omdb.PrincipalToAccessIDsTable, omdb.DeletedTable, omdb.UserTable,
	omdb.S3SecretTable, omdb.TransactionInfoTable, omdb.OpenKeyTable, omdb.SnapshotInfoTable,
	omdb.DirectoryTable, omdb.MultipartPartsTable, omdb.PrefixTable, omdb.CompactionLogTable,
	omdb.MultipartInfoTable, omdb.VolumeTable, omdb.TenantStateTable, omdb.DeletedDirectoryTable,
	omdb.TenantAccessIDTable, omdb.OpenFileTable, omdb.SnapshotRenamedTable, omdb.DTokenTable,
	omdb.MetaTable, omdb.KeyTable, omdb.BucketTable,
}

// Tables lists the schema's families in the order of creation on a fresh
// database. Trunk's additions come last, as on an upgraded one.
func (s Schema) Tables() ([]omdb.Table, error) {
	switch s {
	case Schema220:
		return append([]omdb.Table(nil), naturalOrder...), nil
	case SchemaTrunk:
		return append(append([]omdb.Table(nil), naturalOrder...),
			omdb.LifecycleConfigurationTable, omdb.LifecycleScanStateTable), nil
	}
	return nil, fmt.Errorf("fake OM: schema %q is not known, use %q or %q", s, Schema220, SchemaTrunk)
}

// families is one node's numbering of the schema: ids from 1, 0 being the
// unused default family.
type families struct {
	order []omdb.Table // by id-1
	ids   [256]uint32  // by table; 0 = not in the schema
}

func newFamilies(order []omdb.Table) families {
	f := families{order: order}
	for i, t := range order {
		f.ids[t] = uint32(i + 1)
	}
	return f
}

// permutedFamilies numbers the schema for the node at place in the cluster. The
// first node has the natural order, every other one an order of its own.
func permutedFamilies(natural []omdb.Table, seed uint64, place int) families {
	order := append([]omdb.Table(nil), natural...)
	if place > 0 {
		r := rand.New(rand.NewPCG(seed, uint64(place)))
		r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
		if order[0] == natural[0] {
			order[0], order[1] = order[1], order[0]
		}
	}
	return newFamilies(order)
}

// keyedChoice is a random number that belongs to its arguments and not to the
// order in which such numbers are drawn, so that a restart or one more node
// changes no other choice.
func keyedChoice(seed uint64, what string, node string, n int64) uint64 {
	var d xxhash.Digest
	d.ResetWithSeed(seed)
	_, _ = d.WriteString(what)
	_, _ = d.WriteString("\x00")
	_, _ = d.WriteString(node)
	var b [9]byte
	for i := range 8 {
		b[i+1] = byte(n >> (8 * i))
	}
	_, _ = d.Write(b[:])
	return d.Sum64()
}
