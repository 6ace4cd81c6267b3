package matrix

import (
	"crypto/rand"
	mathrand "math/rand/v2"
)

// seedProcess makes crypto/rand a stream of the seed until the returned
// function is called: SQLite draws the nonce of its journal from there.
func seedProcess(seed uint64) (restore func()) {
	before := rand.Reader
	rand.Reader = &seeded{mathrand.NewChaCha8(keyOf(seed))}
	return func() { rand.Reader = before }
}

type seeded struct{ source *mathrand.ChaCha8 }

func (s *seeded) Read(p []byte) (int, error) { return s.source.Read(p) }

// sameForAll makes crypto/rand give every reader the same bytes, so that
// restarts that run side by side do not depend on each other.
func sameForAll(seed uint64) (restore func()) {
	before := rand.Reader
	rand.Reader = constant{keyOf(^seed)}
	return func() { rand.Reader = before }
}

type constant struct{ key [32]byte }

func (c constant) Read(p []byte) (int, error) { return mathrand.NewChaCha8(c.key).Read(p) }

func keyOf(seed uint64) (key [32]byte) {
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	return key
}
