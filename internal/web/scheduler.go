package web

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// What ask returns in place of a Result.
var (
	errOverloaded = errors.New("no place for this probe within its time: too many probes run at once")
	errDraining   = errors.New("the exporter is about to end")
	errStillRuns  = errors.New("the probe goes on beyond the time that this request has")
)

// scheduler runs probes, so many at a time at most, and never two of one target
// and module together: requests that come meanwhile share the result, and those that come
// within the module's MinInterval get it again.
type scheduler struct {
	probe func(context.Context, smbprobe.Target) *smbprobe.Result
	root  context.Context // every probe's; cancelled with errDraining when draining has no more time
	stop  context.CancelCauseFunc
	ended sync.WaitGroup // the goroutines of flights

	mu         sync.Mutex
	slots      int // free places; below 0 while more probes run than have places, see yield
	draining   bool
	flights    map[flightKey]*flight // those that run or wait
	queue      []*flight             // those that wait, oldest first; empty while slots > 0
	generation any                   // of the newest request
	recent     map[flightKey]recent  // of this generation; one for each target and module at most
	expiring   []expiring            // of recent, those that were added first in front
}

// expiring is when a recent result is of no use any more: with its trace it takes more memory
// than all else that is remembered of a target.
type expiring struct {
	key   flightKey
	began time.Time // of the result
	until time.Time
}

// flightKey identifies what is probed: two probes with the same key are the same.
type flightKey struct{ target, module string }

// request is what a waiter asks for.
type request struct {
	target     smbprobe.Target
	generation any // of the configuration that the target is from; comparable
	when       schedule
}

// flight is one probe with all who wait for it. The scheduler's mu guards it;
// result and err do not change once done is closed.
type flight struct {
	key        flightKey
	target     smbprobe.Target
	generation any
	deadline   time.Time     // of the probe: the latest of all that joined before it started
	began      time.Time     // when the probe started
	budget     time.Duration // the time that it had then
	waiters    int           // how many waited for it to start
	started    chan struct{} // closed when the probe starts
	done       chan struct{} // closed when there is a result, or an error in its place
	result     *smbprobe.Result
	err        error
}

// recent is the last result of a target and module.
type recent struct {
	result *smbprobe.Result
	began  time.Time
	budget time.Duration
}

// schedule is how long a waiter waits for a probe, and how long the probe may take.
type schedule struct {
	startBy   time.Time     // until when to wait for a place
	deadline  time.Time     // the probe's; after startBy
	respondBy time.Time     // until when to wait for the result; not before deadline
	budget    time.Duration // the time of a probe that starts at once
}

// newScheduler makes a scheduler of so many places. probe must not panic, and
// must return when its context ends.
func newScheduler(places int, probe func(context.Context, smbprobe.Target) *smbprobe.Result) *scheduler {
	root, stop := context.WithCancelCause(context.Background())
	return &scheduler{
		probe: probe, root: root, stop: stop,
		slots: places, flights: map[flightKey]*flight{}, recent: map[flightKey]recent{},
	}
}

// ask returns the result of a probe: of the last one, if it is recent enough (reused), of
// one that is under way, or of one that it starts, and that goes on when the waiter leaves.
// It is errOverloaded if the probe did not start in time or ctx ended before, and
// errStillRuns if it started and the waiter has to leave.
func (s *scheduler) ask(ctx context.Context, r request) (result *smbprobe.Result, reused bool, err error) {
	f, last, err := s.join(r)
	if err != nil || last != nil {
		return last, last != nil, err
	}
	if !f.awaitStart(ctx, r.when.startBy) && s.leaveQueue(f) {
		return nil, false, errOverloaded
	}
	ctx, cancel := context.WithDeadline(ctx, r.when.respondBy)
	defer cancel()
	select {
	case <-f.done:
		return f.result, false, f.err
	case <-ctx.Done():
	}
	select {
	case <-f.done: // at the same moment: the result is worth more
		return f.result, false, f.err
	default:
		return nil, false, errStillRuns
	}
}

// join returns the last result if it will do, else the flight of the target: one that there
// is, or a new one that starts or waits for its turn.
func (s *scheduler) join(r request) (*flight, *smbprobe.Result, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, nil, errDraining
	}
	if s.generation != r.generation {
		s.generation = r.generation
		clear(s.recent)
		s.expiring = nil
	}
	s.expire(time.Now())
	key := flightKey{r.target.Name, r.target.Module.Name}
	if last, ok := s.recent[key]; ok && time.Since(last.began) < r.target.Module.MinInterval && last.budget >= r.when.budget {
		return nil, last.result, nil
	}
	f := s.flights[key]
	if f == nil {
		f = &flight{
			key: key, target: r.target, generation: r.generation, deadline: r.when.deadline,
			started: make(chan struct{}), done: make(chan struct{}),
		}
		s.flights[key] = f
		s.queue = append(s.queue, f)
		s.startWaiting()
		if !slices.Contains(s.queue, f) {
			f.budget = r.when.budget // as much as the next request like this one has
		}
	}
	if slices.Contains(s.queue, f) {
		f.waiters++
		f.target, f.generation = r.target, r.generation // there may have been a reload while the flight waited
		if r.when.deadline.After(f.deadline) {
			f.deadline = r.when.deadline
		}
	}
	return f, nil, nil
}

