package prober_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/faultproxy"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// recovery is how long a probe goes on after a message was spoiled: time to notice, to
// connect again, to read the phone book again. What it finds out in that time is judged, not
// how much of it, so that the speed of the machine does not matter.
const recovery = 1500 * time.Millisecond

// probeSpoiled probes through a proxy. The time of the probe ends when recovery is over.
func probeSpoiled(t *testing.T, p *prober.Prober, target smbprobe.Target, proxy *faultproxy.Proxy) (*smbprobe.Result, error) {
	var fired time.Time
	return probeUntil(t.Context(), p, target, func() bool {
		if fired.IsZero() && proxy.Fired() {
			fired = time.Now()
		}
		return !fired.IsZero() && time.Since(fired) > recovery
	})
}

// TestFaultMatrix spoils each message of a whole probe in each way, in every third
// combination of the two. TestLongFaultMatrix tries them all.
func TestFaultMatrix(t *testing.T) { testFaultMatrix(t, 3) }

// testFaultMatrix checks what a probe makes of a spoiled message, what it leaves behind, and
// the next probe.
func testFaultMatrix(t *testing.T, stride int) {
	t.Run("SMB1", func(t *testing.T) {
		t.Parallel()
		host, addr := startNT(t)
		m := &matrix{addr: addr, module: []string{withEventlog, withServer}, parallel: 32, stride: stride}
		m.run(t, 60)
		wantNothingLeft(t, host)
	})
	t.Run("SMB 3.1.1", func(t *testing.T) {
		t.Parallel()
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"})
		samba.WritePhonebook([]byte(phonebookEntry("ISP")))
		samba.WriteEvents(failuresAgo(2*time.Minute, 3)...)
		// One pipe: Samba starts a process for each, and a hundred messages more would take
		// many minutes.
		m := &matrix{addr: samba.Addr(), signed: true, module: []string{withEventlog}, parallel: 16, stride: stride}
		m.run(t, 20)
	})
}

// matrix is every kind of fault at every message of a server.
type matrix struct {
	addr     netip.AddrPort
	signed   bool     // a changed answer after the login is detected
	module   []string // lines of the module
	parallel int      // cases at once: most of them wait for a message that does not come
	stride   int      // of how many cases one is run

	healthy facts

	mu     sync.Mutex
	cases  int
	states map[string]int // how often a result came
}

// run runs the cases. The server has to send leastMessages or more in a healthy probe.
func (m *matrix) run(t *testing.T, leastMessages int) {
	t.Helper()
	m.states = map[string]int{}
	probeOnce(t, direct(m.addr, m.module...)) // Samba starts its helpers at the first call
	proxy := faultproxy.Start(t, m.addr, faultproxy.Fault{})
	r := probeOnce(t, direct(proxy.Addr(), m.module...))
	if !r.Success || r.RPC != smbprobe.RPCAnswers {
		t.Fatalf("probe of a healthy server: success %t, RPC %q", r.Success, r.RPC)
	}
	m.healthy = factsOf(r)
	messages := proxy.Messages()
	if messages < leastMessages {
		t.Errorf("a healthy probe takes %d messages of the server, want %d or more", messages, leastMessages)
	}

	places := make(chan struct{}, m.parallel)
	var running sync.WaitGroup
	want := 0
	for i, kind := range faultproxy.Kinds() {
		for at := range messages {
			if (i+at)%m.stride != 0 {
				continue
			}
			if appliesAlways(kind) {
				want++
			}
			places <- struct{}{}
			running.Go(func() {
				defer func() { <-places }()
				m.runCase(t, faultproxy.Fault{Kind: kind, At: at, Seed: uint64(at)})
			})
		}
	}
	running.Wait()
	t.Logf("%d cases: %d faults at %d messages, one of %d\n%s", m.cases, len(faultproxy.Kinds()), messages, m.stride, figures(m.states))
	if m.cases < want {
		t.Errorf("%d messages were spoiled, want %d or more", m.cases, want)
	}
}

// appliesAlways reports whether a fault can be put on any message.
func appliesAlways(k faultproxy.Kind) bool {
	return k != faultproxy.WrongFID && // only on the answer to an open
		k != faultproxy.Reorder // if another message comes in time
}

