package fakeom

import (
	"archive/tar"
	"context"
	"errors"
	"io"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"
	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
	"reconsim/recon/env"
	"reconsim/recon/rocksdb"
)

func testEnv() *env.Env {
	return env.New(env.Options{FS: vfs.NewMem(), Runtime: env.NewGoroutines(), Quiet: true})
}

func testOptions(keys int64) Options {
	return Options{Dir: "om", Base: namespace.New(namespace.Config{Seed: 7, Keys: keys}), Seed: 11, TableBytes: 32 << 10}
}

func newCluster(t *testing.T, e *env.Env, o Options) *Cluster {
	t.Helper()
	c, err := Open(e, o)
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, c.Close()) })
	return c
}

// extract unpacks a checkpoint into dir and returns the entries' names.
func extract(t *testing.T, fs vfs.FS, dir string, body io.Reader) []string {
	t.Helper()
	require.NoError(t, fs.MkdirAll(dir, 0o755))
	var names []string
	r := tar.NewReader(body)
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return names
		}
		require.NoError(t, err)
		require.Equal(t, byte(tar.TypeReg), h.Typeflag)
		names = append(names, h.Name)
		f, err := fs.Create(fs.PathJoin(dir, h.Name), vfs.WriteCategoryUnspecified)
		require.NoError(t, err)
		_, err = io.Copy(f, r)
		require.NoError(t, err)
		require.NoError(t, f.Close())
	}
}

func download(t *testing.T, e *env.Env, c *Cluster, node, dir string) (names []string, v *rocksdb.Version) {
	t.Helper()
	body, contentType, err := c.Checkpoint(context.Background(), node)
	require.NoError(t, err)
	require.Equal(t, ContentTypeTar, contentType)
	names = extract(t, e.FS(), dir, body)
	require.NoError(t, body.Close())
	v, err = rocksdb.ReadCheckpoint(e.FS(), dir)
	require.NoError(t, err)
	_, err = rocksdb.VerifyTables(context.Background(), e.FS(), dir, v, rocksdb.VerifyOptions{})
	require.NoError(t, err)
	return names, v
}

func TestBootstrap(t *testing.T) {
	e := testEnv()
	c := newCluster(t, e, testOptions(2000))
	_, v := download(t, e, c, "om1", "first")
	t.Log(v.LastSequence, len(v.Families))
	n, err := c.Burst(100)
	require.NoError(t, err)
	require.Equal(t, 100, n)
	names, v := download(t, e, c, "om1", "second")
	t.Log(names, v.LastSequence)
}
