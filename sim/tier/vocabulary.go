package tier

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"reconsim/faults/plan"
	"reconsim/faults/point"
	"reconsim/recon/config"
	"reconsim/recon/staging"
	"reconsim/recon/tasks"
	"reconsim/scenarios"
	"reconsim/sim/check"
	"reconsim/sim/disk"
	"reconsim/sim/world"
)

// Local is the tier on real files, real HTTP and real time.
const Local = "local"

// Load is the tier of load runs, which `reconsim load` makes.
const Load = "load"

// Names lists the tiers that scenarios may name.
func Names() []string { return []string{Sim, Local, "process", "container", Load} }

// Available reports whether a tier exists, and if not what to use instead.
func Available(name string) error {
	for _, known := range Names() {
		if name == Load {
			return fmt.Errorf("tier %s is that of load runs: reconsim load makes and runs one", name)
		}
		if name == known && name != Local && name != Sim {
			return fmt.Errorf("tier %s does not exist yet: use --tier %s or %s", name, Sim, Local)
		}
		if name == known {
			return nil
		}
	}
	return fmt.Errorf("%q is no tier: use --tier %s or %s", name, Sim, Local)
}

// Vocabulary is every name that a scenario may use.
func Vocabulary() *scenarios.Vocabulary {
	v := &scenarios.Vocabulary{
		ReaderProperties: world.ReaderProperties(),
		Endpoints:        world.Endpoints(),
		Phases:           staging.Phases(),
		Outcomes:         []string{"COMMITTED", "ROLLED_BACK"},
		OMCalls:          []string{"ServiceList", "DBUpdates", "dbCheckpoint"},
		Layouts:          []string{"FILE_SYSTEM_OPTIMIZED", "OBJECT_STORE", "LEGACY"},
		Schemas:          []string{"2.2.0", "trunk"},
		Protocols:        []string{"generation"},
		Strategies:       []string{"random", "pct", "round-robin", "exhaustive"},
		CheckConfig: func(key, value string) error {
			_, err := config.Load(config.Layer{Source: "config", Values: map[string]string{key: value}})
			return err
		},
		CheckPolicy: func(text string) error {
			_, err := disk.ParsePolicy(text)
			return err
		},
		ParseRule: parseRule,
	}
	for _, p := range check.Properties() {
		v.Properties = append(v.Properties, string(p))
	}
	for _, p := range point.All() {
		v.Points = append(v.Points, p.String())
	}
	for _, t := range tasks.All() {
		v.Tasks = append(v.Tasks, t.Name())
	}
	for _, s := range staging.States() {
		v.States = append(v.States, s.String())
	}
	for _, k := range config.Keys() {
		v.ConfigKeys = append(v.ConfigKeys, k.Name)
	}
	for _, name := range Names() {
		v.Tiers = append(v.Tiers, scenarios.Tier{Name: name, Cannot: cannot(name)})
	}
	return v
}

// cannot lists what a tier cannot express, with the reason.
func cannot(tier string) map[string]string {
	lines := map[string]string{}
	add := func(why string, names ...string) {
		for _, name := range names {
			lines[name] = why
		}
	}
	if tier == Load || tier == Local {
		add("real time has no scheduler that could be told an order", "schedule")
		add("readers and Recon share the process, and its disk cannot lose power; make kill-loop kills a process", "action kill", "do kill-recon")
	}
	if tier == Sim {
		add("virtual time stands still while the engine works: it says nothing about latency",
			"threshold p50", "threshold p99", "threshold max", "threshold isolation")
		add("the simulator's memory is not the engine's", "threshold peak-rss")
	}
	if tier == Sim || tier == Local {
		add("it is measured by the load tier", "threshold rebuild", "threshold switch", "threshold peak-disk", "threshold disk-factor")
	}
	return lines
}

func parseRule(text string) (scenarios.Rule, *scenarios.RuleError) {
	rule, err := plan.ParseRule(text)
	var bad *plan.ParseError
	switch {
	case errors.As(err, &bad):
		return scenarios.Rule{}, &scenarios.RuleError{Column: bad.Column, Message: bad.Message, Suggestion: bad.Suggestion}
	case err != nil:
		return scenarios.Rule{}, &scenarios.RuleError{Column: 1, Message: err.Error()}
	}
	actions := make([]string, 0, len(rule.Do))
	for _, a := range rule.Do {
		if kill, is := a.(plan.Kill); is && kill.Policy != "" {
			if _, err := disk.ParsePolicy(kill.Policy); err != nil {
				return scenarios.Rule{}, &scenarios.RuleError{Column: strings.Index(text, strconv.Quote(kill.Policy)) + 1, Message: err.Error()}
			}
		}
		word, _, _ := strings.Cut(a.String(), " ")
		actions = append(actions, word)
	}
	return scenarios.Rule{Name: rule.Name, Point: rule.Point.String(), Subject: string(rule.Of), Actions: actions}, nil
}
