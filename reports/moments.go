package reports

import (
	"fmt"
	"sort"

	"reconsim/reports/record"
)

// moment is one sentence of the story.
type moment struct {
	AtMillis float64
	// Kind picks the glyph: om, fault, staging, publish, rollback, violation.
	Kind string
	Text string
	// Link is the fragment that tells more, or empty.
	Link string
}

// maxMoments bounds the story; a run with more is read from the timeline.
const maxMoments = 60

// story tells a run as sentences in the order of time, and how many it left out.
func story(run record.Run, events events) (moments []moment, omitted int) {
	var all []moment
	for _, e := range events.om {
		all = append(all, moment{AtMillis: e.AtMillis, Kind: "om", Text: omSentence(e)})
	}
	for _, e := range events.faults {
		all = append(all, moment{AtMillis: e.AtMillis, Kind: "fault", Text: faultSentence(e), Link: faultLink(run, e.Fault)})
	}
	serving := ""
	for _, g := range run.Generations {
		all = append(all, generationMoments(g, serving)...)
		if g.PublishedAtMillis != nil {
			serving = fmt.Sprintf("generation %d", g.ID)
		}
	}
	for i, v := range run.Violations {
		if i == maxStoryViolations {
			break
		}
		all = append(all, moment{AtMillis: v.AtMillis, Kind: "violation",
			Text: fmt.Sprintf("%s violated: %s", v.Property, v.Message), Link: violationLink(i)})
	}
	sort.SliceStable(all, func(i, j int) bool { return all[i].AtMillis < all[j].AtMillis })
	if len(all) > maxMoments {
		return all[:maxMoments], len(all) - maxMoments
	}
	return all, 0
}

// maxStoryViolations keeps a broken run's story from being all violations.
const maxStoryViolations = 8

func generationMoments(g record.Generation, serving string) []moment {
	start := fmt.Sprintf("Staging of generation %d starts", g.ID)
	if g.Trigger != "" {
		start += " (" + g.Trigger + ")"
	}
	if g.BaseSeq > 0 {
		start += fmt.Sprintf(" from a snapshot at seq %s", grouped(g.BaseSeq))
	}
	moments := []moment{{AtMillis: g.StartedAtMillis, Kind: "staging", Text: start + "."}}

	switch {
	case g.PublishedAtMillis != nil:
		text := fmt.Sprintf("Generation %d is published %s after staging began", g.ID,
			millisText(*g.PublishedAtMillis-g.StartedAtMillis))
		if serving != "" {
			text += fmt.Sprintf("; readers move over from %s", serving)
		}
		moments = append(moments, moment{AtMillis: *g.PublishedAtMillis, Kind: "publish", Text: text + "."})
	case g.Outcome == record.Unfinished:
	default:
		text := fmt.Sprintf("Generation %d is %s", g.ID, outcomeText(g.Outcome))
		if g.Cause != "" {
			text += ": " + g.Cause
		}
		if serving != "" {
			text += fmt.Sprintf("; %s serves on", serving)
		}
		moments = append(moments, moment{AtMillis: abandonedAt(g), Kind: "rollback", Text: text + "."})
	}
	return moments
}

// abandonedAt is when a rebuild was given up: when its rollback began, or its
// last state change.
func abandonedAt(g record.Generation) float64 {
	at := g.StartedAtMillis
	for _, s := range g.States {
		at = s.AtMillis
		if s.State == record.StateRollingBack || s.State == record.StateFailed {
			break
		}
	}
	return at
}

func omSentence(e record.Event) string {
	if e.Message != "" {
		return e.Message
	}
	switch e.Action {
	case record.OMLeader:
		return e.Node + " leads."
	case record.OMCompaction:
		return fmt.Sprintf("%s compacts its log up to seq %s; older deltas are gone.", e.Node, grouped(e.Seq))
	case record.OMSnapshot:
		return fmt.Sprintf("%s hands out a snapshot at seq %s.", e.Node, grouped(e.Seq))
	case record.OMDown:
		return e.Node + " stops answering."
	case record.OMUp:
		return e.Node + " answers again."
	default:
		return fmt.Sprintf("%s: %s.", e.Node, e.Action)
	}
}

func faultSentence(e record.Event) string {
	text := fmt.Sprintf("%s fires at %s", faultName(e), e.Point)
	if e.Subject != "" {
		text += " (" + e.Subject + ")"
	}
	if e.Message != "" {
		return text + ": " + e.Message
	}
	return text + "."
}

func faultName(e record.Event) string {
	if e.Fault == "" {
		return "A fault"
	}
	return e.Fault
}

func violationLink(index int) string { return fmt.Sprintf("#violation-%d", index+1) }

func faultLink(run record.Run, id string) string {
	for i, f := range run.Faults {
		if f.ID == id {
			return fmt.Sprintf("#fault-%d", i+1)
		}
	}
	return ""
}
