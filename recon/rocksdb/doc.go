// Package rocksdb reads and writes RocksDB's files and write batches as bytes.
// It knows nothing of Ozone, opens no database and keeps no state: every
// function takes the file system (pebble's vfs.FS) and a directory, or a byte
// slice.
//
// # The model
//
// A checkpoint is a directory: CURRENT names a manifest; the manifest lists
// column families and, for each, table files in levels; a table holds sorted
// internal keys (user key, sequence number, kind) in checksummed blocks; a log
// (*.log) may hold write batches newer than the tables. A Version is what the
// manifest says, a Batch is one write batch, a Record is one operation in it.
//
//	ReadCheckpoint  directory → Version (every named file exists, right size)
//	VerifyTables    Version → Report (every block checked, keys in order)
//	PlanIngest      Version + Report → groups Pebble may ingest, or why not
//	ScanFamily      live rows of one family, merged over levels and logs
//	RewriteCheckpoint  any readable checkpoint → one that Pebble can ingest
//	TableWriter, WriteCheckpoint  rows → a checkpoint that RocksDB opens
//	Batch, BatchBuilder           write batches of a delta stream
//
// Pebble ingests a table where it lies only in RocksDB's format 2, with puts
// and deletes alone and one version of each key; it verifies nothing about such
// a file. So whoever seals or recovers a directory calls ReadCheckpoint and
// VerifyTables first. Tables that an Ozone Manager writes (format 5) must go
// through RewriteCheckpoint.
//
// # Invariants
//
//   - Bytes from outside never cause a panic, nor an allocation beyond a
//     constant times what was read: they give an error that wraps ErrCorrupt,
//     ErrUnsupported or ErrNotACheckpoint and names file and offset.
//   - Scanning and writing rows does not allocate per row.
//   - A Batch is verified whole before its first record is handed out.
//   - Files are synced before the name that makes them reachable: tables, then
//     manifest, then CURRENT.
//   - Output is a pure function of the input: no clock, no randomness, no map
//     order.
//
// # Limits
//
// Table formats 0 to 5; CRC-32C, xxHash64 and XXH3 checksums; none, Snappy,
// zlib, LZ4 and Zstandard without dictionary; the bytewise comparator. Refused
// with ErrUnsupported: newer formats, blob files, merge operands, wide columns,
// user timestamps, two-phase commit records. Unflushed logs are merged in
// memory.
package rocksdb