// reusableFor returns how long the last result of a target is still given again instead of a
// new probe.
func (s *scheduler) reusableFor(t smbprobe.Target) time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	last, ok := s.recent[flightKey{t.Name, t.Module.Name}]
	if !ok {
		return 0
	}
	return max(0, t.Module.MinInterval-time.Since(last.began))
}

// awaitStart reports whether the flight started, or was rejected, in time.
func (f *flight) awaitStart(ctx context.Context, startBy time.Time) bool {
	select {
	case <-f.started: // at once, as most do
		return true
	default:
	}
	ctx, cancel := context.WithDeadline(ctx, startBy)
	defer cancel()
	select {
	case <-f.started:
	case <-f.done:
	case <-ctx.Done():
		return false
	}
	return true
}

// leaveQueue takes one waiter away from a flight that waits; with the last one it
// is given up. It is false if the flight does not wait any more.
func (s *scheduler) leaveQueue(f *flight) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	i := slices.Index(s.queue, f)
	if i < 0 {
		return false
	}
	f.waiters--
	if f.waiters == 0 {
		s.queue = slices.Delete(s.queue, i, i+1)
		delete(s.flights, f.key)
	}
	return true
}

// startWaiting gives free places to flights that wait. The caller holds mu.
func (s *scheduler) startWaiting() {
	for s.slots > 0 && len(s.queue) > 0 {
		f := s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
		s.slots--
		f.began = time.Now()
		f.budget = f.deadline.Sub(f.began)
		close(f.started)
		s.ended.Go(func() { s.run(f) })
	}
}

// run probes, and passes the place on.
func (s *scheduler) run(f *flight) {
	ctx, cancel := context.WithDeadline(s.root, f.deadline)
	defer cancel()
	place := &place{scheduler: s}
	target := f.target
	target.Yield = place.yield
	result := s.probe(ctx, target)
	place.resume()

	s.mu.Lock()
	defer s.mu.Unlock()
	f.result = result
	delete(s.flights, f.key)
	if f.generation == s.generation && result.Share != smbprobe.ShareNotProbed && target.Module.MinInterval > 0 {
		s.recent[f.key] = recent{result, f.began, f.budget}
		s.expiring = append(s.expiring, expiring{f.key, f.began, f.began.Add(f.target.Module.MinInterval)})
	}
	s.expire(time.Now())
	close(f.done)
	s.slots++
	s.startWaiting()
}

// expire drops the results that are of no use any more. The caller holds mu.
func (s *scheduler) expire(now time.Time) {
	n := 0
	for n < len(s.expiring) && !now.Before(s.expiring[n].until) {
		e := s.expiring[n]
		if last, ok := s.recent[e.key]; ok && last.began.Equal(e.began) {
			delete(s.recent, e.key)
		}
		n++
	}
	s.expiring = slices.Delete(s.expiring, 0, n)
}

// place is one probe's place among those that run at a time.
type place struct {
	scheduler *scheduler
	yielded   bool // guarded by the scheduler's mu
}

// yield implements smbprobe.Target.Yield.
func (p *place) yield() (resume func()) {
	s := p.scheduler
	s.mu.Lock()
	defer s.mu.Unlock()
	if !p.yielded {
		p.yielded = true
		s.slots++
		s.startWaiting()
	}
	return p.resume
}

// resume takes the place back, also if no place is free: a probe that has got its turn to
// log in must not wait for other probes while further logins wait for it. The next places
// that get free make up for it.
func (p *place) resume() {
	s := p.scheduler
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.yielded {
		p.yielded = false
		s.slots--
	}
}

// drain rejects new waiters and waits for the flights. When ctx ends, it
// cancels those that run, and rejects those that wait.
func (s *scheduler) drain(ctx context.Context) {
	s.mu.Lock()
	s.draining = true
	s.mu.Unlock()

	ended := make(chan struct{})
	go func() {
		s.ended.Wait()
		close(ended)
	}()
	select {
	case <-ended:
	case <-ctx.Done():
		s.abort()
		<-ended
	}
	s.stop(errDraining)
}

// abort cancels the flights that run and rejects those that wait.
func (s *scheduler) abort() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.queue {
		f.err = errDraining
		delete(s.flights, f.key)
		close(f.done)
	}
	s.queue = nil
	s.stop(errDraining)
}
