// Command reconsim asks, with evidence, whether a reader of Recon can ever see
// an empty, partial, mixed, backwards or lost answer while everything is
// rebuilt. Its verbs are the files of this folder; what they do is in sim/tier
// and below.
package main
