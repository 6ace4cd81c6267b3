package main

import (
	"fmt"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/tasks"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/mutant"
	"reconsim/sim/tier"
)

// listing is the document of `reconsim list`.
type listing struct {
	Scenarios  []listed       `json:"scenarios"`
	Points     []listed       `json:"points"`
	Properties []listed       `json:"properties"`
	Tasks      []listed       `json:"tasks"`
	Mutants    []listedMutant `json:"mutants"`
	Verbs      []listed       `json:"verbs"`
	Config     []listedKey    `json:"config"`
}

type listed struct {
	Name  string `json:"name"`
	About string `json:"about"`
}

type listedMutant struct {
	Name     string `json:"name"`
	About    string `json:"about"`
	Property string `json:"property"`
	Scenario string `json:"scenario"`
}

type listedKey struct {
	Name    string `json:"name"`
	Default string `json:"default"`
	Kind    string `json:"kind"`
	About   string `json:"about"`
	// Later is true for keys that are read and checked but not used yet.
	Later bool `json:"later,omitempty"`
}

func (p *program) listVerb() *cobra.Command {
	return &cobra.Command{
		Use: "list", Short: "what scenarios can name: points, properties, tasks, mutants, config keys", Args: cobra.NoArgs,
		Long: "list shows the corpus and every name that a scenario, a fault rule or --mutant may use.",
		RunE: func(*cobra.Command, []string) error {
			l, err := makeListing()
			if err != nil {
				return environment(err)
			}
			if p.json {
				return p.print(l)
			}
			return environment(p.showListing(l))
		},
	}
}

func makeListing() (listing, error) {
	var l listing
	corpus, err := scenarios.LoadCorpus(tier.Vocabulary())
	if err != nil {
		return l, err
	}
	for _, s := range corpus {
		l.Scenarios = append(l.Scenarios, listed{s.Name, firstSentence(s.About)})
	}
	for _, pt := range point.All() {
		l.Points = append(l.Points, listed{pt.String(), pt.About()})
	}
	for _, pr := range check.Properties() {
		l.Properties = append(l.Properties, listed{string(pr), pr.Meaning()})
	}
	for _, t := range tasks.All() {
		l.Tasks = append(l.Tasks, listed{t.Name(), fmt.Sprint("reads ", t.Reads())})
	}
	for _, m := range mutant.All() {
		l.Mutants = append(l.Mutants, listedMutant{m.Name(), m.About, string(m.Killer), m.Scenario})
	}
	for _, v := range scenarios.Verbs() {
		l.Verbs = append(l.Verbs, listed{v.Name, v.About})
	}
	l.Config = listedKeys()
	return l, nil
}

func firstSentence(text string) string {
	for i := range text {
		if text[i] == '.' && (i+1 == len(text) || text[i+1] == ' ' || text[i+1] == '\n') {
			return text[:i+1]
		}
	}
	return text
}

func (p *program) showListing(l listing) error {
	w := tabwriter.NewWriter(p.out, 0, 4, 2, ' ', 0)
	section := func(title string, rows []listed) {
		fmt.Fprintln(w, title)
		for _, r := range rows {
			fmt.Fprintf(w, "  %s\t%s\n", r.Name, r.About)
		}
		fmt.Fprintln(w)
	}
	section("SCENARIOS  reconsim run scenarios/NAME.yaml", l.Scenarios)
	section("POINTS  at POINT [of SUBJECT] [when n >= N] [on hit K] : ACTION", l.Points)
	section("PROPERTIES", l.Properties)
	section("TASKS", l.Tasks)
	fmt.Fprintln(w, "MUTANTS  reconsim run ... --mutant NAME")
	for _, m := range l.Mutants {
		fmt.Fprintf(w, "  %s\t%s: violates %s in %s\n", m.Name, m.About, m.Property, m.Scenario)
	}
	fmt.Fprintln(w)
	section("TIMELINE VERBS", l.Verbs)
	fmt.Fprintln(w, "CONFIG")
	for _, k := range l.Config {
		fmt.Fprintf(w, "  %s\t%s\n", k.Name, k.text())
	}
	return w.Flush()
}

// text describes a key in a line.
func (k listedKey) text() string {
	later := ""
	if k.Later {
		later = " (read and checked; has no effect yet)"
	}
	return fmt.Sprintf("%s, default %q: %s%s", k.Kind, k.Default, k.About, later)
}

// configHelp lists every setting for the help of verbs that take some.
func configHelp() string {
	var b strings.Builder
	for _, k := range listedKeys() {
		fmt.Fprintf(&b, "  %s\n      %s\n", k.Name, k.text())
	}
	return b.String()
}

func listedKeys() []listedKey {
	var keys []listedKey
	for _, k := range config.Keys() {
		keys = append(keys, listedKey{k.Name, k.Default, string(k.Kind), k.About, k.Later})
	}
	return keys
}
