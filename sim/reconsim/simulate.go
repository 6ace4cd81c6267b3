package main

import (
	"os"

	"github.com/spf13/cobra"

	"reconsim/reports/record"
	"reconsim/sim/tier"
)

// simulateVerb is for this program's own child processes.
func (p *program) simulateVerb() *cobra.Command {
	confined := false
	cmd := &cobra.Command{
		Use: tier.WorkerVerb, Hidden: true, Args: cobra.NoArgs,
		Short: "carry out simulations given as JSON lines on stdin (used by explore, certify and replay)",
		RunE: func(*cobra.Command, []string) error {
			if !confined {
				return environment(tier.Work(os.Stdin, p.out))
			}
			err := tier.Confine()
			if err == nil {
				err = tier.Work(os.Stdin, p.out)
			}
			if err == nil {
				err = tier.OnlyStreams()
			}
			return environment(err)
		},
	}
	cmd.Flags().BoolVar(&confined, "confined", false, "write to no file and refuse to have any open but the standard streams")
	return cmd
}

// certifyVerb compares runs of one seed in two processes.
func (p *program) certifyVerb() *cobra.Command {
	var f tier.CertifyOptions
	cmd := &cobra.Command{
		Use: "certify FILE...", Short: "is the simulation deterministic? each seed twice, in separate processes", Args: cobra.MinimumNArgs(1),
		Long: `certify runs every seed of every scenario twice, in two processes that have nothing in
common, and compares the hashes of everything that happened: each step of each actor, each
operation of each disk with the hash of its data, each answer. The second process has one
processor (GOMAXPROCS=1), takes the seeds in the opposite order, and may write to no file.

  reconsim certify scenarios/*/*.yaml -n 50
  reconsim certify scenarios/swap/smooth.yaml -n 20 --busy
  reconsim certify scenarios/swap/smooth.yaml -n 1 --plant map-range    (must fail)`,
		RunE: func(cmd *cobra.Command, files []string) error { return p.certify(cmd, f, files) },
	}
	flags := cmd.Flags()
	flags.IntVarP(&f.Runs, "runs", "n", 20, "double runs of each scenario")
	flags.Uint64Var(&f.Seed, "seed", 1, "the first seed; the others follow it")
	flags.BoolVar(&f.Busy, "busy", false, "keep all processors busy meanwhile")
	flags.StringVar(&f.Plant, "plant", "", "plant a cause of nondeterminism: map-range, clock-read or goroutine")
	flags.StringVar(&f.Strategy, "strategy", "", "strategy of the scheduler (default the scenario's)")
	return cmd
}

func (p *program) certify(cmd *cobra.Command, f tier.CertifyOptions, files []string) error {
	if f.Runs < 1 {
		return usage("-n %d: at least one run is needed", f.Runs)
	}
	for _, file := range files {
		text, err := simText(file)
		if err != nil {
			return err
		}
		f.Scenarios = append(f.Scenarios, tier.Job{File: file, Scenario: text})
	}
	view := p.newView("certify")
	f.Progress = func(done, all int) { view.count("double runs", done, all) }
	result, err := tier.Certify(cmd.Context(), f)
	view.close()
	if err != nil {
		return environment(err)
	}
	if p.json {
		err = p.print(result)
	} else {
		err = environment(result.Text(p.out))
	}
	if err == nil && result.Verdict != record.Pass {
		err = errViolated
	}
	return err
}

// simText is the text of a scenario that the sim tier can run.
func simText(file string) (string, error) {
	s, problems, err := loadScenario(file)
	if err != nil {
		return "", err
	}
	if len(problems) == 0 {
		_, problems = s.ForTier(tier.Sim)
	}
	if len(problems) > 0 {
		return "", problemFailure(problems)
	}
	text, err := s.Marshal()
	return string(text), environment(err)
}
