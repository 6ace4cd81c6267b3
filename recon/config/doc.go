// Package config reads Recon's configuration: Ozone's exact keys, typed and
// checked before anything starts.
//
// # The model
//
// [Keys] is the one table of what can be set: name, default, kind, what it does.
// [Load] lays layers of values over the defaults (file, environment, flags, a
// scenario's config lines) and returns a [Config], or every mistake at once.
// A Config is immutable.
//
// # Vocabulary
//
//   - A key whose name ends in .minutes, .hours or .seconds takes a decimal
//     number of that unit (0.02), so that tests run the real code (D18).
//   - A key with effect "later" is read and checked, and nothing uses it yet;
//     help says so.
//
// # Limits
//
// Java expressions in values (${...}) are taken literally.
package config
