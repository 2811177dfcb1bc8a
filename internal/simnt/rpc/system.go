package rpc

import (
	"strings"
	"sync"
	"time"
)

// Options configure a System.
type Options struct {
	Name, Domain, Comment    string           // Name is the NetBIOS name; Comment is shown in lists of servers
	Major, Minor             uint32           // of the Windows NT version: 4.0, 5.0
	Server, DomainController bool             // neither: Workstation
	Now                      func() time.Time // the server's clock; nil: time.Now
	Started                  time.Time        // when the server started, by its own clock; zero: when the System was made

	// FragmentSize is the length in bytes of the longest fragment that the server accepts
	// and sends. Every bind_ack announces it, whatever the client offers. 0: 5,680 on
	// Windows NT 4.0, 4,280 on Windows 2000.
	FragmentSize uint16
	// LongFragments makes the server send fragments of FragmentSize, even if the client
	// has announced that it accepts less.
	LongFragments bool
}

// MinFragmentSize is the least FragmentSize in bytes (C706 12.6.3.6, MustRecvFragSize).
const MinFragmentSize = mustFragment

// System is the state of the programs behind the pipes. It is safe for concurrent use, and may
// be changed while it is served.
type System struct {
	options  Options // never changes
	registry *Registry
	logs     map[string]*EventLog // by lower-case name; never changes

	mu       sync.Mutex
	services map[string]Service // by lower-case name
	shares   func() []Share
	pipes    func(name string) uint32
	fault    func(pipe string, opnum uint16) uint32
	silent   func(pipe string, opnum uint16) bool
	offset   time.Duration // of the clock that NetrRemoteTOD tells, from the server's
	numbers  uint32        // the last one that number returned
}

// NewSystem returns a system with the empty event logs Application, System and Security,
// without services and shares, and with the registry keys that describe it.
func NewSystem(o Options) *System {
	if o.Now == nil {
		o.Now = time.Now
	}
	if o.Started.IsZero() {
		o.Started = o.Now()
	}
	switch {
	case o.FragmentSize == 0 && o.Major >= 5:
		o.FragmentSize = fragmentWindows2000
	case o.FragmentSize == 0:
		o.FragmentSize = fragmentNT4
	}
	o.FragmentSize = max(o.FragmentSize, mustFragment)
	s := &System{
		options:  o,
		registry: newRegistry(),
		logs:     make(map[string]*EventLog),
		services: make(map[string]Service),
	}
	s.describe()
	for _, log := range []struct{ name, file string }{{"Application", "AppEvent"}, {"System", "SysEvent"}, {"Security", "SecEvent"}} {
		key := keyEventLog + `\` + log.name
		s.registry.setExpandText(key, "File", `%SystemRoot%\System32\config\`+log.file+`.Evt`)
		s.logs[strings.ToLower(log.name)] = newEventLog(o, s.registry, key)
	}
	return s
}

// Registry returns HKEY_LOCAL_MACHINE.
func (s *System) Registry() *Registry { return s.registry }

// Log returns an event log by its case-insensitive name; nil if there is none.
func (s *System) Log(name string) *EventLog { return s.logs[strings.ToLower(name)] }

// SetShares sets the function that returns the shares, at each call; nil: there are none. It
// must be safe for concurrent use.
func (s *System) SetShares(shares func() []Share) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.shares = shares
}

// SetPipes sets a function that returns, at each open and each message, the NT status that a
// pipe fails with; 0 and a nil function: it works. An open pipe that fails stays broken. The
// function must be safe for concurrent use.
func (s *System) SetPipes(status func(name string) uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pipes = status
}

// SetFault sets a function that returns, before each call, the code of the fault that answers
// it (C706 appendix E, or a Windows error code); 0 and a nil function: the call runs. The
// pipe's name is in lower case. The function must be safe for concurrent use.
func (s *System) SetFault(code func(pipe string, opnum uint16) uint32) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.fault = code
}

// SetSilent sets a function that reports, before each call, whether it is never answered; nil:
// every call is answered. The pipe's name is in lower case. The function must be safe for
// concurrent use.
func (s *System) SetSilent(silent func(pipe string, opnum uint16) bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.silent = silent
}

// OpnumRemoteTOD is the number of NetrRemoteTOD on the pipe srvsvc, for SetSilent and SetFault.
const OpnumRemoteTOD = 28

// SetRemoteTODOffset makes NetrRemoteTOD answer a time that differs from the server's clock.
func (s *System) SetRemoteTODOffset(d time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.offset = d
}

// number returns a number that it has not returned before.
func (s *System) number() uint32 {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.numbers++
	return s.numbers
}

func (s *System) now() time.Time { return s.options.Now() }

// pipeStatus returns the NT status that a pipe fails with; 0: it works.
func (s *System) pipeStatus(name string) uint32 {
	s.mu.Lock()
	status := s.pipes
	s.mu.Unlock()
	if status == nil {
		return 0
	}
	return status(name)
}

// injectedFault returns the code of the fault that SetFault's function wants for a call; 0: none.
func (s *System) injectedFault(pipe string, opnum uint16) uint32 {
	s.mu.Lock()
	code := s.fault
	s.mu.Unlock()
	if code == nil {
		return 0
	}
	return code(pipe, opnum)
}

// isSilent reports whether a call is never answered.
func (s *System) isSilent(pipe string, opnum uint16) bool {
	s.mu.Lock()
	silent := s.silent
	s.mu.Unlock()
	return silent != nil && silent(pipe, opnum)
}

func (s *System) remoteTODOffset() time.Duration {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.offset
}

func (s *System) shareList() []Share {
	s.mu.Lock()
	shares := s.shares
	s.mu.Unlock()
	if shares == nil {
		return nil
	}
	return shares()
}

// Registry keys, below HKEY_LOCAL_MACHINE.
const (
	keyServices  = `SYSTEM\CurrentControlSet\Services`
	keyEventLog  = keyServices + `\EventLog`
	keyLanman    = keyServices + `\LanmanServer\Parameters`
	keyProduct   = `SYSTEM\CurrentControlSet\Control\ProductOptions`
	keyComputer  = `SYSTEM\CurrentControlSet\Control\ComputerName\ComputerName`
	keyWindowsNT = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	keyWinlogon  = keyWindowsNT + `\Winlogon`
)

// describe writes the options to the registry.
func (s *System) describe() {
	version, product := "4.0", "WinNT"
	if s.options.Major >= 5 {
		version = "5.0"
	}
	switch {
	case s.options.DomainController:
		product = "LanmanNT"
	case s.options.Server:
		product = "ServerNT"
	}
	s.registry.SetText(keyWindowsNT, "CurrentVersion", version)
	s.registry.SetText(keyProduct, "ProductType", product)
	s.registry.SetText(keyComputer, "ComputerName", s.options.Name)
	s.registry.SetText(keyWinlogon, "DefaultDomainName", s.options.Domain)
	s.registry.CreateKey(keyLanman)
}
