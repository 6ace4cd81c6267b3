package explore

import (
	"cmp"
	"math/rand/v2"

	"reconsim/sim/sched"
	"reconsim/sim/tier"
)

// maxLeads bounds what is remembered; the oldest lead makes room.
const maxLeads = 256

// search decides what to try next. Its owner keeps callers apart.
type search struct {
	jobs     []tier.Job
	arms     []arm
	rng      *rand.Rand
	seed     uint64
	leads    []lead
	seen     *tier.Coverage
	isForced bool
}

// arm is a strategy and what it has brought.
type arm struct {
	strategy     string
	tries, gains int64
}

// lead is an execution that reached something new.
type lead struct {
	job tier.Job
	// choices are all that it made.
	choices sched.Choices
	// gains counts what executions that began like it reached first.
	tries, gains int64
}

// trial is an execution that is to be made.
type trial struct {
	job  tier.Job
	arm  int
	lead int // -1 for a fresh one
}

func newSearch(jobs []tier.Job, strategies []string, seed uint64) *search {
	s := &search{jobs: jobs, seed: seed, rng: rand.New(rand.NewPCG(seed, 0x6578706c6f7265)), seen: tier.NewCoverage(), isForced: len(strategies) == 1}
	for _, strategy := range strategies {
		s.arms = append(s.arms, arm{strategy: strategy})
	}
	return s
}

// next draws what to try.
func (s *search) next() trial {
	t := trial{arm: s.pickArm(), lead: -1}
	if len(s.leads) > 0 && s.rng.IntN(2) == 0 {
		t.lead = s.pickLead()
		from := &s.leads[t.lead]
		t.job = from.job
		cut := sched.Choices{Actors: from.choices.Actors, Picks: from.choices.Picks[:s.rng.IntN(from.choices.Len()+1)]}
		t.job.Choices = cut.String()
	} else {
		t.job = s.jobs[s.rng.IntN(len(s.jobs))]
		t.job.Seed = s.seed
		s.seed++
	}
	t.job.Strategy, t.job.Coverage = s.arms[t.arm].strategy, true
	return t
}

// pickArm draws a strategy, the more often the more it has brought.
func (s *search) pickArm() int {
	weight := func(a arm) float64 { return float64(a.gains+4) / float64(a.tries+4) }
	return pick(s.rng, s.arms, weight)
}

func (s *search) pickLead() int {
	weight := func(l lead) float64 { return float64(l.gains+1) / float64(l.tries+1) }
	return pick(s.rng, s.leads, weight)
}

func pick[T any](rng *rand.Rand, all []T, weight func(T) float64) int {
	sum := 0.0
	for _, each := range all {
		sum += weight(each)
	}
	at := rng.Float64() * sum
	for i, each := range all {
		if at -= weight(each); at < 0 {
			return i
		}
	}
	return len(all) - 1
}

// learn takes an outcome in and returns how much of its coverage was new.
func (s *search) learn(t trial, covered *tier.Coverage, choices string) (gained int, err error) {
	gained = s.seen.Add(covered)
	a := &s.arms[t.arm]
	a.tries++
	a.gains += int64(gained)
	if t.lead >= 0 && t.lead < len(s.leads) {
		s.leads[t.lead].tries++
		s.leads[t.lead].gains += int64(gained)
	}
	if gained == 0 || choices == "" {
		return gained, nil
	}
	list, err := sched.ParseChoices(choices)
	if err != nil {
		return gained, err
	}
	job := t.job
	job.Choices = ""
	if len(s.leads) == maxLeads {
		s.leads = append(s.leads[:0], s.leads[1:]...)
	}
	s.leads = append(s.leads, lead{job: job, choices: list})
	return gained, nil
}

func compareCells(a, b tier.Cell) int {
	struck := func(c tier.Cell) int {
		if c.Struck {
			return 1
		}
		return 0
	}
	return cmp.Or(cmp.Compare(a.Point, b.Point), cmp.Compare(a.State, b.State), cmp.Compare(struck(a), struck(b)))
}
