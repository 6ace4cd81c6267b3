// Package tinyom is an Ozone Manager for the tests of the rooms above recon's
// rows: a few rows in memory, its checkpoint, its write batches and its answers
// to requests. It cannot do more than what such a test asks of it; the fake OM
// of the simulation is another, and recon may not import it.
//
// # The model
//
// An [OM] holds rows by table and a log of write batches. Changes collect until
// [OM.Commit], which makes one batch of them, with its #TRANSACTIONINFO row. A
// [Cluster] answers requests for several OMs of which one leads.
//
// # Limits
//
// Object ids are small numbers, every key is RATIS/3, and the log is never cut
// unless the test does it.
package tinyom
