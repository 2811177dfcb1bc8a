package fleet

import (
	"fmt"
	"net/netip"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// suffix is what the servers' names end with. They are resolved within the process alone.
const suffix = ".demo"

// Server is one server of a fleet.
type Server struct {
	Name    string // by which the exporter knows it, "share-removed.demo"
	Summary string // what is the matter, in a few words
	Labels  map[string]string
	Module  string // of Config
	NTLMv1  bool   // the server knows no NTLMv2
	Host    *simnt.Host
	Want    Expectation
	// Changes says that the server goes from state to state as time passes: Want is how it
	// begins.
	Changes bool

	addr  netip.Addr // by which its name is resolved
	ports []uint16   // that are open there
	diary *diary
	later func(now time.Time)
}

// Expectation is what a probe has to say of a server.
type Expectation struct {
	Share     smbprobe.ShareState
	Phonebook smbprobe.PhonebookState
	// Causes are all of the causes, each "severity name", "critical admin_share_removed",
	// in the order of the diagnosis. Nil: none.
	Causes  []string
	Verdict smbprobe.Verdict
	// Metrics are further lines that the exporter's answer has.
	Metrics []string
}

// MaxServers is how many servers can be told apart: the addresses that are set aside for
// documentation (RFC 5737).
const MaxServers = 3 * 254

// address returns the address of the server with a number, from 0 on.
func address(n int) netip.Addr {
	nets := [...][3]byte{{192, 0, 2}, {198, 51, 100}, {203, 0, 113}}
	net := nets[n/254]
	return netip.AddrFrom4([4]byte{net[0], net[1], net[2], byte(n%254 + 1)})
}

// Fleet makes one server of each kind, by a clock that all of them have. None listens yet: see
// Listen. What happens on them as time passes happens in Step.
func Fleet(now func() time.Time) ([]Server, error) { return Copies(now, 1) }

// Copies makes so many servers of each kind, numbered where there are more than one. There are
// MaxServers at most.
func Copies(now func() time.Time, copies int) ([]Server, error) {
	all := kinds()
	if n := copies * len(all); copies < 1 || n > MaxServers {
		return nil, fmt.Errorf("fleet: %d servers, %d copies of each kind: give 1 to %d copies", n, copies, MaxServers/len(all))
	}
	var servers []Server
	for c := range copies {
		for _, k := range all {
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
	s.diary = newDiary(h.System().Log(logName), o.Name, k.diary, o.ClockOffset, started)
	if k.later != nil {
		s.later = k.later(h, started)
	}
	return s, nil
}

// ports are those that are open: direct TCP came with Windows 2000.
func (k kind) ports() []uint16 {
	switch {
	case k.portsClosed:
		return nil
	case k.options.OS == simnt.Windows2000:
		return []uint16{portDirect, portNetBIOS}
	}
	return []uint16{portNetBIOS}
}

// netbiosName is the name of a computer, of 15 characters at most.
func netbiosName(name string) string {
	return strings.ToUpper(name[:min(len(name), 15)])
}
