package prober_test

import (
	"encoding/binary"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// otherEvents returns events that are not counted.
func otherEvents(age time.Duration, n int) []smbtest.Event {
	events := failuresAgo(age, n)
	for i := range events {
		events[i].Source = "CpqNF31"
	}
	return events
}

// TestEventlogChanges: a log changes between two probes.
func TestEventlogChanges(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.SetLogSize(4 << 20)
		p, target := newProber(t, prober.Options{}), direct(samba.Addr(), withEventlog).target(t)
		for _, step := range []struct {
			name   string
			change func()
			want   [3]int // failures in 15m, 1h, 24h
			lost   bool   // the log no longer holds all of them
		}{
			{"empty from the start", func() {}, [3]int{}, false},
			{"first records", func() {
				samba.WriteEvents(slices.Concat(otherEvents(30*time.Hour, 30), failuresAgo(28*time.Hour, 1),
					failuresAgo(3*time.Hour, 5), otherEvents(2*time.Hour, 5), failuresAgo(40*time.Minute, 3), failuresAgo(5*time.Minute, 2))...)
			}, [3]int{2, 5, 10}, false},
			{"unchanged", func() {}, [3]int{2, 5, 10}, false},
			{"more records", func() {
				samba.WriteEvents(slices.Concat(otherEvents(4*time.Minute, 200), failuresAgo(3*time.Minute, 1))...)
			}, [3]int{3, 6, 11}, false},
			{"overwritten before the windows", func() { samba.DropEvents(31) }, [3]int{3, 6, 11}, false},
			{"overwritten into a window", func() { samba.DropEvents(2) }, [3]int{3, 6, 11}, true},
			{"overwritten past what is remembered", func() {
				held := samba.ReadLog().Count
				samba.WriteEvents(slices.Concat(otherEvents(2*time.Minute, 3), failuresAgo(2*time.Minute, 4))...)
				samba.DropEvents(held)
			}, [3]int{4, 4, 4}, false},
			{"cleared, fewer records", func() { samba.ClearLog(); samba.WriteEvents(failuresAgo(40*time.Minute, 1)...) }, [3]int{0, 1, 1}, false},
			{"cleared, more records", func() {
				samba.ClearLog()
				samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour, 300), failuresAgo(5*time.Minute, 20))...)
			}, [3]int{20, 20, 320}, false},
			{"cleared, as many records", func() {
				samba.ClearLog()
				samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour, 316), failuresAgo(4*time.Minute, 4))...)
			}, [3]int{4, 4, 320}, false},
			{"cleared and empty", func() { samba.ClearLog() }, [3]int{}, false},
		} {
			step.change()
			r := probe(t, p, target)
			wantOutcome(t, step.name, allWell(), r)
			wantFailures(t, step.name, step.want, r)
			if !step.lost {
				wantLog(t, step.name, r, samba)
			}
		}
	})
}

// TestEventlogIsPruned: when Samba opens a log that is larger than its maximum, it prunes it,
// and answers the first read with no bytes at all.
func TestEventlogIsPruned(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		const written = 700
		large := otherEvents(10*24*time.Hour, written-8)
		for i := range large {
			large[i].Strings = []string{strings.Repeat("x", 500)} // together more than 512 KiB
		}
		samba.WriteEvents(slices.Concat(large, failuresAgo(5*time.Minute, 8))...)
		r := probeOnce(t, direct(samba.Addr(), withEventlog))
		if log := wantLog(t, "pruned", r, samba); log.Count >= written {
			t.Errorf("%d records, want less than %d", log.Count, written)
		}
		wantFailures(t, "pruned", [3]int{8, 8, 8}, r)
	})
}

// TestEventlogLargeRecords: records are larger than the first read, and than what one
// message of SMB1 can hold.
func TestEventlogLargeRecords(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.SetLogSize(4 << 20)
		for _, size := range []struct {
			name           string
			strings, chars int
		}{{"more than 4 KB", 10, 250}, {"more than 64 KB", 250, 200}} {
			large := otherEvents(10*time.Minute, 1)
			large[0].Strings = slices.Repeat([]string{strings.Repeat("x", size.chars)}, size.strings)
			last := failuresAgo(4*time.Minute, 1)
			last[0].Strings = append([]string{"ISP", "633"}, large[0].Strings[2:]...)
			samba.ClearLog()
			samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour, 2), large, failuresAgo(5*time.Minute, 3), large, last)...)

			p, target := newProber(t, prober.Options{}), direct(samba.Addr(), withEventlog).target(t)
			for _, what := range []string{"first probe", "second probe"} {
				r := probe(t, p, target)
				wantFailures(t, size.name+", "+what, [3]int{4, 4, 6}, r)
				wantLog(t, size.name+", "+what, r, samba)
			}
		}
	})
}

// TestEventlogFuture: records of the future are not counted, and hide no others.
func TestEventlogFuture(t *testing.T) {
	t.Parallel()
	onLogServers(t, func(t *testing.T, samba *smbtest.Samba) {
		samba.WriteEvents(slices.Concat(failuresAgo(-3*time.Hour, 2), failuresAgo(3*time.Hour, 1), failuresAgo(5*time.Minute, 4), failuresAgo(-2*time.Hour, 3))...)
		r := probeOnce(t, direct(samba.Addr(), withEventlog))
		wantFailures(t, "future", [3]int{4, 4, 5}, r)
		wantLog(t, "future", r, samba)
	})
}

// TestEventlogOfServerWithOtherClock: windows end now by the server's clock. A proxy changes
// the time that the server states, and the log has times by that clock.
func TestEventlogOfServerWithOtherClock(t *testing.T) {
	t.Parallel()
	for _, ahead := range []time.Duration{3 * time.Hour, -3 * time.Hour} {
		t.Run(ahead.String(), func(t *testing.T) {
			t.Parallel()
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "NT1"})
			samba.WriteEvents(slices.Concat(failuresAgo(3*time.Hour-ahead, 5), failuresAgo(40*time.Minute-ahead, 3), failuresAgo(5*time.Minute-ahead, 2))...)
			proxy := spoil(t, samba.Addr(), func(n int, answer []byte) ([]byte, bool) {
				if n == 0 {
					setClock(answer, ahead)
				}
				return framed(answer), true
			})
			r := probeOnce(t, direct(proxy.addr, withEventlog))
			wantOutcome(t, "other clock", allWell(), r)
			wantFailures(t, "other clock", [3]int{2, 5, 10}, r)
			if r.ClockOffset == nil || (*r.ClockOffset-ahead).Abs() > time.Minute {
				t.Errorf("clock offset %v, want about %s", r.ClockOffset, ahead)
			}
			if newest := r.Eventlog.Newest; newest == nil || (time.Until(*newest)-ahead+5*time.Minute).Abs() > time.Minute {
				t.Errorf("newest record at %v, want 5 minutes before the server's time", newest)
			}
		})
	}
}

// setClock changes the time that a negotiate answer states (MS-CIFS 2.2.4.52.2,
// SystemTime).
func setClock(answer []byte, ahead time.Duration) {
	const systemTime, tick = 32 + 1 + 23, 100 * time.Nanosecond
	at := answer[systemTime:]
	binary.LittleEndian.PutUint64(at, binary.LittleEndian.Uint64(at)+uint64(ahead/tick))
}
