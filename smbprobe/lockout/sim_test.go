package lockout

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// This file simulates an exporter that probes a fleet, and the domain controller that
// counts its failed logins. Time is a number, so days take milliseconds.

const (
	probeTime = 10 * time.Second // that a probe has
	lockAt    = 5                // failures
)

// behaviour is what a simulated server does with a login.
type behaviour int

const (
	sound      behaviour = iota
	down                 // no connection: no login
	hangs                // takes the login, does not ask the controller, never answers
	slow                 // asks the controller, and answers after 12 seconds
	garbles              // answers nonsense
	asGuest              // logs in as guest
	expired              // the account is expired
	oldAccount           // has an account of its own, with another password
	ownAccount           // has an account of its own, with the old password
	flaps                // sound, but 1 in 20 logins is lost
)

// sim is a fleet, its controller, and one or more exporters.
type sim struct {
	now    time.Duration // since epoch
	jump   time.Duration // of the wall clock
	length time.Duration
	events events
	serial int
	random *rand.Rand

	fleet     []bool // targets that are configured
	exporters []*exporter
	local     bool      // each target has its own account
	file      *memStore // of exporters that share one

	behaviour func(i int, now time.Duration) behaviour
	password  func(now time.Duration) int // at the controller
	config    func(now time.Duration) int // in the configuration
	latency   func(now time.Duration) time.Duration

	failed   map[int][]time.Duration // by account: when the controller counted failures
	accepted [][]time.Duration       // by target
	held     []int                   // by target: probes that were held back
	sent     int
}

// exporter is one process.
type exporter struct {
	sim     *sim
	guard   *Guard
	store   *memStore // nil: none
	life    int       // restarts so far
	busy    []bool    // by target: a probe is under way
	last    []time.Duration
	waiting []*simProbe
	ticking bool
	version int // of the configuration
}

type simProbe struct {
	target   int
	waiter   *waiter
	life     int
	deadline time.Duration
}

var epoch = time.Date(1998, 4, 1, 0, 0, 0, 0, time.UTC)

func newSim(seed uint64, n int) *sim {
	s := &sim{
		random:    rand.New(rand.NewPCG(seed, 1)),
		fleet:     slices.Repeat([]bool{true}, n),
		behaviour: func(int, time.Duration) behaviour { return sound },
		password:  func(time.Duration) int { return 0 },
		config:    func(time.Duration) int { return 0 },
		failed:    make(map[int][]time.Duration),
		accepted:  make([][]time.Duration, n),
		held:      make([]int, n),
		file:      new(memStore),
	}
	s.latency = func(time.Duration) time.Duration { return s.within(50*time.Millisecond, 300*time.Millisecond) }
	s.addExporter(nil)
	return s
}

func (s *sim) addExporter(store *memStore) *exporter {
	e := &exporter{sim: s, store: store, busy: make([]bool, len(s.fleet)), last: slices.Repeat([]time.Duration{-time.Hour}, len(s.fleet))}
	e.guard = s.newGuard(store)
	s.exporters = append(s.exporters, e)
	e.configure()
	return e
}

func (s *sim) newGuard(store *memStore) *Guard {
	opts := Options{
		Now:    func() time.Time { return epoch.Add(s.now) },
		Wall:   func() time.Time { return epoch.Add(s.now + s.jump) },
		rounds: 1,
	}
	if store != nil {
		opts.store = store
	}
	g, err := New(opts)
	if err != nil {
		panic(err)
	}
	return g
}

func (s *sim) within(least, most time.Duration) time.Duration {
	return least + time.Duration(s.random.Int64N(int64(most-least)))
}

func (s *sim) at(t time.Duration, do func()) {
	s.serial++
	s.events.push(event{t, s.serial, do})
}

// every does something every so often.
func (s *sim) every(first, period time.Duration, do func()) {
	var again func()
	again = func() {
		do()
		s.at(s.now+period, again)
	}
	s.at(first, again)
}

// target is what the configuration has for a target now.
func (s *sim) target(i int) Target {
	if s.local {
		return localTargets[i].with(s.config(s.now))
	}
	return domainTargets[i].with(s.config(s.now))
}

type versions [2]Target

func (v *versions) with(password int) Target { return v[password] }

// domainTargets and localTargets are all targets that there may be, with either password.
var domainTargets, localTargets = makeTargets("CORP"), makeTargets("")

func makeTargets(domain string) []versions {
	targets := make([]versions, 1000)
	passwords := [2]secret.Secret{secret.New("old-1998"), secret.New("new-1999")}
	for i := range targets {
		for j, password := range passwords {
			targets[i][j] = Target{Name: fmt.Sprint("exch", i), Auth: "corp", Username: "rasphone", Domain: domain, Password: password}
		}
	}
	return targets
}

// announced is the domain that a server announces.
func (s *sim) announced(i int) string {
	if s.behaviour(i, s.now) == ownAccount {
		return "WORKGROUP"
	}
	return "CORP"
}

func (e *exporter) configure() {
	var targets []Target
	for i, configured := range e.sim.fleet {
		if configured {
			targets = append(targets, e.sim.target(i))
		}
	}
	if err := e.guard.Configure(targets); err != nil {
		panic(err)
	}
	e.settle()
}

