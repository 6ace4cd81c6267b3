package namespace

import "reflect"

// tester is *testing.T or *rapid.T.
type tester interface {
	Helper()
	Fatalf(format string, args ...any)
}

// check ends the test unless ok; the rest says what was looked at.
func check(t tester, ok bool, format string, args ...any) {
	t.Helper()
	if !ok {
		t.Fatalf(format, args...)
	}
}

// equal ends the test unless both are deeply equal.
func equal(t tester, want, got any, what string) {
	t.Helper()
	if !reflect.DeepEqual(want, got) {
		t.Fatalf("%s:\nwant %+v\n got %+v", what, want, got)
	}
}
