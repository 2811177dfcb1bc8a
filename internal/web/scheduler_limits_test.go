package web

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestSchedulerYield: a probe that waits for its login holds no place; when it goes on it
// takes one back at once, and the next ones that get free make up for it.
func TestSchedulerYield(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const size, waiting, others = 2, 5, 4
		var running atomic.Int32
		s := newScheduler(size, nil)
		login := make(chan struct{})
		s.probe = func(_ context.Context, target smbprobe.Target) *smbprobe.Result {
			if target.Auth.Name == "waits" {
				resume := target.Yield()
				target.Yield() // a second time without resuming changes nothing
				<-login
				resume()
				resume()
			}
			running.Add(1)
			time.Sleep(time.Second)
			running.Add(-1)
			if target.Auth.Name == "never resumes" {
				target.Yield()
			}
			return &smbprobe.Result{}
		}
		places := func() (free, queued int) {
			s.mu.Lock()
			defer s.mu.Unlock()
			return s.slots, len(s.queue)
		}
		ask := func(name, auth string) {
			go func() {
				if _, _, err := s.ask(t.Context(), minuteRequest(smbprobe.Target{Name: name, Auth: smbprobe.Auth{Name: auth}})); err != nil {
					t.Errorf("%s: %v", name, err)
				}
			}()
			synctest.Wait()
		}
		for i := range waiting {
			ask(fmt.Sprint("waiting", i), "waits")
		}
		if free, _ := places(); free != size {
			t.Errorf("%d places are free while all probes wait for a login, want %d", free, size)
		}
		for i := range others {
			ask(fmt.Sprint("other", i), "never resumes")
		}
		if _, queued := places(); running.Load() != size || queued != others-size {
			t.Errorf("%d run and %d wait for a place, want %d and %d", running.Load(), queued, size, others-size)
		}
		login <- struct{}{}
		synctest.Wait()
		if free, _ := places(); running.Load() != size+1 || free != -1 {
			t.Errorf("after one login %d run with %d places, want %d and -1", running.Load(), free, size+1)
		}
		time.Sleep(time.Second)
		synctest.Wait()
		if running.Load() != size {
			t.Errorf("later %d run, want %d", running.Load(), size)
		}
		close(login)
		time.Sleep(time.Minute)
		s.drain(t.Context())
		if free, _ := places(); free != size {
			t.Errorf("%d places at the end, want %d", free, size)
		}
	})
}

func TestSchedulerLimitsProbesThatRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const places, waiters = 3, 20
		running := make(chan struct{}, places)
		s := newScheduler(places, func(context.Context, smbprobe.Target) *smbprobe.Result {
			select {
			case running <- struct{}{}:
			default:
				t.Error("more probes run than there are places")
			}
			time.Sleep(time.Second)
			<-running
			return &smbprobe.Result{}
		})
		answers := make(chan error, waiters)
		for i := range waiters {
			go func() {
				_, _, err := s.ask(t.Context(), minuteRequest(smbprobe.Target{Name: fmt.Sprint(i)}))
				answers <- err
			}()
		}
		for range waiters {
			if err := <-answers; err != nil {
				t.Error(err)
			}
		}
		s.drain(t.Context())
	})
}

func TestSchedulerKeepsModulesApart(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(2, func(_ context.Context, t smbprobe.Target) *smbprobe.Result {
			time.Sleep(time.Second)
			return &smbprobe.Result{Module: t.Module.Name}
		})
		for _, module := range []string{"one", "two"} {
			go func() {
				target := smbprobe.Target{Name: "a", Module: smbprobe.Module{Name: module}}
				result, _, err := s.ask(t.Context(), minuteRequest(target))
				if err != nil || result.Module != module {
					t.Errorf("module %s: result %v, error %v", module, result, err)
				}
			}()
		}
		time.Sleep(time.Minute)
		s.drain(t.Context())
	})
}

func TestSchedulerProbesTheNewestTarget(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newScheduler(1, func(_ context.Context, t smbprobe.Target) *smbprobe.Result {
			time.Sleep(time.Second)
			return &smbprobe.Result{Auth: t.Auth.Name}
		})
		ask := func(name, auth string) string {
			target := smbprobe.Target{Name: name, Auth: smbprobe.Auth{Name: auth}}
			result, _, err := s.ask(t.Context(), minuteRequest(target))
			if err != nil {
				t.Error(err)
				return ""
			}
			return result.Auth
		}
		go ask("in the way", "")
		synctest.Wait()
		go ask("a", "before a reload")
		synctest.Wait()
		if got := ask("a", "after it"); got != "after it" {
			t.Errorf("probed with the auth from %s", got)
		}
		s.drain(t.Context())
	})
}

func TestSchedulerDrain(t *testing.T) {
	const sec = time.Second
	tests := []struct {
		name      string
		drainTime time.Duration
		wantAt    time.Duration // when drain returns; it begins after 1s
		want      []waited      // of two waiters of one place, and of one who comes while draining
	}{
		{"all in time", time.Minute, 8 * sec, []waited{{At: 4 * sec}, {At: 8 * sec}, {At: 2 * sec, Err: errDraining}}},
		{"out of time", 2 * sec, 3 * sec, []waited{{At: 3 * sec}, {At: 3 * sec, Err: errDraining}, {At: 2 * sec, Err: errDraining}}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				begin := time.Now()
				s := newScheduler(1, func(ctx context.Context, _ smbprobe.Target) *smbprobe.Result {
					select {
					case <-time.After(4 * sec):
					case <-ctx.Done():
						if !errors.Is(ctx.Err(), context.Canceled) || !errors.Is(context.Cause(ctx), errDraining) {
							t.Errorf("ended by %v because of %v, want cancelled by draining", ctx.Err(), context.Cause(ctx))
						}
					}
					return &smbprobe.Result{}
				})
				got := make([]waited, 3)
				for i, at := range []time.Duration{0, sec / 2, 2 * sec} {
					go func() {
						time.Sleep(at)
						_, _, err := s.ask(t.Context(), minuteRequest(smbprobe.Target{Name: fmt.Sprint(i)}))
						got[i] = waited{At: time.Since(begin), Err: err}
					}()
				}
				time.Sleep(sec)
				ctx, cancel := context.WithTimeout(t.Context(), tt.drainTime)
				defer cancel()
				s.drain(ctx)
				at := time.Since(begin)
				synctest.Wait()
				if at != tt.wantAt {
					t.Errorf("drained at %s, want %s", at, tt.wantAt)
				}
				sameErr := cmp.Comparer(func(a, b error) bool { return errors.Is(a, b) })
				if diff := cmp.Diff(tt.want, got, sameErr); diff != "" {
					t.Errorf("outcomes (-want +got):\n%s", diff)
				}
			})
		})
	}
}
