package simnt

import (
	"fmt"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt/rpc"
)

// OS is the simulated system.
type OS int

// The systems.
const (
	WindowsNT4 OS = iota
	Windows2000
)

// Signing is a server's setting for message signing (MS-CIFS 3.3.1.1).
type Signing int

// The settings. NT 4.0 has them from service pack 3 on; off is its default.
const (
	SigningOff      Signing = iota
	SigningEnabled          // if the client asks for it
	SigningRequired         // an unsigned request is refused
)

// Options configure a host. The zero value with a name is an NT 4.0 Server without service
// pack and without faults.
type Options struct {
	Name   string // NetBIOS name, 1 to 15 characters; converted to upper case
	Domain string // domain or workgroup; empty: WORKGROUP

	OS               OS
	ServicePack      int // 0 (none) to 6
	Workstation      bool
	DomainController bool

	Signing         Signing
	LMCompatibility int  // 0 to 5; 4 refuses LM, 5 also NTLMv1; NT 4.0 before SP4 has neither NTLMv2 nor levels
	Guest           bool // the Guest account is enabled: unknown users are logged in as guest

	MaxMpxCount   uint16 // requests in flight on a connection; one more ends it; 0: 50
	MaxBufferSize uint16 // bytes of an SMB; a longer request ends the connection; 0: 4356; at least 1024, a multiple of 4
	SmallReads    bool   // no CAP_LARGE_READX: an answer never exceeds the buffers of client and server
	Licences      int    // sessions at a time, of all connections; 0: no limit. More: STATUS_REQUEST_NOT_ACCEPTED

	// MaxFileRead and MaxPipeRead are how many bytes an answer to a READ_ANDX of a file or
	// a pipe holds at most, however many were asked for; 1: one byte at a time; 0: what
	// the buffers allow.
	MaxFileRead int
	MaxPipeRead int

	RPCFragmentSize  uint16 // bytes of the longest RPC fragment, announced in every bind_ack; 0: 5680 (NT 4.0), 4280 (2000); at least 1432
	RPCLongFragments bool   // answers come in such fragments also if the client has announced less

	Lockout Lockout // the zero value: accounts are never locked for wrong passwords

	Now         func() time.Time // nil: time.Now
	ClockOffset time.Duration    // of the server's clock

	DOSErrors bool // no NT status codes: DOS error classes and codes
	OEM       bool // no Unicode

	CalledNames    []string // called names that are accepted besides Name
	RefuseWildcard bool     // *SMBSERVER is not accepted as a called name
	NetBIOSOnly    bool     // no direct TCP: connections start with a session request, as on port 139

	SharingDelay time.Duration // how long an open waits before STATUS_SHARING_VIOLATION; NT: 1 s
}

// Defaults and limits of Options.
const (
	defaultMaxMpxCount   = 50
	defaultMaxBufferSize = 4356
	minMaxBufferSize     = 1024
	maxNameLength        = 15
	maxServicePack       = 6
	maxLMCompatibility   = 5
	firstNTLMv2Pack      = 4
)

// complete fills in defaults and checks the rest.
func (o Options) complete() (Options, error) {
	o.Name, o.Domain = strings.ToUpper(o.Name), strings.ToUpper(o.Domain)
	if o.Domain == "" {
		o.Domain = "WORKGROUP"
	}
	if o.MaxMpxCount == 0 {
		o.MaxMpxCount = defaultMaxMpxCount
	}
	if o.MaxBufferSize == 0 {
		o.MaxBufferSize = defaultMaxBufferSize
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	for _, name := range append([]string{o.Name, o.Domain}, o.CalledNames...) {
		if name == "" || len(name) > maxNameLength || strings.ContainsAny(name, `\/:*?"<>|`) {
			return o, fmt.Errorf("simnt: %q is not a NetBIOS name: give 1 to %d characters", name, maxNameLength)
		}
	}
	switch {
	case o.ServicePack < 0 || o.ServicePack > maxServicePack:
		return o, fmt.Errorf("simnt: %s: service pack %d: give 0 to %d", o.Name, o.ServicePack, maxServicePack)
	case o.LMCompatibility < 0 || o.LMCompatibility > maxLMCompatibility:
		return o, fmt.Errorf("simnt: %s: LMCompatibility %d: give 0 to %d", o.Name, o.LMCompatibility, maxLMCompatibility)
	case o.MaxFileRead < 0 || o.MaxPipeRead < 0:
		return o, fmt.Errorf("simnt: %s: MaxFileRead %d, MaxPipeRead %d: give numbers of bytes", o.Name, o.MaxFileRead, o.MaxPipeRead)
	case o.RPCFragmentSize != 0 && o.RPCFragmentSize < rpc.MinFragmentSize:
		return o, fmt.Errorf("simnt: %s: RPCFragmentSize %d: give at least %d bytes", o.Name, o.RPCFragmentSize, rpc.MinFragmentSize)
	case o.Lockout.Threshold < 0 || o.Lockout.Window < 0 || o.Lockout.Duration < 0:
		return o, fmt.Errorf("simnt: %s: lockout %+v: give numbers that are not negative", o.Name, o.Lockout)
	case o.MaxBufferSize < minMaxBufferSize || o.MaxBufferSize%4 != 0:
		return o, fmt.Errorf("simnt: %s: MaxBufferSize %d: give a multiple of 4 from %d on", o.Name, o.MaxBufferSize, minMaxBufferSize)
	}
	return o, nil
}

// knowsNTLMv2 reports whether the system has NTLMv2 (Q147706).
func (o *Options) knowsNTLMv2() bool {
	return o.OS != WindowsNT4 || o.ServicePack >= firstNTLMv2Pack
}

// major returns the major number of the system's version; the minor is 0.
func (o *Options) major() uint32 {
	if o.OS == Windows2000 {
		return 5
	}
	return 4
}
