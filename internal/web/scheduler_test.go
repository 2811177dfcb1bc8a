package web

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// waiter is one call of ask in a test, all times from the beginning of the test.
type waiter struct {
	target string
	at     time.Duration // when it arrives
	time   time.Duration // the probe's time; the waiter waits a tenth longer
	gone   time.Duration // when its client goes; 0: never
}

// waited is how a waiter ended.
type waited struct {
	At  time.Duration // when it had its answer
	Err error
	Run int // which run's result it got, from 1
}

// runScheduler lets every waiter ask, with probes that take so long unless their
// context ends before, and returns what became of each and how many probes ran.
func runScheduler(t *testing.T, places int, probeTakes time.Duration, waiters []waiter) (got []waited, runs int) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		runs = 0
		begin := time.Now()
		counter := make(chan int, 1)
		counter <- 0
		s := newScheduler(places, func(ctx context.Context, _ smbprobe.Target) *smbprobe.Result {
			n := <-counter + 1
			counter <- n
			select {
			case <-time.After(probeTakes):
			case <-ctx.Done():
			}
			return &smbprobe.Result{RoundTrips: n}
		})
		got = make([]waited, len(waiters))
		for i, a := range waiters {
			go func() {
				time.Sleep(a.at)
				ctx, cancel := context.WithCancel(t.Context())
				defer cancel()
				if a.gone > 0 {
					time.AfterFunc(a.gone-a.at, cancel)
				}
				now := time.Now()
				result, _, err := s.ask(ctx, request{target: smbprobe.Target{Name: a.target}, when: limits{a.time, a.time * 11 / 10}.from(now)})
				got[i] = waited{At: time.Since(begin), Err: err}
				if result != nil {
					got[i].Run = result.RoundTrips
				}
			}()
		}
		time.Sleep(time.Hour)
		s.drain(t.Context())
		runs = <-counter
		if len(s.flights) != 0 || len(s.queue) != 0 || s.slots != places {
			t.Errorf("left over: %d flights, %d waiting, %d of %d places free", len(s.flights), len(s.queue), s.slots, places)
		}
	})
	return got, runs
}

