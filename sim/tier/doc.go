// Package tier runs a scenario in a tier and writes the run's directory.
//
// # The model
//
// A tier is a place to run: sim (one process on virtual time), local (real
// files, real HTTP, real time), process, container and load. The scenario file
// is the same in all; [Vocabulary] says which of its lines a tier cannot
// express, and why. [Run] makes the world that the tier needs, lets it tell the
// story, and writes run.json, events.jsonl and the reports.
//
// # Limits
//
// Only local exists so far; [Available] says so.
package tier
