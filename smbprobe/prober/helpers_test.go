package prober_test

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// patience ends what hangs. Nothing that works comes near it, on a busy machine either.
const patience = 2 * time.Minute

// site is a configuration: one account, one module, and some hosts. The zero values are the
// account of the test servers and a module with much time.
type site struct {
	username string
	password string
	ntlm     string
	module   []string // lines of the module, "transport: direct"
	hosts    []string
}

func (s site) config(t testing.TB) *config.Config {
	t.Helper()
	var b strings.Builder
	fmt.Fprintf(&b, "auths:\n  corp: {username: %q, domain: TESTDOM, password: %q, ntlm: %q}\n",
		either(s.username, smbtest.Username), either(s.password, smbtest.Password), either(s.ntlm, "v2"))
	fmt.Fprintf(&b, "modules:\n  default:\n")
	if !strings.Contains(strings.Join(s.module, "\n"), "timeout:") {
		fmt.Fprintf(&b, "    timeout: %s\n", patience)
	}
	if !strings.Contains(strings.Join(s.module, "\n"), "eventlog:") {
		fmt.Fprintf(&b, "    eventlog: {enabled: false}\n") // has tests of its own
	}
	if !strings.Contains(strings.Join(s.module, "\n"), "server:") {
		fmt.Fprintf(&b, "    server: {registry: false, services: []}\n") // has tests of its own
	}
	for _, line := range s.module {
		fmt.Fprintf(&b, "    %s\n", line)
	}
	fmt.Fprintf(&b, "targets:\n  - auth: corp\n    hosts:\n")
	for _, host := range s.hosts {
		fmt.Fprintf(&b, "      - %q\n", host)
	}
	c, err := config.Parse("rasphone.yml", []byte(b.String()), nil)
	if err != nil {
		t.Fatalf("%v in\n%s", err, b.String())
	}
	return c
}

func either(value, fallback string) string {
	if value == "" {
		return fallback
	}
	return value
}

// target returns the first host of a site.
func (s site) target(t testing.TB) smbprobe.Target {
	t.Helper()
	return s.targets(t)[0]
}

// targets returns all hosts of a site.
func (s site) targets(t testing.TB) []smbprobe.Target {
	t.Helper()
	c := s.config(t)
	var all []smbprobe.Target
	for _, host := range s.hosts {
		target, err := c.Target(host, "")
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, target)
	}
	return all
}

// direct returns a site of one server that speaks direct TCP.
func direct(addr netip.AddrPort, module ...string) site {
	return site{hosts: []string{addr.String()}, module: append([]string{"transport: direct"}, module...)}
}

func newProber(t testing.TB, o prober.Options) *prober.Prober {
	t.Helper()
	p, err := prober.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

// probe probes, and logs the trace.
func probe(t testing.TB, p *prober.Prober, target smbprobe.Target) *smbprobe.Result {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	r := p.Probe(ctx, target)
	t.Logf("%s: share %s (%s), phone book %s (%s)\n%s", target.Name, r.Share, r.ShareError, r.Phonebook.State, r.Phonebook.Error,
		strings.Join(r.Trace.Lines(), "\n"))
	return r
}

// probeOnce probes with a Prober of its own.
func probeOnce(t testing.TB, s site) *smbprobe.Result {
	t.Helper()
	return probe(t, newProber(t, prober.Options{}), s.target(t))
}

// outcome is the summary of a result.
type outcome struct {
	Share     smbprobe.ShareState
	Status    smb.Status
	Phonebook smbprobe.PhonebookState
	Success   bool
	HeldBack  bool
}

// allWell is the outcome for a healthy server.
func allWell() outcome {
	return outcome{Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookOK, Success: true}
}

// book is the outcome if the share could be opened.
func book(state smbprobe.PhonebookState) outcome {
	return outcome{Share: smbprobe.ShareOK, Phonebook: state, Success: state != smbprobe.PhonebookUnknown}
}

// share is the outcome if the share could not be opened.
func share(state smbprobe.ShareState, status smb.Status) outcome {
	return outcome{Share: state, Status: status, Phonebook: smbprobe.PhonebookUnknown, Success: state.Definite()}
}

func outcomeOf(r *smbprobe.Result) outcome {
	return outcome{r.Share, r.ShareStatus, r.Phonebook.State, r.Success, r.LoginHeldBack}
}

func wantOutcome(t testing.TB, what string, want outcome, r *smbprobe.Result) {
	t.Helper()
	if diff := cmp.Diff(want, outcomeOf(r)); diff != "" {
		t.Errorf("%s: outcome (-want +got):\n%s", what, diff)
	}
}

// clock is a clock that only forward moves.
type clock struct {
	mu  sync.Mutex
	now time.Time
}

func newClock() *clock { return &clock{now: time.Date(1999, time.May, 4, 3, 2, 1, 0, time.UTC)} }

func (c *clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// network has a dial function that redirects addresses, and notes those that were dialed. An
// address without a route never answers.
type network struct {
	routes map[string]netip.AddrPort // by "address:port"

	mu     sync.Mutex
	dialed []string
}

func (n *network) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	n.mu.Lock()
	n.dialed = append(n.dialed, address)
	n.mu.Unlock()
	to, ok := n.routes[address]
	if !ok {
		<-ctx.Done()
		return nil, &net.OpError{Op: "dial", Net: kind, Err: ctx.Err()}
	}
	return (&net.Dialer{}).DialContext(ctx, kind, to.String())
}

// dialedSince returns the addresses that were dialed since the last call.
func (n *network) dialedSince() []string {
	n.mu.Lock()
	defer n.mu.Unlock()
	all := n.dialed
	n.dialed = nil
	return all
}

// closedPort returns an address on which no program listens, and none does until the end of
// the test: the port is in use.
func closedPort(t testing.TB) netip.AddrPort {
	t.Helper()
	socket, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = syscall.Close(socket) })
	if err := syscall.Bind(socket, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}); err != nil {
		t.Fatal(err)
	}
	name, err := syscall.Getsockname(socket)
	if err != nil {
		t.Fatal(err)
	}
	bound := name.(*syscall.SockaddrInet4)
	return netip.AddrPortFrom(netip.AddrFrom4(bound.Addr), uint16(bound.Port))
}
