package plan

import (
	"errors"
	"fmt"

	"reconsim/faults/point"
)

// ErrKilled is what a passage gets when Runtime.Kill came back.
var ErrKilled = errors.New("killed by the plan")

// Injected is the error that a rule planted. It unwraps to the system error for
// errno, to context's error for hang, and to ErrKilled for kill.
type Injected struct {
	// Rule is the name of the rule.
	Rule string
	// Point, Subject and N are the passage's.
	Point   point.Point
	Subject string
	N       int64
	// Do is the action that ended the passage.
	Do Action
	// Cause is what the error unwraps to.
	Cause error
}

// Error prints the cause, the place and the rule.
func (e *Injected) Error() string {
	at := e.Point.String()
	if e.Subject != "" {
		at += " of " + e.Subject
	}
	return fmt.Sprintf("%v (planted by rule %s at %s)", e.Cause, e.Rule, at)
}

// Unwrap returns the cause.
func (e *Injected) Unwrap() error { return e.Cause }

// EffectOf returns the effect that a Hit asked the caller to carry out, if the
// error is one.
func EffectOf(err error) (Effect, bool) {
	var injected *Injected
	if !errors.As(err, &injected) {
		return nil, false
	}
	effect, ok := injected.Do.(Effect)
	return effect, ok
}

// IsInjected reports whether the error was planted by a rule, and by which.
func IsInjected(err error) (rule string, ok bool) {
	var injected *Injected
	if !errors.As(err, &injected) {
		return "", false
	}
	return injected.Rule, true
}
