package matrix

import (
	"context"
	"encoding/binary"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"slices"

	"github.com/cespare/xxhash/v2"

	"reconsim/recon/generation"
	"reconsim/recon/omdb"
	"reconsim/recon/swap"
)

// probes are answered on every restart, one for each way in which a handler
// reads: SQL, single derived rows, a range of them, OM rows. All rows are read whole besides, and whatever was not seen before is
// asked for at every endpoint.
var probes = [...]string{
	"/api/v1/clusterState",
	"/api/v1/namespace/summary?path=/",
	"/api/v1/containers/1/keys?limit=7",
	"/api/v1/keys/listKeys?startPrefix=/&limit=7",
}

// wholeNeed asks for every row of SQL.
var wholeNeed = generation.Need{Stats: true, FileCounts: &generation.FileCountFilter{}}

// content is what a restart serves, as a hash, and the label that it bears.
type content struct {
	label  generation.Label
	digest uint64
	// rows counts those of all tables, SQL's included.
	rows int
}

// contentKey is a content for the table of those that were compared.
type contentKey struct {
	state  State
	index  int64
	digest uint64
}

func (c content) key() contentKey {
	return contentKey{state: stateOf(c.label), index: c.label.Applied.Index, digest: c.digest}
}

// readWhole reads every row of the newest view, and asks the handler once at
// each endpoint.
func readWhole(ctx context.Context, s *started) (content, error) {
	view, release, err := s.recon.Protocol.Acquire(ctx, "crashes", wholeNeed)
	if err != nil {
		return content{}, fmt.Errorf("acquire a view: %w", err)
	}
	defer release()
	c := content{label: view.Label()}
	h := xxhash.New()
	if err := hashRows(h, view, &c.rows); err != nil {
		return c, err
	}
	hashSQL(h, view.SQL(), &c.rows)
	for _, request := range probes {
		a := askHandler(ctx, s.recon.Handler, request)
		if a.Code >= http.StatusInternalServerError {
			return c, fmt.Errorf("GET %s: status %d: %.200s", request, a.Code, a.Body.Bytes())
		}
		hashAnswer(h, a)
	}
	c.digest = h.Sum64()
	return c, nil
}

func askHandler(ctx context.Context, h http.Handler, request string) *httptest.ResponseRecorder {
	a := httptest.NewRecorder()
	h.ServeHTTP(a, httptest.NewRequestWithContext(ctx, http.MethodGet, request, nil))
	return a
}

// wholeView is a view that can be read from its first row to its last.
type wholeView interface {
	ScanAll(fn func(t omdb.Table, key, value []byte) (bool, error)) error
}

func hashRows(h *xxhash.Digest, view swap.View, rows *int) error {
	whole, ok := view.(wholeView)
	if !ok {
		return fmt.Errorf("a view of type %T cannot be read whole", view)
	}
	head := make([]byte, 9)
	return whole.ScanAll(func(t omdb.Table, key, value []byte) (bool, error) {
		head[0] = byte(t)
		binary.LittleEndian.PutUint32(head[1:], uint32(len(key)))
		binary.LittleEndian.PutUint32(head[5:], uint32(len(value)))
		// A hash never fails to take bytes.
		_, _ = h.Write(head)
		_, _ = h.Write(key)
		_, _ = h.Write(value)
		*rows++
		return true, nil
	})
}

func hashSQL(h *xxhash.Digest, sql generation.SQLRows, rows *int) {
	for _, name := range slices.Sorted(maps.Keys(sql.Stats)) {
		hashText(h, name)
		hashNumber(h, sql.Stats[name])
	}
	for _, c := range sql.FileCounts {
		hashText(h, c.Volume)
		hashText(h, c.Bucket)
		hashNumber(h, c.UpperBound)
		hashNumber(h, c.Count)
	}
	*rows += len(sql.Stats) + len(sql.FileCounts)
}

func hashAnswer(h *xxhash.Digest, a *httptest.ResponseRecorder) {
	hashNumber(h, int64(a.Code))
	hashText(h, a.Header().Get("Recon-Generation"))
	hashText(h, a.Header().Get("Recon-Lineage"))
	hashNumber(h, int64(a.Body.Len()))
	_, _ = h.Write(a.Body.Bytes())
}

func hashText(h *xxhash.Digest, s string) {
	hashNumber(h, int64(len(s)))
	_, _ = h.WriteString(s)
}

func hashNumber(h *xxhash.Digest, n int64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], uint64(n))
	_, _ = h.Write(b[:])
}
