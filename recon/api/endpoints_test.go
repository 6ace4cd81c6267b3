package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/stretchr/testify/require"
)

// TestEndpoints runs the files of testdata/endpoints: requests to a small
// world and whole answers. -rewrite writes the answers anew.
//
//	get [paths] [body=<text>] [method=<name>]
//	/request
//	Header: value
//
// asks; paths asks the world with ozone.om.enable.filesystem.paths=true.
func TestEndpoints(t *testing.T) {
	datadriven.Walk(t, "testdata/endpoints", func(t *testing.T, path string) {
		handlers := map[bool]*fixtureHandler{false: smallWorld(t, false).handler(), true: smallWorld(t, true).handler()}
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			require.Equal(t, "get", d.Cmd)
			lines := strings.Split(strings.TrimSpace(d.Input), "\n")
			var headers []string
			for _, line := range lines[1:] {
				name, value, ok := strings.Cut(line, ": ")
				require.True(t, ok, line)
				headers = append(headers, name, value)
			}
			first := handlers[d.HasArg("paths")].get(base+lines[0], headers...)
			second := handlers[d.HasArg("paths")].get(base+lines[0], headers...)
			require.Equal(t, first.Body.String(), second.Body.String(), "one state has one body")
			return show(t, first.Code, first.Header().Get("Content-Type"), first.Body.Bytes())
		})
	})
}

func show(t *testing.T, code int, kind string, body []byte) string {
	var out bytes.Buffer
	fmt.Fprintf(&out, "%d %s\n", code, kind)
	if len(body) > 0 {
		require.NoError(t, json.Indent(&out, body, "", " "))
		require.NotEqual(t, byte('\n'), body[len(body)-1])
		out.WriteByte('\n')
	}
	return out.String()
}
