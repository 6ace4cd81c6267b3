package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"reconsim/reports/record"
	"reconsim/sim/conform"
)

// conformity is the document of `reconsim conform`.
type conformity struct {
	Verdict string            `json:"verdict"`
	Sets    []*conform.Result `json:"sets"`
}

// differencesShown is how many differences of a set are printed for people.
const differencesShown = 10

func (p *program) conformVerb() *cobra.Command {
	return &cobra.Command{
		Use: "conform DIR...", Short: "compare the tasks with rows that Apache Ozone's classes made", Args: cobra.MinimumNArgs(1),
		Long: `conform takes each set through the six tasks: rebuild, deltas reply by reply, rebuild
at the end, and a rebuild between any two replies. DIR is a set, which has a
set.json, or a folder of sets. Every derived row must be Ozone's, or the right
one where the set's corrections say that Ozone is wrong.

  reconsim conform sim/conform/testdata

Exit codes: 0 all rows are right, 1 some differ, 2 a set is not one.`,
		RunE: func(cmd *cobra.Command, dirs []string) error { return p.conform(cmd.Context(), dirs) },
	}
}

func (p *program) conform(ctx context.Context, dirs []string) error {
	var folders []string
	for _, dir := range dirs {
		found, err := conform.Find(dir)
		if err != nil {
			return badSet(err)
		}
		folders = append(folders, found...)
	}
	result := conformity{Verdict: "pass", Sets: []*conform.Result{}}
	for _, folder := range folders {
		set, err := conform.Load(folder)
		if err != nil {
			return badSet(err)
		}
		checked, err := conform.Check(ctx, set)
		if err != nil {
			return environment(err)
		}
		if len(checked.Different) > 0 {
			result.Verdict = "fail"
		}
		result.Sets = append(result.Sets, checked)
		if !p.json {
			p.printConformity(checked)
		}
	}
	if p.json {
		if err := p.print(result); err != nil {
			return err
		}
	}
	if result.Verdict != "pass" {
		return errViolated
	}
	return nil
}

// badSet says where a set is wrong.
func badSet(err error) error {
	var wrong *conform.SetError
	if !errors.As(err, &wrong) {
		return usage("%v", err)
	}
	return &record.Failure{
		Kind: record.KindUsage, Message: wrong.Message, File: wrong.File, Line: wrong.Line, Column: wrong.Column,
		Suggestion: "a set's files and their lines are described in sim/conform/testdata/README.md",
	}
}

// printConformity prints one set: a line, its corrections, its first differences.
func (p *program) printConformity(r *conform.Result) {
	fmt.Fprintf(p.out, "%-20s %6d rows compared, %d different", r.Name, r.Compared, len(r.Different))
	for i, c := range r.Corrections {
		lead := ", "
		if i == 0 {
			lead = "; corrections met: "
		}
		fmt.Fprintf(p.out, "%s%s %d", lead, c.Reason, c.Rows)
	}
	fmt.Fprintln(p.out)
	for i, d := range r.Different {
		if i == differencesShown {
			fmt.Fprintf(p.out, "  and %d more; --json has all\n", len(r.Different)-i)
			break
		}
		fmt.Fprintln(p.out, "  "+d.String())
	}
}
