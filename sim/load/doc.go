// Package load runs the engine at scale and measures it.
//
// # The model
//
// A load run is a scenario in the tier load: generator, transfer, staging,
// commit, views, readers and oracle are those of every other run. Only the
// number of keys is large, so three things differ. The oracle keeps a sample of
// the keys one by one and the rest as sums (package oracle); the traffic
// changes what lies in the sample; and readers are open-loop, that is, requests
// fall due at a steady rate and are measured from then.
//
// Recon bootstraps with nobody served, rests, and then rebuilds from a new
// snapshot under readers and deltas. That second rebuild is the one measured.
//
// # Vocabulary
//
//   - phase: what the run is at; one follows another, so that the time and the
//     CPU seconds of the process can be told apart by phase: oracle (the pass
//     over the base that adds up what is not kept), generate, transfer (from the
//     wire into files), extract (until the files are a verified checkpoint),
//     ingest, scan (one for all tasks), sinks (what tasks gathered is sorted,
//     merged and ingested), seal, validate, catch-up, commit.
//   - rebuild: from ingest to the end of commit.
//   - sample: the keys that the oracle keeps one by one.
//
// # Invariants
//
//   - Every answer is judged, as in every tier; totals cover all keys.
//   - The run's memory does not grow with the number of keys.
//
// # Limits
//
// The OM, the readers and the judges share process and cores with the engine,
// so figures are of all of them together; a listing below a directory that is
// not in the sample is not asked for.
package load
