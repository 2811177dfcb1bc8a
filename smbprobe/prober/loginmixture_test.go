package prober_test

import (
	"fmt"
	"math/rand/v2"
	"net"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/lockout"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// mixture is an exporter and its operator for some hours, with everything that can go wrong
// with a login, before an account that is locked after five wrong passwords.
type mixture struct {
	t       *testing.T
	random  *rand.Rand
	nt      *memoryNT
	memory  *memory
	file    string // the lockout file
	fleet   site
	targets []smbprobe.Target
	serving *prober.Prober

	mu    sync.Mutex
	moods map[string]loginFault // of targets, while they do not answer as they should
}

const newPassword = "new-1999"

// TestLoginMixtures: whatever is mixed, the account is not locked, and a fault that ends does
// not keep targets out for longer than the longest hold.
func TestLoginMixtures(t *testing.T) { testLoginMixtures(t, 2) }

func testLoginMixtures(t *testing.T, n uint64) {
	t.Parallel()
	for seed := range n {
		t.Run(fmt.Sprint(seed), func(t *testing.T) {
			t.Parallel()
			file := filepath.Join(t.TempDir(), "lockout.json")
			synctest.Test(t, func(t *testing.T) {
				m := &mixture{t: t, random: rand.New(rand.NewPCG(seed, 4)), file: file, moods: map[string]loginFault{}}
				m.run()
			})
		})
	}
}

func (m *mixture) run() {
	m.nt = startMemoryNT(m.t, simnt.Options{ServicePack: 6, Lockout: simnt.Lockout{Threshold: lockAfter, Window: 30 * time.Minute}})
	m.memory = &memory{serve: func(_ string, conn net.Conn) { m.nt.serve(conn) }, fault: m.fault}
	m.t.Cleanup(m.memory.serving.Wait)
	m.fleet.module = []string{"timeout: 10s", "transport: direct", "dialect: smb1"}
	for i := range []int{1, 2, 5}[m.random.IntN(3)] {
		m.fleet.hosts = append(m.fleet.hosts, hostOf(i))
	}
	m.targets = m.fleet.targets(m.t)
	m.serving = m.start()

	changed, fixed := time.Duration(m.random.IntN(120))*time.Minute, time.Duration(120+m.random.IntN(120))*time.Minute
	begun, most := time.Now(), 0
	for since := time.Duration(0); since < 4*time.Hour; since = time.Since(begun) {
		if changed >= 0 && since >= changed {
			changed = -1
			m.nt.AddAccount(smbtest.Username, newPassword, simnt.Account{Administrator: true})
		}
		if fixed >= 0 && since >= fixed {
			fixed = -1
			m.fleet.password = newPassword
			m.targets = m.fleet.targets(m.t)
			m.configure(m.serving)
		}
		m.act()
		m.round(m.serving, 1+m.random.IntN(2))
		time.Sleep(time.Duration(20+m.random.IntN(60)) * time.Second)
		state, _ := m.nt.AccountState(smbtest.Username)
		most = max(most, state.BadPasswords)
		if state.LockedOut {
			m.t.Fatalf("locked after %s: %+v", time.Since(begun), state)
		}
	}

	m.mu.Lock()
	clear(m.moods)
	m.mu.Unlock()
	m.memory.fault = nil
	time.Sleep(4*time.Hour + time.Minute)
	for _, target := range m.targets {
		if r := m.serving.Probe(m.t.Context(), target); r.Share != smbprobe.ShareOK {
			m.t.Errorf("%s, hours after the last fault: share %s (%s)", target.Name, r.Share, r.ShareError)
		}
	}
	m.t.Logf("%d targets, %d logins, at most %d wrong passwords counted", len(m.targets), len(m.memory.sent()), most)
}

// act does at random what an operator does, or what happens to a server.
func (m *mixture) act() {
	host := m.fleet.hosts[m.random.IntN(len(m.fleet.hosts))]
	switch m.random.IntN(32) { // each start of a process costs a slow hash
	case 0: // a reload without a change
		m.configure(m.serving)
	case 1:
		m.serving = m.start()
	case 2:
		_ = m.serving.Forget("corp")
	case 3: // the command probe
		m.round(m.start(), 1)
	case 4, 5, 6, 7:
		kinds := unansweredKinds()
		m.mu.Lock()
		m.moods[host] = kinds[m.random.IntN(len(kinds))].loginFault
		m.mu.Unlock()
	case 8, 9, 10, 11:
		m.mu.Lock()
		delete(m.moods, host)
		m.mu.Unlock()
	}
}

// unansweredKinds are the kinds of logins that the server takes and whose answer is lost: it
// may have counted each of them.
func unansweredKinds() []matrixKind {
	return slices.DeleteFunc(matrixKinds(), func(k matrixKind) bool { return k.ends != endsInDoubt || k.signed })
}

func (m *mixture) fault(address string) loginFault {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.moods[address]
}

// start starts a process that shares the lockout file.
func (m *mixture) start() *prober.Prober {
	guard, err := lockout.New(lockout.Options{File: m.file, RequireFile: true, Warn: func(err error) { m.t.Error(err) }})
	if err != nil {
		m.t.Fatal(err)
	}
	p := newProber(m.t, prober.Options{Guard: guard, Dial: m.memory.dial})
	m.configure(p)
	return p
}

func (m *mixture) configure(p *prober.Prober) {
	if err := p.Configure(m.targets); err != nil {
		m.t.Fatal(err)
	}
}

// round probes every target as often at once, and waits for all of them.
func (m *mixture) round(p *prober.Prober, times int) {
	var probing sync.WaitGroup
	for _, target := range m.targets {
		for range times {
			probing.Go(func() { probeAtOnce(m.t, p, target, 1) })
		}
	}
	probing.Wait()
}