func TestScheduler(t *testing.T) {
	const sec = time.Second
	tests := []struct {
		name       string
		places     int
		probeTakes time.Duration
		waiters    []waiter
		want       []waited
		wantRuns   int
	}{
		{
			name: "one waiter", places: 1, probeTakes: sec,
			waiters: []waiter{{target: "a", time: 10 * sec}},
			want:    []waited{{At: sec, Run: 1}}, wantRuns: 1,
		},
		{
			name: "the probe has the time of who started it", places: 1, probeTakes: time.Minute,
			waiters: []waiter{{target: "a", time: 10 * sec}},
			want:    []waited{{At: 10 * sec, Run: 1}}, wantRuns: 1,
		},
		{
			name: "those who ask meanwhile share the result", places: 2, probeTakes: 3 * sec,
			waiters: []waiter{{target: "a", time: 10 * sec}, {target: "a", at: sec, time: 10 * sec}, {target: "a", at: 2 * sec, time: 10 * sec}},
			want:    []waited{{At: 3 * sec, Run: 1}, {At: 3 * sec, Run: 1}, {At: 3 * sec, Run: 1}}, wantRuns: 1,
		},
		{
			name: "who asks after it gets a probe of its own", places: 2, probeTakes: 3 * sec,
			waiters: []waiter{{target: "a", time: 10 * sec}, {target: "a", at: 4 * sec, time: 10 * sec}},
			want:    []waited{{At: 3 * sec, Run: 1}, {At: 7 * sec, Run: 2}}, wantRuns: 2,
		},
		{
			name: "the probe goes on when the first waiter leaves", places: 1, probeTakes: 3 * sec,
			waiters: []waiter{{target: "a", time: 10 * sec, gone: sec}, {target: "a", at: 2 * sec, time: 10 * sec}},
			want:    []waited{{At: sec, Err: errStillRuns}, {At: 3 * sec, Run: 1}}, wantRuns: 1,
		},
		{
			name: "each waiter keeps its own limit", places: 1, probeTakes: 8 * sec,
			waiters: []waiter{{target: "a", time: 10 * sec}, {target: "a", at: sec, time: 2 * sec}},
			want:    []waited{{At: 8 * sec, Run: 1}, {At: 3200 * time.Millisecond, Err: errStillRuns}}, wantRuns: 1,
		},
		{
			name: "waiting for a place", places: 1, probeTakes: 3 * sec,
			waiters: []waiter{{target: "a", time: 10 * sec}, {target: "b", at: sec, time: 10 * sec}},
			want:    []waited{{At: 3 * sec, Run: 1}, {At: 6 * sec, Run: 2}}, wantRuns: 2,
		},
		{
			name: "waiting in vain ends at half of the time", places: 1, probeTakes: 8 * sec,
			waiters: []waiter{{target: "a", time: 10 * sec}, {target: "b", at: sec, time: 10 * sec}},
			want:    []waited{{At: 8 * sec, Run: 1}, {At: 6 * sec, Err: errOverloaded}}, wantRuns: 1,
		},
		{
			name: "those who wait share a place, and the time of the one with the most", places: 1, probeTakes: 5 * sec,
			waiters: []waiter{
				{target: "a", time: 10 * sec},
				{target: "b", at: sec, time: 10 * sec},
				{target: "b", at: 2 * sec, time: 4 * sec},
			},
			want: []waited{{At: 5 * sec, Run: 1}, {At: 10 * sec, Run: 2}, {At: 4 * sec, Err: errOverloaded}}, wantRuns: 2,
		},
		{
			name: "a later waiter lengthens the time of a probe that waits", places: 1, probeTakes: 6 * sec,
			waiters: []waiter{
				{target: "a", time: 10 * sec},
				{target: "b", at: sec, time: 10500 * time.Millisecond}, // until 11.5s
				{target: "b", at: 2 * sec, time: 30 * sec},
			},
			want: []waited{{At: 6 * sec, Run: 1}, {At: 12 * sec, Run: 2}, {At: 12 * sec, Run: 2}}, wantRuns: 2,
		},
		{
			name: "a waiting probe outlives its first waiter", places: 1, probeTakes: 5 * sec,
			waiters: []waiter{
				{target: "a", time: 10 * sec},
				{target: "b", at: sec, time: 2 * sec},
				{target: "b", at: sec, time: 20 * sec},
			},
			want: []waited{{At: 5 * sec, Run: 1}, {At: 2 * sec, Err: errOverloaded}, {At: 10 * sec, Run: 2}}, wantRuns: 2,
		},
		{
			name: "a waiting probe whose waiters have all left is given up", places: 1, probeTakes: 5 * sec,
			waiters: []waiter{
				{target: "a", time: 10 * sec},
				{target: "b", at: sec, time: 10 * sec, gone: 2 * sec},
				{target: "c", at: 2 * sec, time: 20 * sec},
			},
			want: []waited{{At: 5 * sec, Run: 1}, {At: 2 * sec, Err: errOverloaded}, {At: 10 * sec, Run: 2}}, wantRuns: 2,
		},
		{
			name: "a waiting probe does not keep others from sharing one that runs", places: 1, probeTakes: 4 * sec,
			waiters: []waiter{
				{target: "a", time: 10 * sec},
				{target: "b", at: sec, time: 10 * sec},
				{target: "a", at: 2 * sec, time: 10 * sec},
			},
			want: []waited{{At: 4 * sec, Run: 1}, {At: 8 * sec, Run: 2}, {At: 4 * sec, Run: 1}}, wantRuns: 2,
		},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, runs := runScheduler(t, tt.places, tt.probeTakes, tt.waiters)
			sameErr := cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) })
			if diff := cmp.Diff(tt.want, got, sameErr); diff != "" {
				t.Errorf("outcomes (-want +got):\n%s", diff)
			}
			if runs != tt.wantRuns {
				t.Errorf("%d probes ran, want %d", runs, tt.wantRuns)
			}
		})
	}
}

// minuteRequest asks for a probe that may take a minute.
func minuteRequest(t smbprobe.Target) request {
	return request{target: t, when: limits{time.Minute, time.Minute}.from(time.Now())}
}

