package rocksdb

import (
	"errors"
	"fmt"
	"reflect"
	"strings"
)

// failer is what testing.T, testing.F and rapid.T share.
type failer interface {
	Helper()
	Fatalf(format string, args ...any)
}

func requireNoError(t failer, err error) {
	t.Helper()
	if err != nil {
		t.Fatalf("unexpected error: %v", err)
	}
}

// requireError wants an error that wraps target and mentions text.
func requireError(t failer, err, target error, text string) {
	t.Helper()
	if !errors.Is(err, target) {
		t.Fatalf("error %v\ndoes not wrap %v", err, target)
	}
	if !strings.Contains(err.Error(), text) {
		t.Fatalf("error %q\ndoes not mention %q", err, text)
	}
}

func requireEqual(t failer, want, got any) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("want %s\n got %s", show(want), show(got))
	}
}

func show(v any) string {
	s := fmt.Sprintf("%+v", v)
	if len(s) > 4000 {
		s = s[:4000] + "…"
	}
	return s
}
