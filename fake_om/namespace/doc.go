// Package namespace is a synthetic Ozone namespace as plain facts: what the
// volumes, buckets, directories and keys are, without any of the formats in
// which an OM stores them.
//
// The model has two halves.
//
//   - Base is the namespace at a fixed index of the replicated log. It is a pure
//     function of its Config: key number i has the same name, size, blocks and
//     ids in every run, so nothing is stored for it. The big kinds are walked
//     in the byte order of the row keys of their OM table with memory for one
//     directory (or group of names) at a time.
//   - Workload continues the log: valid transactions, each with the rows it
//     puts and deletes. It remembers only what differs from the Base.
//
// Vocabulary. A fact is one of the types in facts.go. A row is a fact as an OM
// keeps it; ID names a row, and a change of a row replaces the fact of equal
// ID. A node is a directory of a bucket's tree by number, in preorder; node 0 is
// the bucket itself. A group is a run of object names with one prefix. Pending
// rows are open keys, deleted keys and uploads. A directory is reachable when
// no directory above it waits in deletedDirectoryTable.
//
// Invariants.
//
//   - Config.Keys counts the rows of keyTable and fileTable that are no Legacy
//     directory marker. Files under a deleted directory are among them: their
//     rows are still in fileTable.
//   - Object ids are (2<<62 | index<<8), unique, and every index of the base is
//     at most Base.LastIndex. A bucket's index is below its directories'.
//   - Names of files begin with a byte below the first byte of every name of
//     a directory; so preorder is byte order, and no file shadows a directory.
//   - Sizes are bounded so that the replicated bytes of a billion keys fit int64.
//
// Borrowed facts. A walk yields one fact again and again: the pointer and its
// slices are valid only during the call (Clone keeps them), its strings for
// ever. Facts of Base.Key and of transactions are the caller's own.
//
// Legacy buckets have directory markers above every key, unless
// Config.NoFilesystemPaths; keys there never have a slash too many.
//
// Limits. Walking directories costs one allocation a row (the path), all else
// one for each node or group. A base makes 2 % of an ordinary namespace's rows
// pending. Block lengths add up to the key's size in the latest version only.
// Snapshots, tenants, ACLs and multipart parts in a table of their own are not
// modelled. A Base is safe for concurrent use, a Workload is not.
package namespace
