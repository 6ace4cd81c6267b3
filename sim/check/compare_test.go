package check

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"reconsim/fake_om/namespace"
	"reconsim/sim/oracle"
)

// TestUsageOrder: sub-paths of one size may stand in any order, others not.
func TestUsageOrder(t *testing.T) {
	rows := []namespace.Row{
		&namespace.Volume{Name: "v"},
		&namespace.Bucket{Volume: "v", Name: "b", Layout: namespace.ObjectStore, ObjectID: 5},
	}
	for i := range 35 {
		size := int64(10)
		if i == 7 {
			size = 20
		}
		rows = append(rows, &namespace.Key{
			Volume: "v", Bucket: "b", Name: fmt.Sprintf("k%02d", i), Layout: namespace.ObjectStore, SizeBytes: size,
			Replication: namespace.Replication{Kind: namespace.Ratis, Factor: 1},
		})
	}
	o, err := oracle.NewFromRows(0, func(yield func(namespace.Row) bool) {
		for _, r := range rows {
			if !yield(r) {
				return
			}
		}
	})
	require.NoError(t, err)
	a, err := o.Ask(0, "/namespace/usage?path=/v/b&files=true")
	require.NoError(t, err)
	want, err := expect(a)
	require.NoError(t, err)
	u := a.Body.(oracle.Usage)
	require.Len(t, u.SubPaths, 30)
	differs := func(edit func(list []oracle.SubPath) []oracle.SubPath) *Difference {
		c := u
		c.SubPaths = edit(append([]oracle.SubPath(nil), u.SubPaths...))
		text, err := json.Marshal(c)
		require.NoError(t, err)
		tree, err := decode(text)
		require.NoError(t, err)
		return want.differs(200, tree)
	}
	keep := func(l []oracle.SubPath) []oracle.SubPath { return l }
	require.Nil(t, differs(keep))
	require.Nil(t, differs(func(l []oracle.SubPath) []oracle.SubPath { l[3], l[9] = l[9], l[3]; return l }))
	// One that fell to the cut instead of another of its size.
	require.Nil(t, differs(func(l []oracle.SubPath) []oracle.SubPath { l[29] = u.All[33]; return l }))
	require.Equal(t, "$.subPaths[0].size", differs(func(l []oracle.SubPath) []oracle.SubPath { l[0], l[1] = l[1], l[0]; return l }).Path)
	require.Equal(t, "$.subPaths[4].path", differs(func(l []oracle.SubPath) []oracle.SubPath { l[4] = l[3]; return l }).Path)
	require.Equal(t, "$.subPaths[2].isKey", differs(func(l []oracle.SubPath) []oracle.SubPath { l[2].IsKey = false; return l }).Path)
	require.Equal(t, "$.subPaths.length", differs(func(l []oracle.SubPath) []oracle.SubPath { return l[:29] }).Path)
}

func FuzzParseLabel(f *testing.F) {
	for _, s := range []string{`"2210457-7";applied=2210988`, ` "1-2" ; x=y; applied=3`, `"1-2"`, `1-2;applied=3`, `"";applied=`, `"1-+2";applied=-3`} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		l, err := ParseLabel(s)
		if err != nil {
			return
		}
		again, err := ParseLabel(fmt.Sprintf(`"%s";applied=%d`, l.ID(), l.AppliedSeq))
		require.NoError(t, err)
		require.Equal(t, l, again)
	})
}

func FuzzCheckBody(f *testing.F) {
	for _, s := range []string{`{}`, `[]`, `null`, `[[]]`, `{"subPaths":[1,{"path":3}]}`, `{"countStats":{"numKey":1e400}}`, `"\u0000any"`} {
		f.Add(s, true)
		f.Add(s, false)
	}
	base := namespace.New(namespace.Config{Keys: 50, Volumes: 1, BucketsPerLayout: 1})
	o, err := oracle.New(base)
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(_ *testing.T, body string, usage bool) {
		c := New(o, Options{})
		request := "/utilization/fileCount"
		if usage {
			request = "/namespace/usage?path=/vol"
		}
		c.Check(Observation{Request: request, Status: 200, Body: []byte(body)})
	})
}

func BenchmarkCheck(b *testing.B) {
	base := namespace.New(namespace.Config{Keys: 200_000})
	o, err := oracle.New(base)
	require.NoError(b, err)
	for _, request := range []string{rootSummary, clusterState, "/namespace/usage?path=/vol&replica=true", "/keys/listKeys?startPrefix=/vol/bkt&limit=50"} {
		for _, repeated := range []bool{false, true} {
			b.Run(fmt.Sprintf("%s/repeated=%t", strings.Split(request, "?")[0], repeated), func(b *testing.B) {
				c := New(o, Options{IndexAt: func(string, uint64) (int64, bool) { return o.Last(), true }})
				c.Published(Published{Build: 1, BaseSeq: 1, AppliedSeq: 1})
				a, err := o.Ask(o.Last(), request)
				require.NoError(b, err)
				text, _ := json.Marshal(a.Body)
				ob := Observation{Request: request, Status: 200, Body: text, Header: http.Header{"Recon-Generation": {`"1-1";applied=1`}}}
				for b.Loop() {
					if !repeated {
						clear(c.accepted)
					}
					if v := c.Check(ob); v != nil {
						b.Fatal(v)
					}
				}
			})
		}
	}
}
