// Package smbprobe is the vocabulary of a probe: what is probed (Target, Module), and
// what is known of a server afterwards (Result and its parts, Cause, Verdict). It is plain
// data, without I/O and goroutines. Package prober fills a Result in, and package
// diagnosis concludes causes from it.
package smbprobe

import (
	"net/netip"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Target is one server to probe, with all that a probe of it needs. Only the
// configuration makes one, for hosts that are allowed.
type Target struct {
	Name  string     // as the configuration or the request spells it
	Entry string     // the host under targets that allows it; empty: Name. Logins count by it
	Host  string     // Name without a port: a host name, or an address as Addr prints it
	Addr  netip.Addr // valid if Host is an address; then nothing is resolved
	Ports []uint16   // the allowed ports, in the order in which they are tried: 445 and 139, or one

	// LookupName is what to resolve, as the configuration spells it. A name with a dot ends
	// with one, so that a resolver's search list (resolv.conf(5)) cannot complete it to the
	// name of another host. Empty if Host is an address.
	LookupName string

	Auth   Auth
	Module Module

	// Modules are all those that the server may be probed with. Nil: not known.
	Modules []Module

	// Yield gives up the probe's place among those that run at a time, for a wait that is
	// not for the server, such as for the login of another probe; resume takes it back at
	// once, and must be called before the next Yield. Yield only if there is a wait: another
	// probe starts meanwhile. Nil: there is no such place.
	Yield func() (resume func())

	// Allows reports whether this target's login may go to another address as
	// well: the condition for following a NetBIOS retarget. Nil allows none.
	Allows func(netip.AddrPort) bool
}

// Auth is an account and the name under which the configuration knows it.
type Auth struct {
	Name string
	smb.Credentials

	// Prompted: a person has just typed the password. The first login is tried
	// although logins are held back.
	Prompted bool
}

// Dialects that a module can ask for.
const (
	DialectAuto = "auto"
	DialectSMB1 = "smb1"
	DialectSMB2 = "smb2"
)

// Transports that a module can ask for.
const (
	TransportAuto    = "auto"    // a NetBIOS session on port 139, direct TCP on others
	TransportNetBIOS = "netbios" // RFC 1001/1002 session service
	TransportDirect  = "direct"  // direct TCP (MS-SMB 2.1)
)

// How long a module's sessions last.
const (
	SessionPerProbe = "per_probe" // each probe logs in
	SessionKept     = "kept"      // SMB1 sessions stay between probes
)

// Module is what to probe, and how.
type Module struct {
	Name           string
	Timeout        time.Duration
	Dialect        string // DialectAuto, DialectSMB1, DialectSMB2
	Transport      string // TransportAuto, TransportNetBIOS, TransportDirect
	NetBIOSName    string // the called name to try first; empty: none
	RequireSigning bool   // signing: required
	Share          string
	Phonebook      PhonebookModule
	EventLog       EventLogModule
	Session        string        // SessionPerProbe, SessionKept
	MinInterval    time.Duration // a request within it gets the last result again; 0: off
	Server         ServerModule
}

// PhonebookModule says which file is the phone book.
type PhonebookModule struct {
	Path          string // relative to the share, with backslashes
	DialedEntries []string
	MaxSize       int64 // bytes
}

// EventLogModule says which events count.
type EventLogModule struct {
	Enabled bool
	Log     string
	Source  string
	EventID uint16
	Windows []Window
}

// Window is a span of time that events are counted in, and its spelling in the
// configuration, which becomes a label.
type Window struct {
	Label    string
	Duration time.Duration
}

// ServerModule says what else of the server is asked for.
type ServerModule struct {
	Registry bool
	Services []string
}
