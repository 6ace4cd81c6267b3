package check

import (
	"encoding/json"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/require"
	"pgregory.net/rapid"
)

func TestSameText(t *testing.T) {
	for _, c := range []struct {
		name, want, got string
		same            bool
	}{
		{"equal", `{"a":1}`, `{"a":1}`, true},
		{"a number differs", `{"a":1}`, `{"a":2}`, false},
		{"something follows", `{"a":1}`, `{"a":1}x`, false},
		{"cut off", `{"a":1}`, `{"a":1`, false},
		{"any text", `{"a":"\u0000any","b":2}`, `{"a":"x,}\"","b":2}`, true},
		{"any number", `["\u0000any",2]`, `[1e5,2]`, true},
		{"any list", `{"a":"\u0000any"}`, `{"a":[{"b":"]"},[]]}`, true},
		{"any of two", `{"a":"\u0000any","b":"\u0000any"}`, `{"a":null,"b":{}}`, true},
		{"any, but it is no JSON", `{"a":"\u0000any","b":2}`, `{"a":nul,"b":2}`, false},
		{"any, but nothing is there", `{"a":"\u0000any"}`, `{"a":}`, false},
		{"any, but it never ends", `{"a":"\u0000any"}`, `{"a":["`, false},
		{"any, but what follows differs", `{"a":"\u0000any","b":2}`, `{"a":1,"b":3}`, false},
		{"any, but what is before differs", `{"c":1,"a":"\u0000any"}`, `{"c":2,"a":1}`, false},
		{"any in a name is a name", `{"a":"x\"\u0000any"}`, `{"a":"x\"1"}`, false},
	} {
		require.Equal(t, c.same, sameText([]byte(c.want), []byte(c.got)), c.name)
	}
}

// TestAcceptedTextsAreRight: what is accepted letter by letter is also accepted
// when it is taken apart, however the answer was spoiled.
func TestAcceptedTextsAreRight(t *testing.T) {
	w := newWorld(t)
	rng := rand.New(rand.NewPCG(2, 2))
	requests, err := w.oracle.Requests(w.first+10, rng, 200)
	require.NoError(t, err)
	accepted := 0
	rapid.Check(t, func(t *rapid.T) {
		a, err := w.oracle.Ask(w.first+10, rapid.SampledFrom(requests).Draw(t, "request"))
		require.NoError(t, err)
		body := w.body(w.first+10, rapid.SampledFrom(requests).Draw(t, "other"))
		if rapid.Bool().Draw(t, "right") {
			body, err = json.Marshal(a.Body)
			require.NoError(t, err)
		}
		at := rapid.IntRange(0, len(body)-1).Draw(t, "at")
		switch rapid.IntRange(0, 3).Draw(t, "spoil") {
		case 0:
			body[at] = rapid.SampledFrom([]byte(`0"{}[],:x `)).Draw(t, "byte")
		case 1:
			body = append(body[:at:at], body[at+1:]...)
		}
		if a.Status != 200 || !isText(a, body) {
			return
		}
		accepted++
		got, err := decode(body)
		require.NoError(t, err)
		want, err := expect(a)
		require.NoError(t, err)
		require.Nil(t, want.differs(200, got))
	})
	require.NotZero(t, accepted)
}
