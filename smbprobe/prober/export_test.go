package prober

import "time"

// CountFlights makes requests wait for those of other branches as long as it takes: how many
// flights there are does not depend on how fast the server answers.
func (p *Prober) CountFlights() { p.maxDelay = time.Hour }

// AwaitParked waits until no session is being parked.
func (p *Prober) AwaitParked() {
	p.kept.mu.Lock()
	var all []chan struct{}
	for _, parking := range p.kept.parking {
		all = append(all, parking)
	}
	p.kept.mu.Unlock()
	for _, parking := range all {
		<-parking
	}
}

// KeptSessions returns how many sessions are idle.
func (p *Prober) KeptSessions() int {
	p.kept.mu.Lock()
	defer p.kept.mu.Unlock()
	return len(p.kept.idle)
}

// AgeKept makes all idle sessions older, and idle for longer.
func (p *Prober) AgeKept(made, used time.Duration) {
	p.kept.mu.Lock()
	defer p.kept.mu.Unlock()
	for _, k := range p.kept.idle {
		k.madeAt, k.usedAt = k.madeAt.Add(-made), k.usedAt.Add(-used)
	}
}

// SweepKept closes the sessions that have been kept too long.
func (p *Prober) SweepKept() { p.kept.sweep() }

// MaxQuick is how many quick probes there are between two that ask for everything.
const MaxQuick = maxQuick
