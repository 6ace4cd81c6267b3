// Package oracle computes what a correct Recon answers, from facts alone.
//
// It shares nothing with the engine or with the fake OM's row writing: it has
// its own bins, erasure-coding arithmetic, row keys and staging state edges, so
// that a mistake made in both of those cannot hide.
//
// The model is multi-version. Every row, every subtree total, every counter is
// a history of values by index of the replicated log; a query names an index
// and sees the state after that transaction, neither more nor less. Apply adds
// a state, Forget drops old ones. Subtree totals (files, bytes, replicated
// bytes, directories, histogram) are kept at every directory, so that
// summaries cost a few searches; only listings cost by the row.
//
// Vocabulary. A node holds keys: a directory, the root of an FSO bucket, or the
// flat space of names of another bucket. A link is a node's place in the tree.
// A file is reachable if links lead from it to a bucket that exists.
//
// # Samples
//
// NewSampled judges a base of any size with memory for a sample of it. The rows
// of the sample are loaded, and with them the strays: keys that have a block
// in one of the sample's containers, and the directories above them. All other
// rows are folded: counted once into the counts of tables, the file counts of
// their bucket, the sums of pending rows and the totals of the nearest loaded
// node above them. So the totals of every loaded node are complete, but what
// lies directly in it may not be: a node is partial if its directories or its
// files are folded, and a bucket that is not in the sample as a whole is
// partial too. Folded rows never change; a transaction that would change one is
// refused with ErrOutside where that can be seen.
//
// A query whose answer needs a folded row is refused with ErrNotModelled: names
// in partial nodes that are not loaded, sub-paths of partial nodes, containers
// of the base outside the sample, listings below a partial directory, pages of a
// partial bucket that leave a stretch of loaded neighbours. Everything else is
// answered as if all rows were there; Requests draws only such queries.
//
// # Decisions
//
// The specification of the REST API decides. Where it is silent, where Ozone
// mixes two states, or where it errs, this is the right answer:
//
//   - All of an answer is of one state.
//   - Totals, counts of keys and histograms of a path cover everything
//     reachable below it. Files below a deleted directory count in none of
//     them, but do count in fileCount, in the container tables, in table counts
//     (so in clusterState.keys) and in the listing of their bucket, as long as
//     their rows exist.
//   - numDir counts directories of FSO buckets, those below directories
//     included. numBucket counts link buckets too. The root's numVolume and
//     numBucket, numDir and numKey are sums over all volumes and buckets.
//   - LEGACY buckets are those of ozone.om.enable.filesystem.paths=false: like
//     OBJECT_STORE, and directory markers are keys of size 0.
//   - Paths: only "/" is the root. Runs of slashes count as one and slashes at
//     the end as none, except in the key's part of a path into a bucket that is
//     not FSO: that is the key's name as it stands after one slash. Dots mean
//     nothing special. Where a directory and a file have one name, the path is
//     the directory's.
//   - usage: sub-paths are volumes, buckets, directories, and with files=true
//     keys; those of a key are []. sizeDirectKey equals size for buckets and
//     directories, else −1; a bucket without files and directories may also
//     have −1 (no row yet) or 0 (row left by deltas). sizeWithReplica is −1
//     everywhere unless replica=true. In a bucket that is not FSO a key's
//     sub-path is its bare name. Sub-paths of one size may come in any order,
//     and any of them may fall to the cut; unsorted ones in any order.
//   - PATH_NOT_FOUND in usage has path null, size 0, sizeWithReplica −1, no
//     sub-paths, sizeDirectKey −1. In dist and quota all numbers are 0.
//   - objectInfo of the root and of directories has the eight common fields,
//     quotas 0. name of a key is the row's key name (FSO: the leaf). Fields
//     that no fact holds (ACLs, metadata, quotaInNamespace of volumes and
//     buckets, …) must be there, with any value: see [Any].
//   - prevKey means: strictly after this row key in the listing's order,
//     whether or not the row still exists, so that a deleted cursor row neither
//     ends nor skips a listing. lastKey of an empty page is "" (listKeys: not
//     there).
//   - containers/{id}/keys is in the byte order of row key + "_" + version.
//     prevKey resumes after prevKey + "_" + version 0 and skips prevKey's other
//     versions. totalCount is the number of rows at that state. limit counts rows,
//     and a key shows the versions on its page; Blocks has the blocks in this
//     container only. Times have three digits of milliseconds and end in Z.
//   - CompletePath of an unreachable file is "", its path in listKeys the bare
//     name.
//   - listKeys lists exactly the bucket named (not other buckets whose names
//     begin alike), or everything reachable below the FSO directory named, in
//     the byte order of row keys: in a directory listing, too, whole
//     directories come in the order of their keys "/vid/bid/pid/". parentId is
//     0 outside FSO buckets. It answers 400 without a volume and bucket, and
//     404 (or 400) for what Ozone answers 500 to: unknown names, a file, a
//     prefix below a bucket that is not FSO. With limit below 1 it shows one
//     key. A page without keys has path "" and totals −1.
//   - fileCount: the filters for volume and bucket work alone and together;
//     fileSize counts only with both and if it is a bound. The order is free.
//   - open summaries count openKeyTable and openFileTable, with the open keys of
//     multipart uploads; deleted summaries count keys, not records; multipart
//     sizes are those of the parts in the upload's own row.
//   - A transaction is one step. Of several changes of one row the last one
//     counts, and deletions come before everything else.
//
// # Limits
//
// Index ranges before the base or after the last transaction are errors, not
// guesses. Facts that make a directory its own ancestor are errors. Histories
// grow until Forget. About 400 bytes of memory a loaded key; folding takes some
// 70 ns a key and no memory. Of an overwrite of a folded key by name in a bucket
// without directories an oracle of a sample would know nothing: transactions
// must come from a workload confined to the sample.
package oracle
