package crash

import "math/rand/v2"

// Aim is the moment that a kill is meant for.
type Aim string

// The aims. The first three end a process that serves nothing yet.
const (
	// AimBootstrap is a random moment of the first bootstrap, when the folder
	// is new to Recon; in the first life it is also new to the OM.
	AimBootstrap Aim = "bootstrap"
	// AimDownload is the first bootstrap while the snapshot is being obtained.
	AimDownload Aim = "download"
	// AimStart is a random moment of a start that recovers a served generation.
	AimStart Aim = "start"
	// AimProcessing is a random moment of PROCESSING.
	AimProcessing Aim = "processing"
	// AimReady is READY_TO_COMMIT, and AimCommitting COMMITTING.
	AimReady      Aim = "ready"
	AimCommitting Aim = "committing"
	// AimCommitted is COMMITTED: the switch is done, its outcome not yet noted.
	AimCommitted Aim = "committed"
	// AimAny is a random moment while deltas, readers and rebuilds go on.
	AimAny Aim = "any"
)

// extraFactor bounds the kills: so many times what was asked for, when aims
// were missed.
const extraFactor = 3

// Plan chooses aims and counts hits by the state at death.
type Plan struct {
	// Times is how many kills are wanted.
	Times int
	// QuotaProcessing is how many of them must hit PROCESSING, QuotaSwitching
	// how many must hit between READY_TO_COMMIT and COMMITTED.
	QuotaProcessing, QuotaSwitching int
	// Rand decides where the plan leaves a choice.
	Rand *rand.Rand

	done, processing, switching int
}

// More reports whether another kill is due: to come to Times, or to hit what
// was missed, up to three times Times in all.
func (p *Plan) More() bool {
	return p.done < p.Times || !p.Met() && p.done < extraFactor*p.Times
}

// Met reports whether both quotas are met.
func (p *Plan) Met() bool {
	return p.processing >= p.QuotaProcessing && p.switching >= p.QuotaSwitching
}

// Processing is how many kills hit PROCESSING.
func (p *Plan) Processing() int { return p.processing }

// ReadyToCommitted is how many kills hit READY_TO_COMMIT or COMMITTING.
func (p *Plan) ReadyToCommitted() int { return p.switching }

// Died counts a kill by the state at death.
func (p *Plan) Died(state string) {
	p.done++
	switch state {
	case stateProcessing:
		p.processing++
	case stateReady, stateCommitting:
		p.switching++
	}
}

// Next is the aim of the next kill. The aims take turns, so that what follows
// what differs from run to run of the loop; when the kills that are left are
// just enough for the quotas, only they count.
func (p *Plan) Next() Aim {
	processing, switching := max(0, p.QuotaProcessing-p.processing), max(0, p.QuotaSwitching-p.switching)
	if need := processing + switching; need > 0 && p.Times-p.done <= need {
		if processing > switching {
			return AimProcessing
		}
		return p.either()
	}
	switch turn := p.done % 3; {
	case p.done == 0 || p.done == 2*p.Times/3:
		return AimBootstrap
	case p.done == p.Times/3:
		return AimDownload
	case turn == 0:
		return others[p.done/3%len(others)]
	case turn == 1 && processing > 0:
		return AimProcessing
	case turn == 2 && switching > 0:
		return p.either()
	}
	return anyOf[p.Rand.IntN(len(anyOf))]
}

var (
	// others take turns between those that the quotas are about.
	others = [...]Aim{AimStart, AimCommitted, AimAny}
	// anyOf are drawn from when the quotas are met.
	anyOf = [...]Aim{AimStart, AimProcessing, AimReady, AimCommitting, AimCommitting, AimCommitted, AimAny}
)

// servesNothing reports whether an aim is at a process that is not ready.
func (a Aim) servesNothing() bool { return a == AimBootstrap || a == AimDownload || a == AimStart }

// either is one of the aims at the switch.
func (p *Plan) either() Aim {
	if p.Rand.IntN(2) == 0 {
		return AimReady
	}
	return AimCommitting
}
