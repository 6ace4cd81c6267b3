package main

import (
	"fmt"
	"path/filepath"

	"github.com/spf13/cobra"

	"reconsim/reports"
	"reconsim/reports/record"
)

func (p *program) reportVerb() *cobra.Command {
	return &cobra.Command{
		Use: "report RUNDIR...", Short: "render run directories again, or compare them", Args: cobra.MinimumNArgs(1),
		Long: `report writes summary.md, junit.xml and report.html of each run directory anew from
run.json and events.jsonl. With several directories it also compares them.`,
		RunE: func(_ *cobra.Command, dirs []string) error {
			var runs []record.Run
			for _, dir := range dirs {
				if err := reports.Render(dir); err != nil {
					return &record.Failure{Kind: record.KindUsage, Message: err.Error(), File: dir, Suggestion: "give the directory of a run, with its run.json"}
				}
				run, err := record.ReadRun(dir)
				if err != nil {
					return usage("%v", err)
				}
				runs = append(runs, run)
			}
			if p.json {
				return p.print(record.Document(runs))
			}
			for _, dir := range dirs {
				fmt.Fprintln(p.out, filepath.Join(dir, "report.html"))
			}
			if len(dirs) < 2 {
				return nil
			}
			comparison, err := reports.Compare(dirs)
			if err != nil {
				return usage("%v", err)
			}
			return environment(comparison.WriteTerminal(p.out))
		},
	}
}
