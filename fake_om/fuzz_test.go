package fakeom

import (
	"archive/tar"
	"bytes"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"reconsim/recon/omdb"
	"reconsim/recon/rocksdb"
)

// FuzzLog: whatever a segment holds, reading it ends with whole, continuous
// batches or an error.
func FuzzLog(f *testing.F) {
	fs := vfs.NewMem()
	l, err := openLog(fs, "log", nil)
	require.NoError(f, err)
	var builder rocksdb.BatchBuilder
	fam := newFamilies(naturalOrder)
	for start := uint64(5); start < 9; start += 2 {
		info := omdb.TransactionInfo{Term: 1, Index: int64(start)}
		b := &writeBatch{start: start, info: info, rows: []rowChange{infoRow(info), {table: omdb.KeyTable, key: "k", delete: true}}}
		b.build(&builder, &fam)
		require.NoError(f, l.append(b))
	}
	require.NoError(f, l.close())
	content, err := readFile(fs, l.path(l.segments[0]))
	require.NoError(f, err)
	f.Add(content)
	f.Add(content[:len(content)-1])
	f.Add([]byte{})
	f.Add(bytes.Repeat([]byte{0xff}, 40))
	f.Fuzz(func(t *testing.T, content []byte) {
		fs := vfs.NewMem()
		require.NoError(t, fs.MkdirAll("log", 0o755))
		require.NoError(t, writeFileAtomically(fs, "log", "00000001.log", content))
		next := uint64(0)
		l, err := openLog(fs, "log", func(r *logRecord, b rocksdb.Batch) error {
			if next != 0 {
				require.Equal(t, next, r.start)
			}
			next = r.end + 1
			return nil
		})
		if err == nil {
			require.NoError(t, l.close())
		}
	})
}

// FuzzExtract: no archive makes a file outside the folder.
func FuzzExtract(f *testing.F) {
	for _, name := range []string{"000001.sst", "./CURRENT", "../escaped", "a/b", "..", "/etc/x"} {
		var archive bytes.Buffer
		w := tar.NewWriter(&archive)
		require.NoError(f, w.WriteHeader(&tar.Header{Typeflag: tar.TypeReg, Name: name, Size: 3, Mode: 0o644}))
		_, err := w.Write([]byte("abc"))
		require.NoError(f, err)
		require.NoError(f, w.Close())
		f.Add(archive.Bytes())
	}
	f.Fuzz(func(t *testing.T, archive []byte) {
		fs := vfs.NewMem()
		_ = ExtractCheckpoint(fs, bytes.NewReader(archive), "a/cp")
		for dir, want := range map[string]int{"": 1, "a": 1} {
			names, err := fs.List(dir)
			require.NoError(t, err)
			require.Len(t, names, want)
		}
	})
}

// TestExtractRefusesToLeave (OM-H9).
func TestExtractRefusesToLeave(t *testing.T) {
	c := newCluster(t, testEnv(), testOptions(10))
	require.NoError(t, c.FailTransfers(TransferFault{Kind: TransferEscape}))
	body, _, err := c.Checkpoint(t.Context(), "om1")
	require.NoError(t, err)
	require.ErrorContains(t, ExtractCheckpoint(vfs.NewMem(), body, "cp"), `"../escaped.sst"`)
	require.NoError(t, body.Close())
}
