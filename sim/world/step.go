package world

import "reconsim/sim/check"

// stepped is what was served after the last step, and by which life.
type stepped struct {
	life   *life
	served promise
}

// CheckStep judges what must hold after every single step, whether or not a
// reader happens to look: what is served is there as soon as it has been, and
// never goes back, as long as Recon lives. It does not yield and changes nothing
// but the verdict.
func (w *World) CheckStep() {
	recon, l := w.recon.Load(), w.life.Load()
	if recon == nil {
		return
	}
	if w.stepped.life != l {
		w.stepped = stepped{life: l}
	}
	m, serving := recon.Protocol.Serving()
	now, before := promise{m.Build, m.AppliedSeq}, w.stepped.served
	switch {
	case !serving && before != promise{}:
		w.judged(check.NeverEmpty, "after a step nothing is served any more; it was "+before.String())
	case before.newer(now):
		w.judged(check.Monotonic, "after a step "+now.String()+" is served; it was "+before.String())
	}
	w.stepped.served = now
}
