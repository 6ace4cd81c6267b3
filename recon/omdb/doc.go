// Package omdb knows an Ozone Manager's database: its tables, its keys, its
// rows, and how the write batches of an OM become events.
//
// # The model
//
// An OM's database is a set of tables (column families) of byte keys and
// protobuf values. [Table] numbers them in our own order, because an OM's
// numbers differ from OM to OM. A [Decoder] turns one row into a [Row], a view
// that borrows the row's bytes and holds the few fields Recon uses. A [Fetch]
// takes the write batches of one reply of DBUpdates, in order, and yields the
// row changes and the [Event] list that the tasks fold.
//
// # Vocabulary
//
//   - layout: how a bucket's keys lie in the tables. OBJECT_STORE and LEGACY
//     keys are rows of keyTable named by volume, bucket and key;
//     FILE_SYSTEM_OPTIMIZED (FSO) keys are rows of fileTable and directoryTable
//     named by the signed decimal object ids of volume, bucket and parent.
//   - fetch: one reply of DBUpdates with all its write batches.
//   - borrowed: bytes that belong to someone else and are valid only as long
//     as that one says.
//
// # Invariants
//
//   - Bytes from outside never cause a panic or a large allocation; a row that
//     cannot be read is a [CorruptRowError] with table, key and offset.
//   - Decoding a row allocates nothing.
//   - 64-bit ids are int64: the OM's are Java longs and mostly negative.
//   - A Fetch reports each deletion of a key once, however often the batches
//     repeat it (DEF-T11).
//
// # Limits
//
// Rows of tables that no task looks into are kept as bytes. Of the rows that
// are read, the fields that Recon does not use (ACLs, metadata, encryption) are
// stepped over and not checked.
package omdb
