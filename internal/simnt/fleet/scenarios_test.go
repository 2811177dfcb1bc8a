package fleet

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"net"
	"net/netip"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/dashboards"
	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/report"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// scenario is a server as an administrator meets it, and what the report has to say of it.
type scenario struct {
	name    string
	options simnt.Options // zero: Windows NT 4.0 Server with Service Pack 6
	log     logPlan
	prepare func(*simnt.Host)

	module  []string // further lines of the module
	dialed  []string // nil: the entry that furnish makes; empty: none
	ntlmV1  bool
	guest   bool // the exporter has no account there
	closed  bool // no port is open
	unknown bool // DNS does not know the name
	dnsDown bool // DNS does not answer
	answers func(net.Conn)

	// repair changes the server after the first probe; want is of the one a minute later.
	repair func(*simnt.Host)

	want    []string // all causes: "critical admin_share_removed"
	verdict string   // empty: by the worst of want
	fix     string   // what the first fix of the first cause begins with: its first command or its text
	says    []string // in the report, in this order
	never   []string // nowhere in the report
}

// scenarios are all of them.
var scenarios = slices.Concat(shareScenarios, serverScenarios, accountScenarios, fileScenarios, dialScenarios, serviceScenarios, mixedScenarios)

func do(changes ...func(*simnt.Host)) func(*simnt.Host) {
	return func(h *simnt.Host) {
		for _, change := range changes {
			change(h)
		}
	}
}

func setNumber(key, name string, v uint32) func(*simnt.Host) {
	return func(h *simnt.Host) { h.System().Registry().SetNumber(key, name, v) }
}

func removeShares(names ...string) func(*simnt.Host) {
	return func(h *simnt.Host) {
		for _, name := range names {
			h.RemoveShare(name)
		}
	}
}

// shareRefuses makes Admin$ refuse; fileRefuses makes the phone book.
func shareRefuses(status uint32) func(*simnt.Host) {
	return func(h *simnt.Host) { h.SetShareStatus(adminShare, status) }
}

func fileRefuses(status uint32) func(*simnt.Host) {
	return func(h *simnt.Host) { h.DenyFile(phonebookPath, status) }
}

// pipesRefuse makes some pipes refuse, or all of them.
func pipesRefuse(status uint32, pipes ...string) func(*simnt.Host) {
	return func(h *simnt.Host) {
		h.System().SetPipes(func(name string) uint32 {
			if len(pipes) == 0 || slices.Contains(pipes, name) {
				return status
			}
			return 0
		})
	}
}

// book writes the phone book.
func book(content string) func(*simnt.Host) {
	return func(h *simnt.Host) { h.WriteFile(phonebookPath, []byte(content), longAgo) }
}

func bookOf(entries ...string) func(*simnt.Host) { return book(string(phonebook(entries...))) }

func noBook(h *simnt.Host) { h.RemoveFile(phonebookPath) }

// allUsers writes the phone book of Windows 2000.
func allUsers(content string) func(*simnt.Host) {
	return func(h *simnt.Host) { h.WriteFile(w2kPhonebookPath, []byte(content), longAgo) }
}

func service(s rpc.Service) func(*simnt.Host) {
	return func(h *simnt.Host) { h.System().SetService(s) }
}

func withAccount(a simnt.Account) func(*simnt.Host) {
	return func(h *simnt.Host) { h.AddAccount(username, password, a) }
}

// now plans a log with three failed calls, the last a few minutes ago; failed with calls some
// time ago.
func now(codes ...string) logPlan { return failed(codes, 4*time.Minute, 50*time.Minute, 3*time.Hour) }

func failed(codes []string, ages ...time.Duration) logPlan {
	var p logPlan
	for _, code := range codes {
		p.failures = append(p.failures, failures{entry: entryName, code: code, ages: ages})
	}
	return p
}

func servicePack(n int) simnt.Options { return simnt.Options{ServicePack: n} }

