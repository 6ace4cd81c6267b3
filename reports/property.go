package reports

// meanings says what each property promises, in the words of a reader. A
// property that is not listed is shown by its name alone.
var meanings = map[string]string{
	"one-generation":   "an answer never mixes two generations",
	"never-empty":      "no answer is empty because of a rebuild",
	"exact":            "each answer equals the oracle's at its generation and watermark",
	"monotonic":        "no reader ever goes back in time",
	"read-your-commit": "what was committed is seen by every later read",
	"no-error":         "no error or cut-off scan because of a rebuild",
	"durable-commit":   "a commit survives a crash",
	"crash-atomic":     "after a crash: old or new, and whole",
	"converge":         "once faults stop, Recon equals the OM again",
	"watermark-honest": "the watermark claims no more than was applied",
	"untouched":        "data that does not come from the OM survives a switch",
	"legal-edges":      "the rebuild takes only legal state changes",
	"no-leak":          "no directory, handle or pin is left behind",
	"cancel-bounded":   "a cancelled rebuild stops in bounded time",
	"isolation":        "readers stay fast while a rebuild is under way",
}
