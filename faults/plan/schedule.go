package plan

import "fmt"

// Schedule picks among the passages that match a rule, counted from 1 since
// the rule was armed.
type Schedule interface {
	// String prints the schedule as DSL.
	String() string
	// terms is the schedule in failpoint's language, or as much of it as that
	// language can say; a firing evaluates to a value.
	terms() string
	// picks decides what terms cannot say; hit counts from 1.
	picks(hit int64) bool
	validate() error
}

// Always picks every matching passage.
type Always struct{}

func (Always) String() string   { return "always" }
func (Always) terms() string    { return "return(true)" }
func (Always) picks(int64) bool { return true }
func (Always) validate() error  { return nil }

// Hits picks the passages First to Last, both included.
type Hits struct{ First, Last int64 }

// Hit picks the k-th matching passage alone.
func Hit(k int64) Hits { return Hits{k, k} }

// String prints "on hit K" or "on hit K..L".
func (h Hits) String() string {
	if h.First == h.Last {
		return fmt.Sprintf("on hit %d", h.First)
	}
	return fmt.Sprintf("on hit %d..%d", h.First, h.Last)
}

func (h Hits) terms() string {
	fire := fmt.Sprintf("%d*return(true)->off", h.Last-h.First+1)
	if h.First == 1 {
		return fire
	}
	return fmt.Sprintf("%d*off->%s", h.First-1, fire)
}

func (Hits) picks(int64) bool { return true }

func (h Hits) validate() error {
	if h.First < 1 || h.Last < h.First || h.Last > maxHit {
		return fmt.Errorf("on hit %d..%d: hits count from 1 and the second may not be below the first or above %d", h.First, h.Last, int64(maxHit))
	}
	return nil
}

// Every picks each K-th matching passage: K, 2K, 3K and so on.
type Every struct{ K int64 }

// String prints "every K".
func (e Every) String() string { return fmt.Sprintf("every %d", e.K) }

func (Every) terms() string          { return "return(true)" }
func (e Every) picks(hit int64) bool { return hit%e.K == 0 }
func (e Every) validate() error {
	if e.K < 1 || e.K > maxHit {
		return fmt.Errorf("every %d: must be between 1 and %d", e.K, int64(maxHit))
	}
	return nil
}