// scenarioConfig writes the configuration of scenarios.
func scenarioConfig(servers []Server, all []scenario) string {
	var auths, modules, targets strings.Builder
	for i, s := range servers {
		ntlm, dialed := "v2", all[i].dialed
		if all[i].ntlmV1 {
			ntlm = "v1"
		}
		if dialed == nil {
			dialed = []string{entryName}
		}
		fmt.Fprintf(&auths, "  %s: {username: %s, password: %q, ntlm: %s}\n", s.auth(), username, password, ntlm)
		fmt.Fprintf(&modules, "  %s:\n    min_interval: 0s\n", s.auth())
		lines := all[i].module
		if !strings.Contains(strings.Join(lines, "\n"), "phonebook:") {
			var names []string
			for _, d := range dialed {
				names = append(names, fmt.Sprintf("%q", d))
			}
			lines = append(slices.Clone(lines), fmt.Sprintf("phonebook: {dialed_entries: [%s]}", strings.Join(names, ", ")))
		}
		for _, line := range lines {
			fmt.Fprintf(&modules, "    %s\n", line)
		}
		fmt.Fprintf(&targets, "  - {hosts: [%s], auth: %s, modules: [%s]}\n", s.Name, s.auth(), s.auth())
	}
	return "lockout_file: none\nauths:\n" + auths.String() + "modules:\n" + modules.String() + "targets:\n" + targets.String()
}

// TestScenarios probes each server and reads the report as its administrator would.
func TestScenarios(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var servers []Server
		for i, s := range scenarios {
			if s.options.OS == simnt.WindowsNT4 && s.options.ServicePack == 0 {
				s.options = nt4()
			}
			k := kind{
				name: fmt.Sprintf("exch%03d", i+1), summary: s.name, site: munich, options: s.options,
				noAccount: s.guest, log: s.log, prepare: s.prepare, portsClosed: s.closed,
			}
			server, err := k.build(time.Now)
			if err != nil {
				t.Fatalf("%s: %v", s.name, err)
			}
			server.addr = address(i)
			servers = append(servers, server)
		}
		network := listenInMemory(t, servers)
		for i, s := range scenarios {
			switch {
			case s.unknown, s.dnsDown:
				delete(network.addrs, servers[i].Name)
			case s.answers != nil:
				network.replace(t, servers[i], s.answers)
			}
		}
		c, err := config.Parse("", []byte(scenarioConfig(servers, scenarios)), nil)
		if err != nil {
			t.Fatal(err)
		}
		down := map[string]bool{}
		for i, s := range scenarios {
			down[servers[i].Name] = s.dnsDown
		}
		p, err := prober.New(prober.Options{Resolver: names{network, down}, Dial: network.Dial})
		if err != nil {
			t.Fatal(err)
		}
		results := probeAll(t, c, p, servers)
		var again []int
		for i, s := range scenarios {
			if s.repair != nil {
				s.repair(servers[i].Host)
				again = append(again, i)
			}
		}
		time.Sleep(time.Minute)
		for _, i := range again {
			target, err := c.Target(servers[i].Name, "")
			if err != nil {
				t.Fatal(err)
			}
			results[i] = p.Probe(t.Context(), target)
		}
		for i, s := range scenarios {
			s.judge(t, results[i])
		}
	})
}

// names is a DNS server that does not answer for some names.
type names struct {
	*pipes
	down map[string]bool
}

func (n names) LookupNetIP(ctx context.Context, network, host string) ([]netip.Addr, error) {
	if n.down[strings.TrimSuffix(host, ".")] {
		return nil, &net.DNSError{Err: "i/o timeout", Name: host, IsTimeout: true, IsTemporary: true}
	}
	return n.pipes.LookupNetIP(ctx, network, host)
}

// replace lets something else than the host answer.
func (p *pipes) replace(t *testing.T, s Server, answers func(net.Conn)) {
	for _, port := range s.ports {
		l := &pipeListener{conns: make(chan net.Conn), closed: make(chan struct{})}
		p.listeners[netip.AddrPortFrom(s.addr, port)] = l
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			for {
				select {
				case conn := <-l.conns:
					answers(conn)
					_ = conn.Close()
				case <-ctx.Done():
					return
				}
			}
		}()
		t.Cleanup(func() { cancel(); <-ended })
	}
}

