// Package derived knows the tables that Recon derives from an OM's rows: their
// numbers, names, key and value formats, and what can be asked of them.
//
// # The model
//
// The derived rows lie in the same store as the OM rows they were made from, in
// tables numbered after the OM's. Their bytes are Apache Ozone Recon's own, so
// that rows of a real Recon can be compared with ours one by one. The tasks
// write them; the API asks.
//
// # Vocabulary
//
//   - summary: an [NSSummary], the totals below one bucket or directory.
//   - triple: (container, key, version), one row of containerKeyTable and, the
//     other way round, one of keyContainerTable. The key is the OM's database
//     key, not the key's name.
//   - bin and bound: a file's size falls into one of 41 bins of a summary's
//     histogram, and has one of 42 upper bounds in fileCountBySizeTable.
//
// # Invariants
//
//   - All integers in keys and fixed-width values are big-endian.
//   - One content has one encoding: child ids stand in ascending order, so that
//     two stores with the same content have the same bytes.
//   - Bytes that are not what they should be are an error, never a panic.
//   - The Append functions allocate nothing beyond growing dst.
//
// # Limits
//
// A summary counts files in 32 bits, as Ozone's does: beyond 2^31-1 files under
// one bucket the number wraps.
package derived