// add configures more targets.
func (s *sim) add(targets ...int) {
	for _, i := range targets {
		s.fleet[i] = true
	}
	for _, e := range s.exporters {
		e.configure()
	}
}

// restart ends the process, and starts it again with what is in the file.
func (e *exporter) restart(file bool) {
	s := e.sim
	store := e.store
	if store == nil {
		store = new(memStore)
		if file {
			content, err := e.guard.record(e.guard.instant()).encode()
			if err != nil {
				panic(err)
			}
			store.content = content
		}
	}
	e.life++
	e.waiting = nil
	clear(e.busy)
	e.guard = s.newGuard(store)
	e.configure()
	if e.store == nil { // writing it for each login would take most of the time
		e.guard.file.store, e.guard.opts.store = nil, nil
	}
}

// schedule probes each target so often in each minute, at its own second.
func (e *exporter) schedule(replicas int) {
	s := e.sim
	for i := range s.fleet {
		for range replicas {
			s.every(s.within(0, time.Minute), time.Minute, func() {
				if s.now-e.last[i] >= 5*time.Second {
					e.probe(i, probeTime)
				}
			})
		}
	}
}

// probe tries to log in. A process that is killed stays silent about a login.
func (e *exporter) probe(i int, killedAfter time.Duration) {
	s := e.sim
	if v := s.config(s.now); v != e.version {
		e.version = v
		e.configure()
	}
	if !s.fleet[i] || e.busy[i] || s.behaviour(i, s.now) == down {
		return
	}
	e.busy[i], e.last[i] = true, s.now
	announced := ""
	if i%2 == 0 { // SMB1 announces it before the login
		announced = s.announced(i)
	}
	p := &simProbe{target: i, life: e.life, deadline: s.now + min(probeTime, killedAfter)}
	p.waiter = e.guard.begin(s.target(i), announced, p.deadline-s.now)
	if p.waiter.isDecided() {
		e.decided(p, killedAfter < probeTime)
		return
	}
	e.waiting = append(e.waiting, p)
	e.tick()
	s.at(p.deadline, func() {
		if j := slices.Index(e.waiting, p); j >= 0 && e.life == p.life {
			e.waiting = slices.Delete(e.waiting, j, j+1)
			_ = e.guard.abandon(p.waiter)
			e.busy[i] = false
			e.settle()
		}
	})
}

// tick lets waiting logins notice that time has passed.
func (e *exporter) tick() {
	if e.ticking || len(e.waiting) == 0 {
		return
	}
	e.ticking = true
	e.sim.at(e.sim.now+e.guard.recheckInterval(), func() {
		e.ticking = false
		seen := make(map[*authority]bool)
		for _, p := range slices.Clone(e.waiting) {
			if a := p.waiter.authority; !seen[a] {
				seen[a] = true
				e.guard.recheck(p.waiter)
			}
		}
		e.settle()
		e.tick()
	})
}

// settle goes on with the probes that have been decided on.
func (e *exporter) settle() {
	for i := 0; i < len(e.waiting); {
		if p := e.waiting[i]; p.waiter.isDecided() {
			e.waiting = slices.Delete(e.waiting, i, i+1)
			e.decided(p, false)
			i = 0
			continue
		}
		i++
	}
}

func (e *exporter) decided(p *simProbe, killed bool) {
	s, i := e.sim, p.target
	if p.waiter.err != nil {
		s.held[i]++
		e.busy[i] = false
		return
	}
	s.sent++
	took, result := s.serve(i)
	o := Outcome{Result: result, Domain: s.announced(i)}
	end := s.now + took
	if end > p.deadline {
		end, o.Result = p.deadline, InDoubt
		if killed {
			return
		}
	}
	s.at(end, func() {
		if e.life != p.life {
			return // the process is not there any more
		}
		e.guard.release(p.waiter.login, o)
		e.busy[i] = false
		if o.Result == Accepted {
			s.accepted[i] = append(s.accepted[i], s.now)
		}
		e.settle()
	})
}

// serve is the server's, and the controller's, part in a login.
func (s *sim) serve(i int) (took time.Duration, result Result) {
	b := s.behaviour(i, s.now)
	took, result = s.latency(s.now), Accepted
	right := s.password(s.now) == s.config(s.now)
	account := -1 // the domain's
	if s.local || b == oldAccount || b == ownAccount {
		account = i
	}
	wrong := !right && b != ownAccount || b == oldAccount
	switch b {
	case flaps:
		if s.random.IntN(20) == 0 {
			result = InDoubt
			if s.random.IntN(2) == 0 {
				took = time.Hour
			}
		}
	case hangs:
		result, took = InDoubt, time.Hour
	case slow:
		result, took = InDoubt, 12*time.Second
	case garbles:
		result = InDoubt
	case asGuest:
		result = Guest
	case expired:
		result, wrong = Restricted, false
	}
	if wrong {
		s.failed[account] = append(s.failed[account], s.now)
		if result == Accepted || result == Guest {
			result = Refused
		}
	}
	return took, result
}

func (s *sim) run(length time.Duration) {
	s.length = length
	for len(s.events) > 0 && s.events[0].at <= length {
		e := s.events.pop()
		s.now = e.at
		e.do()
	}
	s.now = length
}
