package prober_test

import (
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
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
	// leastCases is how many cases the matrices of both dialects have together.
	leastCases = 2000
	// overrun is how far beyond its time a probe may be before it counts as stuck: the
	// goodbye, and a machine that is busy.
	overrun = 20 * time.Second
)

// TestFaultMatrix spoils every message of a whole probe in every way, and looks at what
// the probe makes of it, at what is left behind, and at the next probe.
func TestFaultMatrix(t *testing.T) {
	t.Parallel()
	var cases atomic.Int64
	t.Run("dialects", func(t *testing.T) {
		t.Run("SMB1", func(t *testing.T) {
			t.Parallel()
			host, addr := startNT(t)
			m := newMatrix(t, &matrix{addr: addr, module: []string{withEventlog, withServer}, timeout: time.Second, parallel: 32})
			cases.Add(int64(m.run(t)))
			wantNothingLeft(t, host)
		})
		t.Run("SMB 3.1.1", func(t *testing.T) {
			t.Parallel()
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"})
			samba.WritePhonebook([]byte(bookEntry("ISP")))
			samba.WriteEvents(failuresAgo(2*time.Minute, 3)...)
			// One pipe: Samba starts a process for each, and a hundred messages more would take
			// many minutes.
			m := newMatrix(t, &matrix{addr: samba.Addr(), signed: true, module: []string{withEventlog}, timeout: time.Second, parallel: 16})
			cases.Add(int64(m.run(t)))
		})
	})
	if n := cases.Load(); n < leastCases {
		t.Errorf("%d cases, want at least %d", n, leastCases)
	}
}

// wantNothingLeft waits until a server has seen the end of every connection, and looks at
// what it counted.
func wantNothingLeft(t *testing.T, host *simnt.Host) {
	t.Helper()
	deadline := time.Now().Add(patience)
	s := host.Statistics()
	for s.ConnectionsNow != 0 && time.Now().Before(deadline) {
		time.Sleep(10 * time.Millisecond)
		s = host.Statistics()
	}
	if s.ConnectionsNow != 0 || s.SessionsNow != 0 || s.TreesNow != 0 || s.FilesNow != 0 || s.PipesNow != 0 {
		t.Errorf("left on the server: %+v", s)
	}
	if s.MaxInFlight > 50 || s.Dropped != 0 {
		t.Errorf("%d requests in flight and %d connections that the server dropped, want at most 50 and none", s.MaxInFlight, s.Dropped)
	}
}

// matrix is every fault at every message of one server's answers.
type matrix struct {
	addr     netip.AddrPort
	signed   bool          // a change of an answer after the login is found out
	module   []string      // what is asked for
	timeout  time.Duration // of a spoilt probe
	parallel int           // cases at once: most of them wait for something that does not come

	want     *smbprobe.Result
	messages int

	mu     sync.Mutex
	cases  int
	states map[string]int // outcomes, for the figures
}

func newMatrix(t *testing.T, m *matrix) *matrix {
	t.Helper()
	m.states = map[string]int{}
	probeOnce(t, direct(m.addr, m.module...)) // Samba's helpers start with the first calls
	proxy := faultproxy.Start(t, m.addr, faultproxy.Fault{})
	m.want = probeOnce(t, direct(proxy.Addr(), m.module...))
	if !m.want.Success || m.want.RPC != smbprobe.RPCAnswers {
		t.Fatalf("not all is known of a healthy server: success %t, RPC %q", m.want.Success, m.want.RPC)
	}
	m.messages = proxy.Messages()
	return m
}

// run runs all cases and says how many they are.
func (m *matrix) run(t *testing.T) int {
	t.Helper()
	places := make(chan struct{}, m.parallel)
	var running sync.WaitGroup
	for _, kind := range faultproxy.Kinds() {
		for at := range m.messages {
			places <- struct{}{}
			running.Go(func() {
				defer func() { <-places }()
				m.runCase(t, faultproxy.Fault{Kind: kind, At: at, Seed: uint64(at)})
			})
		}
	}
	running.Wait()
	var figures []string
	for state, n := range m.states {
		figures = append(figures, fmt.Sprintf("%6d  %s", n, state))
	}
	slices.Sort(figures)
	t.Logf("%d cases: %d faults at %d messages\n%s", m.cases, len(faultproxy.Kinds()), m.messages, strings.Join(figures, "\n"))
	return m.cases
}

