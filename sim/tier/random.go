package tier

import (
	"crypto/rand"
	mathrand "math/rand/v2"
)

// seedProcess makes crypto/rand a function of the seed until the returned
// function is called: SQLite draws the nonce of its journal from there.
func seedProcess(seed uint64) (restore func()) {
	before := rand.Reader
	var key [32]byte
	for i := range 8 {
		key[i] = byte(seed >> (8 * i))
	}
	rand.Reader = seededBytes{mathrand.NewChaCha8(key)}
	return func() { rand.Reader = before }
}

type seededBytes struct{ source *mathrand.ChaCha8 }

func (s seededBytes) Read(p []byte) (int, error) { return s.source.Read(p) }
