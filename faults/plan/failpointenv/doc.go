// Package failpointenv removes GO_FAILPOINTS and GO_FAILPOINTS_HTTP from the
// environment of the process before github.com/pingcap/failpoint can read them.
//
// Why: failpoint reads both in its init. A value it cannot parse ends the
// program before main, and an address opens a port. Faults of this program come
// from a plan and from nowhere else (design D8), so neither variable may have
// any effect.
//
// How: Go initialises packages whose imports are ready in the order of their
// import paths. This package imports nothing but syscall and sorts before
// "time"; failpoint needs time. So this init always runs first. A test starts a
// process with a poisoned environment and proves it.
package failpointenv