// runCase probes through a fault, and once more after it.
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
	hurried := target
	hurried.Module.Timeout = m.timeout
	spoilt := prober.Probe(t.Context(), hurried)
	for !proxy.Fired() && spoilt.Share == smbprobe.ShareTimeout && hurried.Module.Timeout < patience {
		hurried.Module.Timeout *= 3 // a busy machine did not come to this message
		spoilt = prober.Probe(t.Context(), hurried)
	}
	if !proxy.Fired() {
		return // nothing to spoil: no case
	}
	m.note(spoilt)
	if wrong := m.judge(f, proxy, spoilt); wrong != "" {
		t.Errorf("%s at message %d: %s\nshare %s (%s), phone book %s (%s), event log %s, registry %s\n%s", f.Kind, f.At, wrong,
			spoilt.Share, spoilt.ShareError, spoilt.Phonebook.State, spoilt.Phonebook.Error, spoilt.Eventlog.Error, spoilt.Registry.Error, strings.Join(spoilt.Trace, "\n"))
	}
	prober.ForgetRefusals() // a refusal that was made up holds the next login back
	next := prober.Probe(t.Context(), target)
	if diff := cmp.Diff(learnt(m.want), learnt(next)); diff != "" {
		t.Errorf("%s at message %d: the next probe (-healthy +got):\n%s\n%s", f.Kind, f.At, diff, strings.Join(next.Trace, "\n"))
	}
}

func (m *matrix) note(r *smbprobe.Result) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.cases++
	m.states[fmt.Sprintf("share %s, phone book %s, success %t", r.Share, r.Phonebook.State, r.Success)]++
}

// judge says what is wrong with the result of a spoilt probe, "" where nothing is.
func (m *matrix) judge(f faultproxy.Fault, proxy *faultproxy.Proxy, r *smbprobe.Result) string {
	if r.Duration > r.Timeout+overrun {
		return fmt.Sprintf("it took %s of %s", r.Duration, r.Timeout)
	}
	if !slices.Contains(smbprobe.ShareStates(), r.Share) || !slices.Contains(smbprobe.PhonebookStates(), r.Phonebook.State) {
		return "a state of no list"
	}
	if f.Kind.Harmless() && r.Duration < r.Timeout {
		return cmp.Diff(learnt(m.want), learnt(r))
	}
	if r.Phonebook.State == smbprobe.PhonebookDamaged {
		return "damage that was seen once is reported"
	}
	if !m.signed && lies(f.Kind) || m.signed && lies(f.Kind) && beforeLogin(proxy) {
		return "" // a lie that nothing contradicts
	}
	if strings.Contains(strings.Join(r.Trace, "\n"), `ADMIN$: STATUS_SUCCESS`) && r.Share != smbprobe.ShareOK {
		return "the share was opened, and the result does not say so"
	}
	return contradicts(learnt(m.want), learnt(r))
}

// beforeLogin reports whether the message that was spoilt came before the session was
// signed: the negotiate in both dialects, and two session setups.
func beforeLogin(proxy *faultproxy.Proxy) bool {
	const first = 4
	place, _ := proxy.Struck()
	return place.Number < first
}

// lies reports whether a fault may turn an answer into another one that is as good.
func lies(k faultproxy.Kind) bool {
	switch k {
	case faultproxy.RandomBytes, faultproxy.InnerLength, faultproxy.WrongStatus, faultproxy.WrongCommand, faultproxy.Flip, faultproxy.FlipHeader,
		faultproxy.Truncate, faultproxy.WrongTID, faultproxy.WrongUID, faultproxy.WrongFID, faultproxy.WrongMID:
		return true
	}
	return false
}

