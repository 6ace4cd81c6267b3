package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"reconsim/scenarios"
	"reconsim/sim/tier"
)

// validation is the document of `reconsim validate`.
type validation struct {
	Verdict string          `json:"verdict"`
	Files   []validatedFile `json:"files"`
}

type validatedFile struct {
	File   string              `json:"file"`
	Errors []scenarios.Problem `json:"errors"`
}

func (p *program) validateVerb() *cobra.Command {
	return &cobra.Command{
		Use: "validate FILE...", Short: "check scenarios without running them", Args: cobra.MinimumNArgs(1),
		Long: "validate checks scenario files and lists every mistake with its place and, for a misspelt name, the right one.\nExit codes: 0 all are right, 2 some are not.",
		RunE: func(_ *cobra.Command, files []string) error {
			result := validation{Verdict: "pass"}
			for _, file := range files {
				_, problems, err := loadScenario(file)
				if err != nil {
					problems = []scenarios.Problem{{File: file, Line: 1, Column: 1, Message: err.Error()}}
				}
				if problems == nil {
					problems = []scenarios.Problem{}
				}
				if len(problems) > 0 {
					result.Verdict = "fail"
				}
				result.Files = append(result.Files, validatedFile{File: file, Errors: problems})
			}
			return p.printValidation(result)
		},
	}
}

func (p *program) printValidation(result validation) error {
	wrong := 0
	for _, f := range result.Files {
		wrong += len(f.Errors)
		for _, problem := range f.Errors {
			if !p.json {
				fmt.Fprintln(p.err, problem.Error())
			}
		}
		if !p.json && len(f.Errors) == 0 {
			fmt.Fprintln(p.out, f.File+": right")
		}
	}
	if p.json {
		if err := p.print(result); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return errInvalid
	}
	return nil
}

func (p *program) schemaVerb() *cobra.Command {
	return &cobra.Command{
		Use: "schema", Short: "the JSON Schema of scenario files", Args: cobra.NoArgs,
		Long: "schema prints a JSON Schema (2020-12) that editors use to complete and check scenario files:\n  reconsim schema > scenario.schema.json",
		RunE: func(*cobra.Command, []string) error {
			text, err := scenarios.Schema(tier.Vocabulary())
			if err != nil {
				return environment(err)
			}
			_, err = fmt.Fprintln(p.out, string(text))
			return environment(err)
		},
	}
}
