package prober_test

import (
	"cmp"
	"fmt"
	"maps"
	"net/netip"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/faultproxy"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

const (
	hostileSessions = 3000
	// hostileParallel is how many are open at once on each of the two servers: most of
	// them wait for something that does not come.
	hostileParallel = 16
	// hostileShare is how many of the messages of a server are spoilt. It leaves some
	// sessions whole, and lets others get far.
	hostileShare = 0.02
	// hostileMemory is what may be kept at the end: of each of the targets a few hundred
	// bytes, and nothing of what was said.
	hostileMemory = 8 << 20
)

// TestHostile has SMB2 servers mean harm, at random: no session ends the process or
// leaves a goroutine behind (TestMain), each has an outcome, and one that nothing
// happened to is well.
func TestHostile(t *testing.T) {
	prober := newProber(t, prober.Options{})
	before := heap()
	t.Run("dialects", func(t *testing.T) {
		dialects := []string{"SMB2_02", "SMB3_11"}
		for i, dialect := range dialects {
			t.Run(dialect, func(t *testing.T) {
				t.Parallel()
				samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: dialect})
				samba.WriteEvents(failuresAgo(2*time.Minute, 3)...)
				// Samba's helpers start with the first calls.
				wantOutcome(t, "at peace", allWell(), probeOnce(t, direct(samba.Addr(), "dialect: smb2", withEventlog, withServer)))
				h := &hostile{prober: prober, outcomes: map[string]int{}, server: samba.Addr(),
					target: direct(samba.Addr(), "timeout: 1s", "dialect: smb2", withEventlog, withServer).target(t)}
				sessions := hostileSessions / len(dialects)
				h.run(t, sessions*i, sessions)
			})
		}
	})
	kept := int64(heap()) - int64(before)
	t.Logf("%d bytes kept after %d sessions", kept, hostileSessions)
	if kept > hostileMemory {
		t.Errorf("%d bytes are kept, more than %d", kept, hostileMemory)
	}
}

// hostile is one server behind hostile proxies.
type hostile struct {
	prober *prober.Prober
	server netip.AddrPort
	target smbprobe.Target

	mu       sync.Mutex
	outcomes map[string]int
	spoilt   int
	messages int
	slowest  time.Duration
}

// run runs so many sessions, each behind a proxy with a seed of its own.
func (h *hostile) run(t *testing.T, firstSeed, sessions int) {
	t.Helper()
	started := time.Now()
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
	t.Logf("%d sessions in %s, %d of them spoilt; %d messages of the server; the slowest took %s\n%s", sessions,
		time.Since(started).Round(time.Second), h.spoilt, h.messages, h.slowest.Round(time.Millisecond), h.figures())
	if h.spoilt == 0 || h.spoilt == sessions {
		t.Errorf("%d of %d sessions were spoilt", h.spoilt, sessions)
	}
}

func (h *hostile) session(t *testing.T, seed uint64) {
	proxy, err := faultproxy.ListenHostile(h.server, faultproxy.Hostility{Seed: seed, Probability: hostileShare, BothWays: true})
	if err != nil {
		t.Error(err)
		return
	}
	defer proxy.Close()
	target := h.target
	target.Name, target.Ports = proxy.Addr().String(), []uint16{proxy.Addr().Port()}
	target.Auth.Name = fmt.Sprint("session ", seed) // a refusal that was made up holds back its own account alone
	r := h.prober.Probe(t.Context(), target)

	known := slices.Contains(smbprobe.ShareStates(), r.Share) && slices.Contains(smbprobe.PhonebookStates(), r.Phonebook.State)
	if !known || r.Success && !r.Share.Definite() {
		t.Errorf("seed %d: share %q, phone book %q, success %t", seed, r.Share, r.Phonebook.State, r.Success)
	}
	if whole := !proxy.Fired() && r.Duration < r.Timeout; whole && outcomeOf(r) != allWell() {
		t.Errorf("seed %d, nothing was spoilt: %+v\n%s", seed, outcomeOf(r), strings.Join(r.Trace, "\n"))
	}
	h.note(r, proxy)
}

func (h *hostile) note(r *smbprobe.Result, proxy *faultproxy.Proxy) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.outcomes[fmt.Sprintf("share %s, phone book %s, success %t", r.Share, r.Phonebook.State, r.Success)]++
	h.messages += proxy.Messages()
	h.slowest = max(h.slowest, r.Duration)
	if proxy.Fired() {
		h.spoilt++
	}
}

// figures lists the outcomes, the most frequent first.
func (h *hostile) figures() string {
	var b strings.Builder
	for _, outcome := range slices.SortedFunc(maps.Keys(h.outcomes), func(a, b string) int {
		return cmp.Or(cmp.Compare(h.outcomes[b], h.outcomes[a]), strings.Compare(a, b))
	}) {
		fmt.Fprintf(&b, "%6d  %s\n", h.outcomes[outcome], outcome)
	}
	return b.String()
}

// heap returns the bytes that are in use once all garbage is gone.
func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}