// facts are what a probe learnt, without times and what differs from probe to probe:
// by name; what is not known is not there.
type facts map[string]string

// learnt returns the facts of a result.
func learnt(r *smbprobe.Result) facts {
	f := facts{}
	if r.Share.Definite() {
		f["share"] = string(r.Share)
	}
	if r.Phonebook.State != smbprobe.PhonebookUnknown {
		f["book"] = fmt.Sprint(r.Phonebook.State, known(r.Phonebook.Size), known(r.Phonebook.Entries), known(r.Phonebook.Intact), r.Phonebook.Links, r.Phonebook.Counts)
	}
	e := r.Eventlog
	if e.Readable != nil && *e.Readable {
		f["event log"] = "readable"
		f["records"] = known(e.Records)
		for _, w := range e.Windows {
			f["failures in "+w.Label] = fmt.Sprint(known(w.Failures), w.ByError, w.Covered)
		}
	}
	if e.Size != nil {
		f["log size"] = known(e.Size)
	}
	note := func(name string, n *smbprobe.RegistryNumber) {
		if n != nil {
			f[name] = fmt.Sprint(*n)
		}
	}
	note("AutoShareServer", r.Registry.AutoShareServer)
	note("AutoShareWks", r.Registry.AutoShareWks)
	note("IRPStackSize", r.Registry.IRPStackSize)
	note("MaxSize", r.Registry.LogMaxSize)
	note("Retention", r.Registry.LogRetention)
	text := func(name string, t *smbprobe.RegistryText) {
		if t != nil {
			f[name] = fmt.Sprint(*t)
		}
	}
	text("CSDVersion", r.Registry.ServicePack)
	text("SystemRoot", r.Registry.SystemRoot)
	text("ProductType", r.Registry.ProductType)
	text("ProductSuite", r.Registry.ProductSuite)
	for _, s := range r.Services {
		if s.Installed != nil {
			f["service "+s.Name] = fmt.Sprint(*s.Installed)
		}
		if s.State != "" {
			f["state of "+s.Name] = string(s.State)
		}
		if s.StartMode != "" {
			f["start of "+s.Name] = string(s.StartMode)
		}
	}
	h := r.Host
	if h.Known {
		f["host"] = fmt.Sprint(h.Major, h.Minor, h.Server, h.DomainController)
	}
	if h.AdminShare != nil {
		f["ADMIN$"] = known(h.AdminShare)
	}
	if h.SystemShare != nil {
		f["system share"] = known(h.SystemShare)
	}
	if r.RPC != "" {
		f["RPC"] = string(r.RPC)
	}
	for _, c := range r.Causes {
		f["cause "+c.Name] = "yes" // how severe it is depends on what else is known
	}
	f["success"] = fmt.Sprint(r.Success)
	return f
}

func known[T any](v *T) string {
	if v == nil {
		return "?"
	}
	return fmt.Sprint(*v)
}

// spoiltCauses are those of a conversation that was spoilt.
var spoiltCauses = map[string]bool{
	"no_answer": true, "not_an_smb_server": true, "server_breaks_protocol": true, "signing_not_offered": true, "event_log_not_readable": true,
}

// contradicts says which facts of a spoilt probe differ from those of a healthy one. A
// fact may be missing; one that is there has to be right.
func contradicts(healthy, got facts) string {
	var wrong []string
	for name, value := range got {
		switch {
		case value == healthy[name], name == "success" && value == "false":
		case strings.HasPrefix(name, "cause ") && spoiltCauses[strings.TrimPrefix(name, "cause ")]: // the way to the server, or one answer, was spoilt
		case name == "share" && value == string(smbprobe.ShareSigningRefused): // a signature was spoilt
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %s, and with a healthy server %q", name, value, healthy[name]))
		}
	}
	if got["success"] == "true" {
		for name := range healthy {
			if _, ok := got[name]; !ok {
				wrong = append(wrong, "success, and nothing is known of "+name)
			}
		}
	}
	slices.Sort(wrong)
	return strings.Join(wrong, "\n")
}
