package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/spf13/cobra"

	"reconsim/reports/record"
)

// Exit codes, as the command line's contract has them.
const (
	exitHeld        = 0
	exitViolated    = 1
	exitUsage       = 2
	exitEnvironment = 3
)

// errViolated ends a command whose checks found something; what it found has
// been printed.
var errViolated = errors.New("a check found something")

// errInvalid ends a command whose input is wrong; what is wrong has been
// printed.
var errInvalid = errors.New("the input is not right")

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	code := run(ctx, os.Args[1:], os.Stdout, os.Stderr)
	stop()
	os.Exit(code)
}

// program is what all verbs share.
type program struct {
	out, err io.Writer
	args     []string
	json     bool
}

// run is the whole program: it returns the exit code.
func run(ctx context.Context, args []string, out, errOut io.Writer) int {
	p := &program{out: out, err: errOut, args: append([]string{"reconsim"}, args...)}
	// A misspelt verb is refused before flags are read; the error's form must
	// be right all the same.
	p.json = slices.Contains(args, "--json")
	root := p.root()
	root.SetArgs(args)
	root.SetOut(out)
	root.SetErr(errOut)
	err := root.ExecuteContext(ctx)
	switch {
	case err == nil:
		return exitHeld
	case errors.Is(err, errViolated):
		return exitViolated
	case errors.Is(err, errInvalid):
		return exitUsage
	case errors.Is(err, errEnvironment):
		return exitEnvironment
	}
	var failure *record.Failure
	if !errors.As(err, &failure) {
		failure = &record.Failure{Kind: record.KindUsage, Message: err.Error(), Suggestion: "reconsim --help shows the verbs"}
	}
	p.report(failure)
	if failure.Kind == record.KindEnvironment {
		return exitEnvironment
	}
	return exitUsage
}

// report prints a failure: as the one JSON document, or as a line.
func (p *program) report(failure *record.Failure) {
	if p.json {
		_ = p.print(record.ErrorDocument{Error: *failure})
		return
	}
	fmt.Fprintln(p.err, "reconsim:", failure.Error())
}

// print writes the one JSON document of a verb.
func (p *program) print(document any) error {
	encoder := json.NewEncoder(p.out)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(document); err != nil {
		return &record.Failure{Kind: record.KindEnvironment, Message: fmt.Sprintf("write the result: %v", err)}
	}
	return nil
}

// environment makes an error one of the environment, unless it already says
// what kind it is.
func environment(err error) error {
	var failure *record.Failure
	if err == nil || errors.As(err, &failure) {
		return err
	}
	return &record.Failure{Kind: record.KindEnvironment, Message: err.Error()}
}

func usage(format string, args ...any) error {
	return &record.Failure{Kind: record.KindUsage, Message: fmt.Sprintf(format, args...)}
}

// version is the module's version, or the commit it was built from.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return "unknown"
	}
	for _, s := range info.Settings {
		if s.Key == "vcs.revision" {
			return s.Value
		}
	}
	return info.Main.Version
}

func (p *program) root() *cobra.Command {
	root := &cobra.Command{
		Use:   "reconsim",
		Short: "Does a reader of Recon ever see an empty, partial, mixed, backwards or lost answer?",
		Long: `reconsim runs the real staging and reprocess engine of Recon beside a fake Ozone
Manager, injects faults, and checks every answer that readers get against an
independent oracle.

  reconsim run scenarios/first-light.yaml                the main story, simulated; --tier local for real
  reconsim list                                          what scenarios can name
  reconsim serve --dir DIR                               Recon and a fake OM to play with

Exit codes: 0 all held, 1 something was violated, 2 bad input, 3 the environment failed.`,
		SilenceUsage: true, SilenceErrors: true, Version: version(),
		RunE: func(cmd *cobra.Command, _ []string) error { return cmd.Help() },
	}
	root.PersistentFlags().BoolVar(&p.json, "json", p.json, "print exactly one JSON document on stdout; progress and logs go to stderr")
	root.AddCommand(p.runVerb(), p.validateVerb(), p.listVerb(), p.schemaVerb(), p.explainVerb(), p.reportVerb(), p.serveVerb(), p.killLoopVerb(), p.conformVerb(), p.loadVerb(), p.selftestVerb(), p.crashesVerb(),
		p.replayVerb(), p.shrinkVerb(), p.exploreVerb(), p.certifyVerb(), p.simulateVerb())
	return root
}
