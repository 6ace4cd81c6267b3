package matrix

import (
	"fmt"
	"slices"

	"reconsim/reports/record"
	"reconsim/sim/disk"
)

// scene is where a bad cell's last crash falls: a log, and what is promised at
// each of its operations. It remembers verdicts, as cells ask for the same ones.
type scene struct {
	judge    *judge
	log      *disk.Log
	seed     uint64
	promised func(op int) Promise
	known    map[stateKey]Verdict
	notes    func(op int) record.Operation
	// suspects are operations that were to blame in other cells, the last one
	// first: what is to blame in one mostly is in its neighbours.
	suspects []int
}

// judgeImage judges an image as if the crash had come after op.
func (s *scene) judgeImage(image *disk.Image, op int) Verdict {
	promised := s.promised(op)
	key := stateKey{image.Hash(), promised.State}
	v, known := s.known[key]
	if !known {
		v = s.judge.restart(image, promised, false).Verdict
		s.known[key] = v
	}
	return v
}

// badWithout reports whether the image after op that has everything but the lost
// operations is bad.
func (s *scene) badWithout(op int, lost []int) (bool, error) {
	image, err := s.log.ImageLosing(op, lost)
	if err != nil {
		return false, err
	}
	return s.judgeImage(image, op).Outcome.Bad(), nil
}

// crashAt finds what a step lost. A write of which a part survived counts as
// lost.
func (s *scene) crashAt(step Step) (disk.Crash, error) {
	if _, err := s.log.Image(step.Op, step.Policy, s.seed); err != nil {
		return disk.Crash{}, fmt.Errorf("%w: %w", errNoSuchCell, err)
	}
	for c := range s.log.Crashes(step.Op, []disk.Policy{step.Policy}, s.seed) {
		return c, nil
	}
	return disk.Crash{}, fmt.Errorf("%w after operation %d under policy %q", errNoSuchCell, step.Op, step.Policy)
}

// culprit is a pair of operations. Lost is 0 if no single operation explains the
// cell.
type culprit struct {
	lost, survived int
	// late is set if nothing was lost, but lost had not even been issued.
	late bool
}

// find names the pair of a bad crash of this scene.
func (s *scene) find(c disk.Crash) (culprit, error) {
	lost := append(slices.Clone(c.Lost), c.Cut...)
	slices.Sort(lost)
	bad, err := s.badWithout(c.Op, nil)
	if err != nil {
		return culprit{}, err
	}
	if bad {
		return s.findLate(c.Op)
	}
	lost, err = s.minimise(c.Op, lost)
	if err != nil || len(lost) != 1 {
		return culprit{}, err
	}
	x := lost[0]
	s.suspects = append([]int{x}, slices.DeleteFunc(s.suspects, func(n int) bool { return n == x })...)
	for op := x; op <= c.Op; op++ {
		if bad, err := s.badWithout(op, lost); err != nil || bad {
			return culprit{lost: x, survived: op}, err
		}
	}
	return culprit{}, nil
}

// minimise keeps of the lost operations only those without which the image is
// good. A single one that suffices is tried first: suspects, then the newest,
// since what was not durable for long is lost in many images and mostly does no
// harm.
func (s *scene) minimise(op int, lost []int) ([]int, error) {
	order := slices.Clone(lost)
	slices.Reverse(order)
	suspected := slices.DeleteFunc(slices.Clone(s.suspects), func(n int) bool { return !slices.Contains(lost, n) })
	for _, n := range append(suspected, order...) {
		if bad, err := s.badWithout(op, []int{n}); err != nil || bad {
			return []int{n}, err
		}
	}
	for i := 0; i < len(lost); {
		fewer := slices.Delete(slices.Clone(lost), i, i+1)
		bad, err := s.badWithout(op, fewer)
		if err != nil {
			return nil, err
		}
		if bad {
			lost = fewer
		} else {
			i++
		}
	}
	return lost, nil
}

// findLate explains a state that is bad although everything survived: what makes
// it good comes only after what was promised.
func (s *scene) findLate(op int) (culprit, error) {
	begin := s.promised(op).Op
	for later := op + 1; later <= s.log.Len(); later++ {
		image, err := s.log.ImageLosing(later, nil)
		if err != nil {
			return culprit{}, err
		}
		// It must become what was promised here, whatever is promised later.
		key := stateKey{image.Hash(), s.promised(op).State}
		v, known := s.known[key]
		if !known {
			v = s.judge.restart(image, s.promised(op), false).Verdict
			s.known[key] = v
		}
		if !v.Outcome.Bad() {
			return culprit{lost: later, survived: begin, late: true}, nil
		}
	}
	return culprit{}, nil
}

// pair puts a culprit into words.
func (s *scene) pair(c culprit) *record.CrashPair {
	if c.lost == 0 {
		return nil
	}
	p := &record.CrashPair{Lost: s.notes(c.lost), Survived: s.notes(c.survived)}
	promised := s.promised(c.survived)
	switch {
	case c.late:
		p.Survived = s.publication(promised)
		p.Explanation = fmt.Sprintf("operation %d (%s) had not even been issued when %s was promised, because %s", c.lost, p.Lost.Text, promised.State, promised.Because)
	case promised.Op == c.survived && s.promised(c.survived-1).State != promised.State:
		p.Survived = s.publication(promised)
		p.Explanation = fmt.Sprintf("operation %d (%s) was not durable when %s was promised, because %s", c.lost, p.Lost.Text, promised.State, promised.Because)
	default:
		p.Explanation = fmt.Sprintf("operation %d (%s) was not durable when operation %d (%s) was", c.lost, p.Lost.Text, c.survived, p.Survived.Text)
	}
	return p
}

// publication is the moment of a promise as an operation of the pair.
func (s *scene) publication(p Promise) record.Operation {
	o := s.notes(max(p.Op, 1))
	o.Kind, o.Generation = record.OperationPublish, p.State.Build
	o.Text = fmt.Sprintf("%s is promised: %s", p.State, p.Because)
	return o
}
