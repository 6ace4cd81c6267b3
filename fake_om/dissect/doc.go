// Package dissect takes a RocksDB checkpoint apart byte by byte. It is a test
// instrument: it checks what recon/rocksdb writes and shares no code with it, so
// that a mistake made there once cannot hide by being made in its reader as
// well. It imports the standard library only, reads a real directory with os,
// holds everything in memory and aims at plainness, not speed. No product code
// may import it.
//
// # The model
//
// CURRENT names the manifest, whose log records are version edits that list
// families and tables. A table is data blocks, an index, properties, a
// meta-index and a footer; every block ends with a codec byte and a masked
// CRC-32C. A row's internal key is the user key and eight bytes, sequence<<8 |
// kind, little endian. The live rows of a family are, over all its tables, the
// newest version of each key, unless that is a delete.
//
// # What it insists on
//
// Only what our own writer may produce passes: table format 2, CRC-32C, no or
// Snappy compression, a one-level index, puts and deletes. Restart points,
// index separators, row counts, the manifest's bounds, sizes and sequence
// numbers must all agree. Two versions of a key with the same sequence number
// are an error: RocksDB could not tell which is newer, and its iterator would
// show a deleted row again.
package dissect