// runCase probes through a fault, and then without it.
func (m *matrix) runCase(t *testing.T, f faultproxy.Fault) {
	proxy, err := faultproxy.Listen(m.addr, f)
	if err != nil {
		t.Error(err)
		return
	}
	defer proxy.Close()
	prober, err := prober.New(prober.Options{})
	if err != nil {
		t.Error(err)
		return
	}
	target := direct(proxy.Addr(), m.module...).target(t)
	var spoiled *smbprobe.Result
	if f.Kind.Harmless() {
		spoiled = prober.Probe(t.Context(), target)
	} else if spoiled, err = probeSpoiled(t, prober, target, proxy); err != nil {
		t.Errorf("%s at message %d: %v", f.Kind, f.At, err)
		return
	}
	if wrong := m.judge(f, proxy, spoiled); wrong != "" {
		t.Errorf("%s at message %d: %s\nshare %s (%s), phone book %s (%s), event log %s, registry %s\n%s", f.Kind, f.At, wrong,
			spoiled.Share, spoiled.ShareError, spoiled.Phonebook.State, spoiled.Phonebook.Error, spoiled.Eventlog.Error, spoiled.Registry.Error, strings.Join(spoiled.Trace.Lines(), "\n"))
	}
	if !proxy.Fired() {
		return
	}
	m.note(spoiled)
	_ = prober.Forget("corp") // a refusal that the fault made up holds the next login back
	next := prober.Probe(t.Context(), target)
	if diff := cmp.Diff(m.healthy, factsOf(next)); diff != "" {
		t.Errorf("%s at message %d: the next probe (-healthy +got):\n%s\n%s", f.Kind, f.At, diff, strings.Join(next.Trace.Lines(), "\n"))
	}
}

func (m *matrix) note(r *smbprobe.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cases++
	m.states[stateOf(r)]++
}

// judge describes what is wrong with the result of a spoiled probe; empty: nothing.
func (m *matrix) judge(f faultproxy.Fault, proxy *faultproxy.Proxy, r *smbprobe.Result) string {
	got := factsOf(r)
	place, fired := proxy.Struck()
	switch {
	case !slices.Contains(smbprobe.ShareStates(), r.Share) || !slices.Contains(smbprobe.PhonebookStates(), r.Phonebook.State):
		return "an unknown state"
	case !fired || f.Kind.Harmless():
		return cmp.Diff(m.healthy, got)
	case r.Phonebook.State == smbprobe.PhonebookDamaged:
		return "reports damage that was seen once"
	case makesAnotherAnswer(f.Kind) && (!m.signed || beforeSigning(place)):
		return "" // nothing contradicts it
	case r.Share != smbprobe.ShareOK && strings.Contains(strings.Join(r.Trace.Lines(), "\n"), `ADMIN$: STATUS_SUCCESS`):
		return "the share was opened, and the result is another"
	}
	return contradictions(m.healthy, got)
}

// beforeSigning reports whether the server sends a message before a session is signed:
// those of the negotiates in both dialects, and of two session setups.
func beforeSigning(place faultproxy.Place) bool {
	const first = 4
	return place.Number < first
}

// makesAnotherAnswer reports whether a fault may turn an answer into another sound one.
func makesAnotherAnswer(k faultproxy.Kind) bool {
	switch k {
	case faultproxy.RandomBytes, faultproxy.InnerLength, faultproxy.WrongStatus, faultproxy.WrongCommand, faultproxy.Flip, faultproxy.FlipHeader,
		faultproxy.Truncate, faultproxy.WrongTID, faultproxy.WrongUID, faultproxy.WrongFID, faultproxy.WrongMID:
		return true
	}
	return false
}

func stateOf(r *smbprobe.Result) string {
	return fmt.Sprintf("share %s, phone book %s, success %t", r.Share, r.Phonebook.State, r.Success)
}

// figures lists counts, the highest first.
func figures(counts map[string]int) string {
	var lines []string
	for name, n := range counts {
		lines = append(lines, fmt.Sprintf("%6d  %s", n, name))
	}
	slices.Sort(lines)
	slices.Reverse(lines)
	return strings.Join(lines, "\n")
}
