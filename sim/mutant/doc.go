// Package mutant is the catalogue of planted mistakes: for each, what it does,
// which property must see it, and in which scenario. A mistake that no checker
// sees would mean that the checkers are blind.
//
// The switches themselves are in the engine, at the places where the mistake
// would be made (faults/point.Mutation); nothing but a run's options turns
// them on.
package mutant