// judge compares a result and its report with what is expected.
func (s scenario) judge(t *testing.T, r *smbprobe.Result) {
	t.Helper()
	var got []string
	for _, c := range r.Causes {
		got = append(got, fmt.Sprintf("%s %s", c.Severity, c.Name))
	}
	if diff := cmp.Diff(s.want, got); diff != "" {
		t.Errorf("%s: causes (-want +got):\n%s", s.name, diff)
	}
	verdict := s.verdict
	if verdict == "" {
		verdict = verdictOf(s.want)
	}
	if v := r.Verdict().String(); v != verdict {
		t.Errorf("%s: %s, want %s", s.name, v, verdict)
	}
	var b strings.Builder
	if err := report.Text(&b, r, false); err != nil {
		t.Fatal(err)
	}
	text := strings.Join(strings.Fields(b.String()), " ")
	rest := text
	for _, says := range s.says {
		_, after, found := strings.Cut(rest, says)
		if !found {
			t.Errorf("%s: the report does not say %q, in this place", s.name, says)
			continue
		}
		rest = after
	}
	for _, never := range s.never {
		if strings.Contains(text, never) {
			t.Errorf("%s: the report says %q", s.name, never)
		}
	}
	if s.fix != "" && len(r.Causes) > 0 {
		if fix := firstFix(r.Causes[0].Remedy); !strings.HasPrefix(fix, s.fix) {
			t.Errorf("%s: the first fix is %q, want %q", s.name, fix, s.fix)
		}
	}
	for _, c := range r.Causes {
		wantInRunbook(t, s.name, &c)
	}
}

// verdictOf returns the exit status that belongs to causes.
func verdictOf(causes []string) string {
	switch {
	case slices.ContainsFunc(causes, func(c string) bool { return strings.HasPrefix(c, "critical") }):
		return "CRITICAL"
	case slices.ContainsFunc(causes, func(c string) bool { return strings.HasPrefix(c, "warning") }):
		return "WARNING"
	}
	return "OK"
}

// firstFix returns the first command of the first step that changes something, otherwise its
// text.
func firstFix(steps []smbprobe.RemedyStep) string {
	s := diagnosis.FirstFix(steps)
	switch {
	case s == nil:
		return ""
	case len(s.Commands) > 0:
		return s.Commands[0]
	}
	return s.Text
}

// numberedKey is the end of a key that is named by a number, as below NetworkCards.
var numberedKey = regexp.MustCompile(`\\[0-9]+$`)

// wantInRunbook checks that the page of a cause has each command and each registry value of a
// remedy: its section Fix is made from the same steps.
func wantInRunbook(t *testing.T, name string, c *smbprobe.Cause) {
	t.Helper()
	files, err := dashboards.Runbooks()
	if err != nil {
		t.Fatal(err)
	}
	page, err := fs.ReadFile(files, c.Name+".md")
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	known := maps.Collect(func(yield func(string, diagnosis.KnownCause) bool) {
		for _, k := range diagnosis.Known() {
			if !yield(k.Name, k) {
				return
			}
		}
	})
	if !slices.Contains(known[c.Name].Severities, c.Severity) {
		t.Errorf("%s: %s is %s, which its page does not list", name, c.Name, c.Severity)
	}
	other := c.Name == "service_not_running" // a name of the configuration
	for _, step := range c.Remedy {
		for _, command := range step.Commands {
			if !strings.Contains(string(page), command) && !(other && strings.HasPrefix(command, "net start ")) {
				t.Errorf("%s: the page of %s lacks %q", name, c.Name, command)
			}
		}
		if step.Registry != nil && !strings.Contains(string(page), numberedKey.ReplaceAllString(step.Registry.Key, `\NUMBER`)) {
			t.Errorf("%s: the page of %s lacks %s", name, c.Name, step.Registry.Key)
		}
	}
}
