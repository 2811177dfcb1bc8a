package prober_test

import (
	"context"
	"net"
	"net/netip"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/smb2peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// watched is a fleet whose targets are probed in turn, and what came of it.
type watched struct {
	prober  *prober.Prober
	targets []smbprobe.Target
	wg      sync.WaitGroup

	mu       sync.Mutex
	held     map[string]int // probes that were held back, by target
	waited   map[string]int // probes that waited for a place to log in
	failed   map[string]int // probes that did not open the share, for these reasons or others
	accepted map[string]time.Time
}

func watch(t *testing.T, m *memory, hosts int, module ...string) *watched {
	t.Helper()
	s := site{module: append([]string{"timeout: 10s", "transport: direct"}, module...)}
	for i := range hosts {
		s.hosts = append(s.hosts, hostOf(i))
	}
	w := &watched{prober: newProber(t, prober.Options{Dial: m.dial})}
	w.targets = s.targets(t)
	if err := w.prober.Configure(w.targets); err != nil {
		t.Fatal(err)
	}
	w.reset()
	return w
}

// hostOf is the i-th host of a fleet.
func hostOf(i int) string {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{10, 1, 2, byte(i)}), 445).String()
}

// reset forgets what came of the probes so far.
func (w *watched) reset() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held, w.waited, w.failed, w.accepted = map[string]int{}, map[string]int{}, map[string]int{}, map[string]time.Time{}
}

// probe probes a target, and does not wait for the result.
func (w *watched) probe(target smbprobe.Target) {
	target.Yield = func() func() {
		w.note(w.waited, target)
		return func() {}
	}
	w.wg.Go(func() {
		r := w.prober.Probe(context.Background(), target)
		if r.LoginHeldBack {
			w.note(w.held, target)
		}
		if r.Share == smbprobe.ShareOK || r.Share == smbprobe.ShareMissing && !r.LoginHeldBack {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.accepted[target.Name] = time.Now()
			return
		}
		w.note(w.failed, target)
	})
}

func (w *watched) note(counts map[string]int, target smbprobe.Target) {
	w.mu.Lock()
	defer w.mu.Unlock()
	counts[target.Name]++
}

// round probes each target once within a period, one after another.
func (w *watched) round(period time.Duration) {
	for _, target := range w.targets {
		w.probe(target)
		time.Sleep(period / time.Duration(len(w.targets)))
	}
}

// TestSilentServersHoldNoPlace: SMB2 servers that accept connections, or negotiate as well,
// and then stay silent, have got no login that could count. Others of the account go on as if
// they were not there.
func TestSilentServersHoldNoPlace(t *testing.T) {
	t.Parallel()
	const silent, good = 20, 5
	synctest.Test(t, func(t *testing.T) {
		nt := startMemoryNT(t, simnt.Options{ServicePack: 6})
		quiet := true
		m := &memory{}
		m.serve = func(address string, conn net.Conn) {
			switch i := int(netip.MustParseAddrPort(address).Addr().As4()[3]); {
			case i < silent && !quiet:
				smb2peer.Serve(conn, "TESTDOM")
			case i < silent/2:
				serveSilently(conn)
			case i < silent:
				smb2peer.ServeUntilChallenge(conn, "TESTDOM")
			case i%2 == 0:
				smb2peer.Serve(conn, "TESTDOM")
			default:
				nt.serve(conn)
			}
		}
		t.Cleanup(m.serving.Wait)
		w := watch(t, m, silent+good)
		for _, target := range w.targets[silent:] { // from the start, one login at a time
			w.probe(target)
			w.wg.Wait()
		}
		w.reset()
		begun := len(m.sent())
		for range 10 {
			w.round(time.Minute)
		}
		w.wg.Wait()
		for i, target := range w.targets {
			name := target.Name
			if w.held[name] > 0 || i >= silent && (w.waited[name] > 0 || w.failed[name] > 0) || i < silent && w.failed[name] != 10 {
				t.Errorf("%s (silent: %t): %d probes held back, %d waited, %d failed", name, i < silent, w.held[name], w.waited[name], w.failed[name])
			}
		}
		if got := len(m.sent()) - begun; got != 10*good {
			t.Errorf("%d logins, want %d", got, 10*good)
		}
		if got := w.prober.LoginsHeldBack(); got != 0 {
			t.Errorf("%d targets held back, want none", got)
		}

		// As nothing is in doubt, a silent server that comes back is logged in to at once.
		quiet = false
		w.reset()
		w.round(time.Second)
		w.wg.Wait()
		if len(w.accepted) != silent+good {
			t.Errorf("%d of %d targets logged in to", len(w.accepted), silent+good)
		}
	})
}

// TestOneOfAHundredHangs: a server that takes logins and never answers does not hold back the
// others of the account, nor delay them.
func TestOneOfAHundredHangs(t *testing.T) {
	t.Parallel()
	for _, dialect := range []string{"smb1", "smb2"} {
		t.Run(dialect, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := startMemory(t, dialect, simnt.SigningOff)
				w := watch(t, m, 100, "dialect: "+dialect)
				w.round(time.Minute)
				w.reset()
				hangs := w.targets[50].Name
				m.fault = func(address string) loginFault {
					if address == hangs {
						return loginFault{answer: hangingAnswer}
					}
					return loginFault{}
				}
				for range 16 { // half an hour
					w.round(2 * time.Minute)
				}
				w.wg.Wait()
				for _, target := range w.targets {
					if name := target.Name; name != hangs && w.held[name]+w.waited[name]+w.failed[name] > 0 {
						t.Errorf("%s: %d probes held back, %d waited, %d failed", name, w.held[name], w.waited[name], w.failed[name])
					}
				}
				if w.held[hangs] < 8 {
					t.Errorf("%s: %d probes held back", hangs, w.held[hangs])
				}
			})
		})
	}
}

// hangingAnswer is no answer.
func hangingAnswer(c *wire, _ []byte) ([]byte, error) { return nil, c.hang() }

// TestSilentController: a domain controller answers nothing for twenty minutes. Every target
// is logged in to within 31 minutes after it is back, and the account is not locked in between.
func TestSilentController(t *testing.T) {
	t.Parallel()
	const targets, silence, limit = 100, 20 * time.Minute, 31 * time.Minute
	for _, dialect := range []string{"smb1", "smb2"} {
		t.Run(dialect, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := startMemory(t, dialect, simnt.SigningOff)
				w := watch(t, m, targets, "dialect: "+dialect)
				w.round(time.Minute)
				before := len(m.sent())
				m.fault = func(string) loginFault { return loginFault{answer: hangingAnswer} }
				for begun := time.Now(); time.Since(begun) < silence; {
					w.round(2 * time.Minute)
				}
				m.fault = nil
				w.reset()
				wantNoLockout(t, m.sent()[before:])
				back := time.Now()
				for time.Since(back) < limit && w.left() > 0 {
					w.round(2 * time.Minute)
				}
				w.wg.Wait()
				if n := w.left(); n > 0 {
					t.Errorf("%s after the controller is back, %d of %d targets are not", limit, n, targets)
				}
				t.Logf("back after %s", time.Since(back))
			})
		})
	}
}

// left returns how many targets were not logged in to.
func (w *watched) left() int {
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.targets) - len(w.accepted)
}
