//go:build soak

package fleet

import (
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

var soakDuration = flag.Duration("soak.duration", 10*time.Minute, "duration of the faults")

const (
	soakServers  = 500
	soakInterval = 15 * time.Second // of the probes of one server
	soakParallel = 100              // probes at a time
	soakHeap     = 8 << 20          // bytes that the heap may grow by, and a tenth of what it was
	soakSpare    = 8                // goroutines and descriptors that may be there besides: the runtime's own
	settleTime   = 30 * time.Second // for what ends by itself after the last probe
)

// TestSoak probes 500 servers for ten minutes, on which hosts hang and refuse, and connections
// are spoilt, at random. After it every server is what it was, and nothing leaked: memory,
// goroutines and file descriptors are what they were after two calm rounds.
func TestSoak(t *testing.T) {
	s := newSoak(t)
	s.round(t)
	s.round(t)
	before := s.settle(0)
	t.Logf("after two calm rounds: %s", before)

	s.trouble(t)
	t.Logf("after %s of trouble: %d probes, %s", *soakDuration, s.count(), s.tally())

	s.forgetHolds() // a spoilt login may have been refused
	for range 2 {
		for i, r := range s.round(t) {
			if !s.servers[i].Changes {
				check(t, "after the trouble", s.servers[i], r)
			}
		}
	}
	after := s.settle(before.goroutines)
	t.Logf("at the end: %s; %d probes in all", after, s.count())
	if limit := before.heap + before.heap/10 + soakHeap; after.heap > limit {
		t.Errorf("the heap has %d bytes, more than %d", after.heap, limit)
	}
	if after.goroutines > before.goroutines+soakSpare {
		t.Errorf("%d goroutines, %d before", after.goroutines, before.goroutines)
	}
	if after.descriptors > before.descriptors+soakSpare {
		t.Errorf("%d file descriptors, %d before", after.descriptors, before.descriptors)
	}
}

// soak is what the test probes, and what it counts.
type soak struct {
	servers []Server
	config  *config.Config
	prober  *prober.Prober
	hazard  *hazard

	mu     sync.Mutex
	states map[string]int // share and phone book of each result
	probes int
}

func newSoak(t *testing.T) *soak {
	t.Helper()
	copies := (soakServers + len(kinds) - 1) / len(kinds)
	servers, err := Copies(time.Now, copies)
	if err != nil {
		t.Fatal(err)
	}
	servers = servers[:soakServers]
	network, err := Listen(t.Context(), servers)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := network.Close(); err != nil {
			t.Error(err)
		}
	})
	s := &soak{servers: servers, config: parse(t, servers), states: map[string]int{}, hazard: newHazard(t, network)}
	s.prober, err = prober.New(prober.Options{Resolver: network, Dial: s.hazard.Dial})
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// forgetHolds permits a login to each server.
func (s *soak) forgetHolds() {
	for _, server := range s.servers {
		_ = s.prober.Forget(server.auth())
	}
}

// round probes every server once.
func (s *soak) round(t *testing.T) []*smbprobe.Result {
	t.Helper()
	Step(s.servers, time.Now())
	results := make([]*smbprobe.Result, len(s.servers))
	s.inParallel(len(s.servers), 0, func(i int) { results[i] = s.probe(t, i) })
	return results
}

// trouble probes the servers in turn for the duration of the soak, while things go wrong.
func (s *soak) trouble(t *testing.T) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var ended sync.WaitGroup
	ended.Go(func() { Change(ctx, s.servers, time.Now) })
	ended.Go(func() { s.hazard.run(ctx, s.servers) })
	s.inParallel(int(*soakDuration/soakInterval)*len(s.servers), soakInterval/soakServers, func(i int) { s.probe(t, i%len(s.servers)) })
	cancel()
	ended.Wait()
	s.hazard.end(s.servers)
}

// inParallel calls f for each number below n, so many at a time as may be and one each interval.
func (s *soak) inParallel(n int, interval time.Duration, f func(int)) {
	places := make(chan struct{}, soakParallel)
	var ended sync.WaitGroup
	next := time.Now()
	for i := range n {
		time.Sleep(time.Until(next))
		next = next.Add(interval)
		places <- struct{}{}
		ended.Go(func() {
			defer func() { <-places }()
			f(i)
		})
	}
	ended.Wait()
}

func (s *soak) probe(t *testing.T, i int) *smbprobe.Result {
	target, err := s.config.Target(s.servers[i].Name, "")
	if err != nil {
		t.Error(err)
		return &smbprobe.Result{}
	}
	r := s.prober.Probe(t.Context(), target)
	if !slices.Contains(smbprobe.ShareStates(), r.Share) || !slices.Contains(smbprobe.PhonebookStates(), r.Phonebook.State) {
		t.Errorf("%s: states %q and %q", r.Target, r.Share, r.Phonebook.State)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.probes++
	s.states[fmt.Sprintf("%s/%s", r.Share, r.Phonebook.State)]++
	return r
}

func (s *soak) count() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.probes
}

// tally lists the states that were seen, and how often.
func (s *soak) tally() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	var all []string
	for _, state := range slices.Sorted(maps.Keys(s.states)) {
		all = append(all, fmt.Sprintf("%s %d", state, s.states[state]))
	}
	return strings.Join(all, ", ")
}

// footprint is what the process holds.
type footprint struct {
	heap        uint64 // bytes in use, after garbage collection
	goroutines  int
	descriptors int
}

func (f footprint) String() string {
	return fmt.Sprintf("heap %.1f MiB, %d goroutines, %d file descriptors", float64(f.heap)/(1<<20), f.goroutines, f.descriptors)
}

// settle waits until the servers have seen that the last connections are closed, and no more
// goroutines are there than expected (0: whatever their number), and measures.
func (s *soak) settle(goroutines int) footprint {
	connected := func() (n int) {
		for _, server := range s.servers {
			n += server.Host.Statistics().ConnectionsNow
		}
		return n
	}
	for end := time.Now().Add(settleTime); time.Now().Before(end); time.Sleep(100 * time.Millisecond) {
		if connected() == 0 && (goroutines == 0 || runtime.NumGoroutine() <= goroutines) {
			break
		}
	}
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	descriptors, err := os.ReadDir("/proc/self/fd")
	if err != nil {
		panic(err) // the soak is for Linux
	}
	return footprint{m.HeapAlloc, runtime.NumGoroutine(), len(descriptors)}
}
