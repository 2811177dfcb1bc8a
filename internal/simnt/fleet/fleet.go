package fleet

import (
	"bytes"
	"fmt"
	"maps"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// suffix ends the servers' names, which only Network resolves.
const suffix = ".demo"

// Server is one server of a fleet.
type Server struct {
	Name    string // the target's name in the exporter, "share-removed.demo"
	Summary string // the state in a few words
	Labels  map[string]string
	Module  string // of Config
	NTLMv1  bool   // the server knows no NTLMv2
	Host    *simnt.Host
	Want    Expectation // at first, if Changes
	Changes bool        // the state changes as time passes

	addr  netip.Addr // that its name resolves to
	ports []uint16   // open ones
	log   *logWriter
	later func(now time.Time)
}

// Expectation is the result that a probe of a server should have.
type Expectation struct {
	Share     smbprobe.ShareState
	Phonebook smbprobe.PhonebookState
	// Causes are all causes, each as "severity name" ("critical admin_share_removed"), in the
	// order of the diagnosis. Nil: none.
	Causes  []string
	Verdict smbprobe.Verdict
	// Metrics are more lines of the exporter's answer.
	Metrics []string
}

// MaxServers is the highest number of servers: each has one of the addresses reserved for
// documentation (RFC 5737).
const MaxServers = 3 * 254

// address returns the address of server n, counted from 0.
func address(n int) netip.Addr {
	nets := [...][3]byte{{192, 0, 2}, {198, 51, 100}, {203, 0, 113}}
	net := nets[n/254]
	return netip.AddrFrom4([4]byte{net[0], net[1], net[2], byte(n%254 + 1)})
}

// Fleet makes one server of each kind, all with the clock now. They do not listen before
// Listen, and do not change before Step.
func Fleet(now func() time.Time) ([]Server, error) { return Copies(now, 1) }

// Copies makes several servers of each kind, with numbered names if copies is more than 1,
// and MaxServers in all at most.
func Copies(now func() time.Time, copies int) ([]Server, error) {
	if n := copies * len(kinds); copies < 1 || n > MaxServers {
		return nil, fmt.Errorf("fleet: %d servers, %d copies of each kind: give 1 to %d copies", n, copies, MaxServers/len(kinds))
	}
	var servers []Server
	for c := range copies {
		for _, k := range kinds {
			if copies > 1 {
				k.name = fmt.Sprintf("%s-%d", k.name, c+1)
			}
			s, err := k.build(now)
			if err != nil {
				return nil, fmt.Errorf("fleet: %s: %w", k.name, err)
			}
			s.addr = address(len(servers))
			servers = append(servers, s)
		}
	}
	return servers, nil
}

// build makes a server of a kind.
func (k kind) build(now func() time.Time) (Server, error) {
	o := k.options
	o.Now = now
	o.Name = netbiosName(k.name)
	o.Domain = domain
	o.NetBIOSOnly = o.OS == simnt.WindowsNT4
	h, err := simnt.New(o)
	if err != nil {
		return Server{}, err
	}
	started := now()
	furnish(h, started)
	if !k.noAccount {
		h.AddAccount(username, password, simnt.Account{Administrator: true})
	}
	s := Server{
		Name:    k.name + suffix,
		Summary: k.summary,
		Labels:  map[string]string{"site": k.site},
		Module:  k.module,
		NTLMv1:  k.ntlmV1,
		Host:    h,
		Want:    k.want,
		Changes: k.changes,
		ports:   k.ports(),
	}
	if s.Module == "" {
		s.Module = moduleDefault
	}
	if k.prepare != nil {
		k.prepare(h)
	}
	s.log = newLogWriter(h.System().Log(logName), o.Name, k.log, o.ClockOffset, started)
	if k.later != nil {
		s.later = k.later(h, started)
	}
	return s, nil
}

// ports returns the open ports: direct TCP came with Windows 2000.
func (k kind) ports() []uint16 {
	switch {
	case k.portsClosed:
		return nil
	case k.options.OS == simnt.Windows2000:
		return []uint16{portDirect, portNetBIOS}
	}
	return []uint16{portNetBIOS}
}

// netbiosName returns a computer's name of at most 15 characters.
func netbiosName(name string) string {
	return strings.ToUpper(name[:min(len(name), 15)])
}

// The exporter's account on every server.
const (
	username = "rasphone"
	password = "as in the demo"
	domain   = "DEMO"
)

// The modules of Config.
const (
	moduleDefault   = "default"
	moduleLongName  = "long-name"
	moduleImpatient = "impatient"
)

// Config returns an exporter's configuration for servers, as YAML. Each server has its own
// auth, so that a refused login on one does not hold logins on the others.
func Config(servers []Server) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, "auths:\n")
	for _, s := range servers {
		ntlm := "v2"
		if s.NTLMv1 {
			ntlm = "v1"
		}
		// Without a domain: each server has an account of its own, so that one that refuses it
		// does not hold back the logins to the others.
		fmt.Fprintf(&b, "  %s: {username: %s, password: %q, ntlm: %s}\n", s.auth(), username, password, ntlm)
	}
	fmt.Fprintf(&b, `lockout_file: none
modules:
  %s:
    min_interval: 0s
    phonebook: {dialed_entries: [%q]}
  %s:
    min_interval: 0s
    phonebook: {dialed_entries: [%q]}
  %s: # for a server that never answers
    timeout: 3s
    min_interval: 0s
    phonebook: {dialed_entries: [%q]}
targets:
`, moduleDefault, entryName, moduleLongName, longEntryName, moduleImpatient, entryName)
	for _, s := range servers {
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
			labels = append(labels, fmt.Sprintf("%s: %q", name, s.Labels[name]))
		}
		fmt.Fprintf(&b, "  - {hosts: [%s], auth: %s, modules: [%s], labels: {%s}}\n", s.Name, s.auth(), s.Module, strings.Join(labels, ", "))
	}
	return b.Bytes()
}

// auth returns the name of the server's auth.
func (s *Server) auth() string { return strings.TrimSuffix(s.Name, suffix) }
