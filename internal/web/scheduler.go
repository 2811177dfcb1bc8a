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
// and module together: those who ask meanwhile share the result.
type scheduler struct {
	probe func(context.Context, smbprobe.Target) *smbprobe.Result
	root  context.Context // every probe's; cancelled with errDraining when draining has no more time
	stop  context.CancelCauseFunc
	ended sync.WaitGroup // the goroutines of flights

	mu       sync.Mutex
	slots    int // places for further probes
	draining bool
	flights  map[flightKey]*flight // those that run or wait
	queue    []*flight             // those that wait, oldest first; empty while slots > 0
}

// flightKey is what makes two probes the same.
type flightKey struct{ target, module string }

// flight is one probe with all who ask for it. The scheduler's mu guards it;
// result and err do not change once done is closed.
type flight struct {
	key      flightKey
	target   smbprobe.Target
	deadline time.Time     // of the probe: the latest that anybody asked for before it started
	waiters  int           // how many waited for it to start
	started  chan struct{} // closed when the probe starts
	done     chan struct{} // closed when there is a result, or an error in its place
	result   *smbprobe.Result
	err      error
}

// schedule says how long somebody waits for a probe, and gives the probe.
type schedule struct {
	startBy   time.Time // until when to wait for a place
	deadline  time.Time // the probe's; after startBy
	respondBy time.Time // until when to wait for the result; not before deadline
}

// newScheduler makes a scheduler of so many places. probe must not panic, and
// must return when its context ends.
func newScheduler(places int, probe func(context.Context, smbprobe.Target) *smbprobe.Result) *scheduler {
	root, stop := context.WithCancelCause(context.Background())
	return &scheduler{
		probe: probe, root: root, stop: stop,
		slots: places, flights: map[flightKey]*flight{},
	}
}

// ask returns the result of a probe of t: of one that is under way, or of one
// that it starts, and that goes on when the waiter leaves. It is errOverloaded
// where the probe did not start in time or ctx ended before, and errStillRuns
// where it started and the waiter has to leave.
func (s *scheduler) ask(ctx context.Context, t smbprobe.Target, when schedule) (*smbprobe.Result, error) {
	f, err := s.join(t, when.deadline)
	if err != nil {
		return nil, err
	}
	if !f.awaitStart(ctx, when.startBy) && s.leaveQueue(f) {
		return nil, errOverloaded
	}
	ctx, cancel := context.WithDeadline(ctx, when.respondBy)
	defer cancel()
	select {
	case <-f.done:
		return f.result, f.err
	case <-ctx.Done():
	}
	select {
	case <-f.done: // at the same moment: the result is worth more
		return f.result, f.err
	default:
		return nil, errStillRuns
	}
}

// join finds the flight of t, or makes one that starts or waits for its turn.
func (s *scheduler) join(t smbprobe.Target, deadline time.Time) (*flight, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.draining {
		return nil, errDraining
	}
	key := flightKey{t.Name, t.Module.Name}
	f := s.flights[key]
	if f == nil {
		f = &flight{key: key, target: t, deadline: deadline, started: make(chan struct{}), done: make(chan struct{})}
		s.flights[key] = f
		s.queue = append(s.queue, f)
		s.startWaiting()
	}
	if slices.Contains(s.queue, f) {
		f.waiters++
		f.target = t // the configuration may have changed while the flight waited
		if deadline.After(f.deadline) {
			f.deadline = deadline
		}
	}
	return f, nil
}

// awaitStart reports whether the flight started, or was rejected, in time.
func (f *flight) awaitStart(ctx context.Context, startBy time.Time) bool {
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
// is given up. It is false where the flight does not wait any more.
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

// startWaiting gives free places to those who wait. The caller holds mu.
func (s *scheduler) startWaiting() {
	for s.slots > 0 && len(s.queue) > 0 {
		f := s.queue[0]
		s.queue = slices.Delete(s.queue, 0, 1)
		s.slots--
		close(f.started)
		s.ended.Go(func() { s.run(f) })
	}
}

// run probes, and passes the place on.
func (s *scheduler) run(f *flight) {
	ctx, cancel := context.WithDeadline(s.root, f.deadline)
	defer cancel()
	result := s.probe(ctx, f.target)

	s.mu.Lock()
	defer s.mu.Unlock()
	f.result = result
	delete(s.flights, f.key)
	close(f.done)
	s.slots++
	s.startWaiting()
}

// drain turns new waiters away and waits for the flights. When ctx ends, it
// cancels those that run, and turns those away that wait.
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

// abort cancels the flights that run and turns those away that wait.
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
