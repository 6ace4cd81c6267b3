package oracle

// legalEdges is the staging state machine with the edges that the design
// document misses (spec: Recon processing side 6.1). It is written down here a
// second time on purpose: the engine's own table must not judge the engine.
var legalEdges = map[[2]string]bool{
	{"NONE", "INITIALIZING"}:            true,
	{"INITIALIZING", "PROCESSING"}:      true,
	{"PROCESSING", "READY_TO_COMMIT"}:   true,
	{"READY_TO_COMMIT", "COMMITTING"}:   true,
	{"COMMITTING", "COMMITTED"}:         true,
	{"COMMITTED", "NONE"}:               true,
	{"INITIALIZING", "ROLLING_BACK"}:    true,
	{"PROCESSING", "ROLLING_BACK"}:      true,
	{"READY_TO_COMMIT", "ROLLING_BACK"}: true,
	{"COMMITTING", "ROLLING_BACK"}:      true,
	{"ROLLING_BACK", "NONE"}:            true,
	{"ROLLING_BACK", "FAILED"}:          true,
	{"FAILED", "INITIALIZING"}:          true,
	{"FAILED", "NONE"}:                  true,
}

// LegalEdge reports whether staging may go from one state to another.
func LegalEdge(from, to string) bool { return legalEdges[[2]string{from, to}] }

// LegalAfterCrash reports whether staging may be in a state when the process
// comes up again after it ended in state before. What was not committed is
// discarded; in COMMITTING and COMMITTED the durable pointer decides, which the
// first state alone does not show. FAILED stays until somebody acts.
func LegalAfterCrash(before, first string) bool {
	switch before {
	case "FAILED":
		return first == "FAILED" || first == "NONE"
	case "ROLLING_BACK":
		return first == "NONE" || first == "ROLLING_BACK" || first == "FAILED"
	case "COMMITTING", "COMMITTED":
		return first == "NONE" || first == "COMMITTED"
	case "NONE", "INITIALIZING", "PROCESSING", "READY_TO_COMMIT":
		return first == "NONE"
	default:
		return false
	}
}
