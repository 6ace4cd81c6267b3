// Package namespace is a synthetic Ozone namespace as plain facts: what the
// volumes, buckets, directories and keys are, without any of the formats in
// which an OM stores them.
//
// The model has two halves and a part of the first.
//
//   - Base is the namespace at a fixed index of the replicated log. It is a pure
//     function of its Config: key number i has the same name, size, blocks and
//     ids in every run, so nothing is stored for it. The big kinds are walked
//     in the byte order of the row keys of their OM table with memory for one
//     directory (or group of names) at a time.
//   - Workload continues the log: valid transactions, each with the rows it
//     puts and deletes. It remembers only what differs from the Base.
//   - Sample is a part of a Base that fits into memory at any number of keys.
//     A Workload may be confined to it; the rest of the Base then never
//     changes, and Outside walks it without names, for sums.
//
// Vocabulary. A fact is one of the types in facts.go. A row is a fact as an OM
// keeps it; ID names a row, and a change of a row replaces the fact of equal
// ID. A node is a directory of a bucket's tree by number, in preorder; node 0 is
// the bucket itself. A group is a run of object names with one prefix. Pending
// rows are open keys, deleted keys and uploads. A directory is reachable when
// no directory above it waits in deletedDirectoryTable. A stretch is a run of
// rows, neighbours in the order of their row keys, that are all in a sample. An
// anchor is a directory above a sampled subtree; all its subdirectories' rows
// are in the sample, its files are not. A stray is a key in the sample only
// for a block in a sampled container.
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
//   - A sample is closed: below a sampled directory everything is sampled,
//     pending rows are sampled with the directory they belong to, and what a
//     confined workload changes is in the sample or of its own making.
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
// modelled. Samples smaller than a few hundred keys a bucket have subtrees of
// one directory. A Base is safe for concurrent use, a Workload is not.
package namespace
