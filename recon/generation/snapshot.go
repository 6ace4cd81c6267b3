package generation

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"reconsim/faults/point"
	"reconsim/recon/env"
	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// Snapshot is a verified OM checkpoint that lies in a folder.
type Snapshot struct {
	Dir     string
	Version *rocksdb.Version
	// Lineage says whose snapshot it is; its term#index is read from the rows.
	Lineage Lineage
	// Report is what verifying its tables found.
	Report *rocksdb.Report
	// AsOf is a time at which the OM was not yet past it; zero if unknown.
	AsOf time.Time
}

// AdoptSnapshot takes over a verified OM checkpoint: its table files are
// hard-linked into the generation and ingested where they lie (D14).
func (s *Staged) AdoptSnapshot(ctx context.Context, from Snapshot) error {
	if err := s.env.Point(ctx, point.StagingIngest, Name(s.Build()), 0); err != nil {
		return fmt.Errorf("ingest OM tables: %w", err)
	}
	s.meta.Lineage, s.meta.AsOf = from.Lineage, from.AsOf
	s.meta.BaseSeq, s.meta.AppliedSeq = from.Version.LastSequence, from.Version.LastSequence
	s.meta.Families = map[uint32]string{}
	layers, err := s.externalLayers(from)
	if err != nil {
		return err
	}
	if err := s.linkTables(from.Dir, s.meta.External); err != nil {
		return err
	}
	if s.store, err = openStore(s.env, s.dir, storeOptions{cache: s.layout.cache}); err != nil {
		return err
	}
	for _, layer := range layers {
		err := s.store.call(ctx, "ingest-external", func() error {
			if err := s.store.quietFlush(); err != nil {
				return err
			}
			_, err := s.store.db.IngestExternalFiles(ctx, layer)
			return err
		})
		if err != nil {
			return fmt.Errorf("ingest OM tables in place: %w", err)
		}
	}
	value, found, err := s.Reader().Get(omdb.TransactionInfoTable, []byte(omdb.TransactionInfoKey))
	if err != nil {
		return err
	}
	if !found {
		return errors.New("the checkpoint has no transactionInfoTable row, so its place in the OMs' log is unknown")
	}
	if s.meta.Applied, err = omdb.ParseTransactionInfo(value); err != nil {
		return err
	}
	s.meta.Lineage.Snapshot = s.meta.Applied
	return s.setMeta(ctx)
}

// externalLayers orders the tables for ingestion, bottom layer first: files of
// one call must not overlap, and a later call lies on top.
func (s *Staged) externalLayers(from Snapshot) ([][]pebble.ExternalFile, error) {
	var layers [][]pebble.ExternalFile
	plan, err := rocksdb.PlanIngest(from.Version, from.Report)
	if err != nil {
		return nil, err
	}
	for _, family := range plan.Families {
		s.meta.Families[family.ID] = family.Name
		t, known := omdb.TableByName(family.Name)
		if !known {
			continue // A family that this program does not know stays with the OM.
		}
		if len(family.Rewrite) > 0 {
			return nil, fmt.Errorf("family %s cannot be used where it lies: %s", family.Name, strings.Join(family.Rewrite, "; "))
		}
		for depth, group := range family.Groups {
			for len(layers) <= depth {
				layers = append(layers, nil)
			}
			for _, f := range group {
				layers[depth] = append(layers[depth], rocksdb.ExternalFile(f, omLocator, f.Name(), []byte{byte(t)}))
				s.meta.External = append(s.meta.External, ExternalTable{Table: t, File: f, Rows: entries(from.Report.Family(family.Name), f)})
			}
		}
	}
	return layers, nil
}

func entries(report *rocksdb.FamilyReport, f rocksdb.File) uint64 {
	for _, t := range report.Tables {
		if t.File.Number == f.Number {
			return t.Entries
		}
	}
	return 0
}

// verifyExternal checks every external table of a generation, since neither
// opening nor ingesting looks at them (study of the seam).
func verifyExternal(ctx context.Context, e *env.Env, dir string, tables []ExternalTable) error {
	for _, t := range tables {
		// VerifyTable also compares the file's size with the manifest's.
		if _, err := rocksdb.VerifyTable(ctx, e.FS(), e.FS().PathJoin(dir, omDirName), t.File); err != nil {
			return fmt.Errorf("OM table %s of %s: %w", t.File.Name(), t.Table, err)
		}
	}
	return nil
}
