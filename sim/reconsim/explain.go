package main

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"reconsim/scenarios"
)

func (p *program) explainVerb() *cobra.Command {
	return &cobra.Command{
		Use: "explain FILE", Short: "a scenario as a story", Args: cobra.ExactArgs(1),
		Long: "explain tells a scenario in sentences: the world, who reads, what happens in which order, what must hold at the end.",
		RunE: func(_ *cobra.Command, files []string) error {
			s, problems, err := loadScenario(files[0])
			if err != nil {
				return err
			}
			if len(problems) > 0 {
				return problemFailure(problems)
			}
			if p.json {
				return p.print(map[string]string{"name": s.Name, "story": story(s)})
			}
			fmt.Fprint(p.out, story(s))
			return nil
		},
	}
}

func story(s *scenarios.Scenario) string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s\n\n%s\n\n", s.Name, strings.TrimSpace(s.About))
	fmt.Fprintf(&b, "It proves %s.\n\nSteps, in this order:\n", strings.Join(s.Proves, ", "))
	for i, step := range s.Timeline {
		fmt.Fprintf(&b, "%3d. %s", i+1, step.Do)
		for _, part := range []string{step.Fault, step.To, step.Node} {
			if part != "" {
				b.WriteString(" " + part)
			}
		}
		if step.For > 0 {
			fmt.Fprintf(&b, " for %s", step.For)
		}
		b.WriteString(details(step))
		if step.Name != "" {
			fmt.Fprintf(&b, " (%s)", step.Name)
		}
		b.WriteString(conditions(step))
		b.WriteByte('\n')
	}
	if len(s.Faults) > 0 {
		b.WriteString("\nFaults:\n")
	}
	for _, f := range s.Faults {
		fmt.Fprintf(&b, "  - %s: %s", f.ID, f.Rule)
		if f.Armed == scenarios.ArmedByTimeline {
			b.WriteString(" (armed by a step)")
		}
		b.WriteByte('\n')
	}
	fmt.Fprintf(&b, "\nAt the end at least %d generations were published, and Recon equals the OM within %s.\n", s.Expect.Generations, s.Expect.Converge)
	for _, t := range s.Thresholds {
		fmt.Fprintf(&b, "  - %s\n", t.Expr)
	}
	return b.String()
}

// details are the values that only some verbs take.
func details(step scenarios.Step) string {
	var parts []string
	if step.Policy != "" {
		parts = append(parts, "with the crash policy "+step.Policy)
	}
	if step.Latency > 0 {
		parts = append(parts, fmt.Sprintf("messages take %s", step.Latency))
	}
	if step.LossPercent > 0 {
		parts = append(parts, fmt.Sprintf("%d %% are lost", step.LossPercent))
	}
	if step.DuplicatePercent > 0 {
		parts = append(parts, fmt.Sprintf("%d %% of requests arrive twice", step.DuplicatePercent))
	}
	for _, key := range slices.Sorted(maps.Keys(step.Config)) {
		parts = append(parts, key+" = "+step.Config[key])
	}
	if len(parts) == 0 {
		return ""
	}
	return ": " + strings.Join(parts, ", ")
}

func conditions(step scenarios.Step) string {
	var parts []string
	c := step.When
	add := func(given bool, format string, args ...any) {
		if given {
			parts = append(parts, fmt.Sprintf(format, args...))
		}
	}
	add(step.At > 0, "%s after the readers began", step.At)
	add(c.State != "", "staging reached %s", c.State)
	add(c.Phase != "", "staging reached the phase %s", c.Phase)
	add(c.Generation > 0, "%d generations were published", c.Generation)
	add(c.Fault != "", "fault %s fired", c.Fault)
	add(c.Reads.Given(), "enough answers were read")
	add(c.Deltas.Given(), "enough deltas were applied")
	add(c.Leader != "", "Recon follows %s", c.Leader)
	add(step.After > 0, "%s have passed", step.After)
	if len(parts) == 0 {
		return ""
	}
	return ", once " + strings.Join(parts, " and ")
}