// TestSchedulerReusesResults: with an interval of 5 s, and probes of 1.5 s.
func TestSchedulerReusesResults(t *testing.T) {
	const sec = time.Second
	type ask struct {
		at         time.Duration
		target     string
		generation string
		budget     time.Duration
		share      smbprobe.ShareState // that a probe which it starts finds
		run        int                 // whose result it gets
		reused     bool
	}
	for _, tt := range []struct {
		name     string
		interval time.Duration
		asks     []ask
	}{
		{"within the interval from when the probe began", 5 * sec, []ask{
			{0, "a", "", 10 * sec, smbprobe.ShareOK, 1, false},
			{2 * sec, "a", "", 10 * sec, "", 1, true},
			{5*sec - 1, "a", "", 10 * sec, "", 1, true},
			{5 * sec, "a", "", 10 * sec, smbprobe.ShareOK, 2, false},
			{9 * sec, "a", "", 10 * sec, "", 2, true},
		}},
		{"while it runs it is shared, and not reused", 5 * sec, []ask{
			{0, "a", "", 10 * sec, smbprobe.ShareOK, 1, false},
			{sec, "a", "", 10 * sec, "", 1, false},
		}},
		{"off", 0, []ask{
			{0, "a", "", 10 * sec, smbprobe.ShareOK, 1, false},
			{2 * sec, "a", "", 10 * sec, smbprobe.ShareOK, 2, false},
		}},
		{"of one target", 5 * sec, []ask{
			{0, "a", "", 10 * sec, smbprobe.ShareOK, 1, false},
			{2 * sec, "b", "", 10 * sec, smbprobe.ShareOK, 2, false},
		}},
		{"never what was not probed", 5 * sec, []ask{
			{0, "a", "", 10 * sec, smbprobe.ShareNotProbed, 1, false},
			{2 * sec, "a", "", 10 * sec, smbprobe.ShareTimeout, 2, false},
			{4 * sec, "a", "", 10 * sec, "", 2, true},
		}},
		{"never one that had less time", 5 * sec, []ask{
			{0, "a", "", 9 * sec, smbprobe.ShareTimeout, 1, false},
			{2 * sec, "a", "", 10 * sec, smbprobe.ShareOK, 2, false},
			{4 * sec, "a", "", 9 * sec, "", 2, true},
		}},
		{"never from before a reload", 5 * sec, []ask{
			{0, "a", "old", 10 * sec, smbprobe.ShareOK, 1, false},
			{2 * sec, "a", "new", 10 * sec, smbprobe.ShareOK, 2, false},
			{4 * sec, "a", "new", 10 * sec, "", 2, true},
		}},
		{"nor one that began before it", 5 * sec, []ask{
			{0, "a", "old", 10 * sec, smbprobe.ShareOK, 1, false},
			{sec, "a", "new", 10 * sec, "", 1, false},
			{2 * sec, "a", "new", 10 * sec, smbprobe.ShareOK, 2, false},
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				runs := 0 // one probe runs at a time
				share := make(chan smbprobe.ShareState, 1)
				s := newScheduler(1, func(context.Context, smbprobe.Target) *smbprobe.Result {
					runs++
					result := &smbprobe.Result{RoundTrips: runs, Share: <-share}
					time.Sleep(3 * sec / 2)
					return result
				})
				begin := time.Now()
				for i, a := range tt.asks {
					time.Sleep(a.at - time.Since(begin))
					if a.share != "" {
						share <- a.share
					}
					target := smbprobe.Target{Name: a.target, Module: smbprobe.Module{MinInterval: tt.interval}}
					r := request{target, a.generation, limits{a.budget, a.budget}.from(time.Now())}
					go func() {
						result, reused, err := s.ask(t.Context(), r)
						if err != nil || result.RoundTrips != a.run || reused != a.reused {
							t.Errorf("request %d: result of run %v, reused: %t, %v", i, result, reused, err)
						}
					}()
					synctest.Wait()
				}
				time.Sleep(time.Minute)
				s.drain(t.Context())
			})
		})
	}
}
