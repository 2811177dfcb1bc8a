package prober_test

import (
	"fmt"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/faultproxy"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const (
	// hostileParallel is how many sessions are open at once on each server: most of them
	// wait for a message that does not come.
	hostileParallel = 16
	// hostileShare is the part of the messages of a server that is spoiled. It leaves some
	// sessions whole, and lets others get far.
	hostileShare = 0.02
	// hostileMemory bounds what is kept at the end: a few hundred bytes for each target,
	// and nothing of the conversations.
	hostileMemory = 8 << 20
)

// TestHostile probes through proxies that spoil messages at random. No session ends the
// process or leaves a goroutine behind (TestMain), each has an outcome, and one that nothing
// happened to is healthy. TestLongHostile runs more sessions.
func TestHostile(t *testing.T) { testHostile(t, 150) }

// testHostile runs that many sessions with each server.
func testHostile(t *testing.T, sessions int) {
	before := heap()
	t.Run("servers", func(t *testing.T) {
		for i, test := range []struct {
			name   string
			start  func(*testing.T) netip.AddrPort
			module []string
			signed int // the first answer of a connection that is signed; 0: none is
		}{
			{"SMB1", hostileNT(simnt.SigningOff), []string{"dialect: smb1"}, 0},
			{"SMB1, signed", hostileNT(simnt.SigningRequired), []string{"dialect: smb1", "signing: required"}, 2},
			{"SMB 2.0.2", hostileSamba("SMB2_02"), []string{"dialect: smb2", "signing: required"}, 3},
			{"SMB 3.1.1", hostileSamba("SMB3_11"), []string{"dialect: smb2", "signing: required"}, 3},
		} {
			t.Run(test.name, func(t *testing.T) {
				t.Parallel()
				server := test.start(t)
				s := direct(server, append(test.module, withEventlog)...)
				probeOnce(t, s) // Samba starts its helpers at the first call
				healthy := probeOnce(t, s)
				wantOutcome(t, "a healthy server", allWell(), healthy)
				h := &hostile{server: server, target: s.target(t), signed: test.signed, healthy: factsOf(healthy), states: map[string]int{}}
				h.run(t, sessions*i, sessions)
			})
		}
	})
	kept := int64(heap()) - int64(before)
	t.Logf("%d bytes kept", kept)
	if kept > hostileMemory {
		t.Errorf("%d bytes are kept, more than %d", kept, hostileMemory)
	}
}

func hostileNT(signing simnt.Signing) func(*testing.T) netip.AddrPort {
	return func(t *testing.T) netip.AddrPort {
		host := newNT(t, simnt.Options{ServicePack: 6, Signing: signing})
		var book strings.Builder // of ten reads
		for i := range 400 {
			book.WriteString(phonebookEntry(fmt.Sprint("ISP ", i)))
		}
		host.WriteFile(`C:\WINNT\System32\Ras\rasphone.pbk`, []byte(book.String()), time.Now())
		addr := serveNT(t, host)
		t.Cleanup(func() { wantNothingOpen(t, host) })
		return addr
	}
}

func hostileSamba(dialect string) func(*testing.T) netip.AddrPort {
	return func(t *testing.T) netip.AddrPort {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: dialect, MaxProtocol: dialect, SigningMandatory: true})
		samba.WriteEvents(failuresAgo(2*time.Minute, 3)...)
		return samba.Addr()
	}
}

// hostile is one server behind hostile proxies.
type hostile struct {
	server  netip.AddrPort
	target  smbprobe.Target
	signed  int
	healthy facts

	mu      sync.Mutex
	states  map[string]int
	spoiled int
	judged  int // of which only signed answers were spoiled
}

// run runs sessions, each behind a proxy with a seed of its own.
func (h *hostile) run(t *testing.T, firstSeed, sessions int) {
	t.Helper()
	places := make(chan struct{}, hostileParallel)
	var running sync.WaitGroup
	for n := range sessions {
		places <- struct{}{}
		running.Go(func() {
			defer func() { <-places }()
			h.session(t, uint64(firstSeed+n))
		})
	}
	running.Wait()
	t.Logf("%d sessions, %d of them spoiled, %d only in signed answers\n%s", sessions, h.spoiled, h.judged, figures(h.states))
	if h.spoiled == 0 || h.spoiled == sessions || h.signed > 0 && h.judged == 0 {
		t.Errorf("%d of %d sessions were spoiled, %d only in signed answers", h.spoiled, sessions, h.judged)
	}
}

func (h *hostile) session(t *testing.T, seed uint64) {
	proxy, err := faultproxy.ListenHostile(h.server, faultproxy.Hostility{Seed: seed, Probability: hostileShare, BothWays: true})
	if err != nil {
		t.Error(err)
		return
	}
	defer proxy.Close()
	// Each session has an exporter of its own: a login that is spoiled holds others back.
	p, err := prober.New(prober.Options{})
	if err != nil {
		t.Error(err)
		return
	}
	target := h.target
	target.Name, target.Entry, target.Ports = fmt.Sprint("session-", seed), "", []uint16{proxy.Addr().Port()}
	r, err := probeSpoiled(t, p, target, proxy)
	if err != nil {
		t.Errorf("seed %d: %v", seed, err)
		return
	}
	h.note(r, proxy)
	if wrong := h.judge(proxy, r); wrong != "" {
		t.Errorf("seed %d, spoiled: %v: %s\n%s", seed, proxy.AllStruck(), wrong, strings.Join(r.Trace.Lines(), "\n"))
	}
}

// judge describes what is wrong with a result; empty: nothing.
func (h *hostile) judge(proxy *faultproxy.Proxy, r *smbprobe.Result) string {
	known := slices.Contains(smbprobe.ShareStates(), r.Share) && slices.Contains(smbprobe.PhonebookStates(), r.Phonebook.State)
	switch {
	case !known || r.Success && !r.Share.Definite():
		return "not a possible outcome: " + stateOf(r)
	case !proxy.Fired():
		return cmp.Diff(h.healthy, factsOf(r))
	case r.Phonebook.State == smbprobe.PhonebookDamaged:
		return "reports damage: " + r.Phonebook.Error
	case h.onlySigned(proxy):
		return contradictions(h.healthy, factsOf(r))
	}
	return ""
}

// onlySigned reports whether all that was spoiled were signed answers. A server refuses a
// request with a wrong signature as STATUS_ACCESS_DENIED, which is as good as any answer.
func (h *hostile) onlySigned(proxy *faultproxy.Proxy) bool {
	return h.signed > 0 && !slices.ContainsFunc(proxy.AllStruck(), func(p faultproxy.Place) bool {
		return p.Direction == faultproxy.FromClient || p.Index < h.signed
	})
}

func (h *hostile) note(r *smbprobe.Result, proxy *faultproxy.Proxy) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.states[stateOf(r)]++
	if proxy.Fired() {
		h.spoiled++
		if h.onlySigned(proxy) {
			h.judged++
		}
	}
}

// heap returns the bytes that are in use once all garbage is gone.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
