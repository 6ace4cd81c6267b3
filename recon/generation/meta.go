package generation

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"time"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// Prefixes of keys that belong to no table. They lie above every table's.
const (
	outboxPrefix = 0x7e
	metaPrefix   = 0x7f
)

// schemaVersion is the layout of this package's files.
const schemaVersion = 1

var metaKey = []byte{metaPrefix}

// Meta is the META row of a generation: what its content is.
type Meta struct {
	Schema     int                  `json:"schema"`
	Build      uint64               `json:"build"`
	Lineage    Lineage              `json:"lineage"`
	BaseSeq    uint64               `json:"baseSeq"`
	AppliedSeq uint64               `json:"appliedSeq"`
	Applied    omdb.TransactionInfo `json:"applied"`
	AsOf       time.Time            `json:"asOf"`
	// Families maps the OM's column-family ids, which differ from node to
	// node, to names; batches of this lineage carry these ids.
	Families map[uint32]string `json:"families"`
	// External lists the OM's tables that the store reads in place.
	External []ExternalTable `json:"external"`
	// Sealed is true once the rebuild was complete and synced.
	Sealed bool `json:"sealed"`
}

// ExternalTable is one table file of the OM that was ingested where it lies.
type ExternalTable struct {
	Table omdb.Table `json:"table"`
	// File is the table as the checkpoint's manifest describes it.
	File rocksdb.File `json:"file"`
	// Rows counts its entries.
	Rows uint64 `json:"rows"`
}

// Label is the part of META that answers carry.
func (m Meta) Label() Label {
	return Label{Build: m.Build, BaseSeq: m.BaseSeq, AppliedSeq: m.AppliedSeq, Applied: m.Applied, Lineage: m.Lineage, AsOf: m.AsOf}
}

func (m Meta) encode() []byte {
	out, err := json.Marshal(m)
	if err != nil {
		panic(fmt.Sprintf("META always encodes: %v", err))
	}
	return out
}

func decodeMeta(value []byte) (Meta, error) {
	var m Meta
	if err := json.Unmarshal(value, &m); err != nil {
		return Meta{}, fmt.Errorf("META: %w", err)
	}
	if m.Schema != schemaVersion {
		return Meta{}, fmt.Errorf("META has schema %d, this program reads %d: rebuild from a new snapshot", m.Schema, schemaVersion)
	}
	return m, nil
}

func outboxKey(seq uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{outboxPrefix}, seq)
}
