// Package fakeom is a cluster of Ozone Managers without Ozone: several nodes
// in one process, one of which leads, that serve Recon with the formats and the
// protocol of Ozone 2.2.0, from a synthetic namespace (package
// fake_om/namespace) and a seeded workload.
//
// # The model
//
// The workload is the replicated log. Every [Cluster] holds the same log for
// all its nodes and each [Node] applies it by itself, in the same order, but in
// batches of its own: flush boundaries are seeded by node, and a node writes
// rows that no other has. So the nodes' rows are equal and their sequence
// numbers mean nothing to each other. Column family ids differ as well.
//
//	namespace ─ base tables, written once, shared by all nodes
//	workload  ─ transactions ─ rows ─ per node: write batch ─ log ─ memtable ─ runs
//	request   ─ Submit (ServiceList, DBUpdates) │ Checkpoint (a tar, made while read)
//
// # Vocabulary
//
//   - base table: a sorted table of rows of the base namespace, at level 6 of
//     every checkpoint and never changed.
//   - memtable: a node's changes that are only in its log; run: a level-0 table
//     into which a memtable was flushed.
//   - batch: a RocksDB write batch, as DBUpdates serves it. A batch is synced
//     in the node's log before anybody can see it.
//   - local batch: a batch that one node writes by itself; it changes nothing
//     that an oracle of the namespace knows.
//   - index: a transaction's place in the replicated log; term#index is in
//     transactionInfoTable.
//
// # Invariants
//
//   - A checkpoint is consistent at one sequence number, whatever is applied
//     while it is read. Its last sequence is at least 1.
//   - A batch starts where the one before it ended, unless a fault was asked
//     for; after a node restarts or adopts another's state its log is empty.
//   - Everything is a function of (base, seed, calls): no clock but the Env's,
//     no order of maps, no goroutine. The servers are in fake_om/server.
//
// # Limits
//
// Rows beyond the namespace's facts are transactionInfoTable's one and the
// compactionLogTable rows of local batches. userTable is empty, rows carry no ACLs. An
// OM does not log its Raft no-ops, so a new term begins at the next transaction.
package fakeom
