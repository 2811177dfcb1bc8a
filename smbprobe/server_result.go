package smbprobe

import (
	"strings"
	"time"
)

// RegistryNumber is a number that the registry may hold under a name.
type RegistryNumber struct {
	Set   bool   // false: there is no such number
	Value uint32 // zero unless Set
	// WrongType is the type of a value that is there and is not a REG_DWORD: "REG_SZ". Windows
	// ignores such a value.
	WrongType string
	Text      string // such a value, fit for display
}

// RegistryText is a text that the registry may hold under a name.
type RegistryText struct {
	Set   bool
	Value string // fit for display
}

// RegistryResult is what the server's registry says. A pointer that is nil is not
// known: not asked, refused, or not answered; a value that is not there is one
// whose Set is false.
type RegistryResult struct {
	Readable *bool  // nil: not asked, or no login; false: nothing could be read
	Error    string // why it, or a part of it, could not be read; empty if all of it was
	Refused  bool   // Readable is false because the account lacks the right

	AutoShareServer  *RegistryNumber // 0: a server makes no administrative shares when it starts
	AutoShareWks     *RegistryNumber // the same of a workstation
	CrashOnAuditFail *RegistryNumber // 2: the security log filled up, and only administrators may log on
	IRPStackSize     *RegistryNumber // stack locations of the Server service
	LogMaxSize       *RegistryNumber // bytes that the event log may have
	LogRetention     *RegistryNumber // seconds; 0: overwrite as needed, 0xFFFFFFFF: never
	ServicePack      *RegistryText   // CSDVersion, "Service Pack 6"
	SystemRoot       *RegistryText   // "C:\WINNT"
	ProductType      *RegistryText   // "WinNT", "ServerNT", or "LanmanNT" on a domain controller
	ProductSuite     *RegistryText   // names with blanks between them, "Terminal Server" among them

	// StaleNetworkCards are the NetworkCards keys that name a service without a key. They
	// are looked for after a failure with code 2 alone, on Windows NT 4.0.
	StaleNetworkCards   []NetworkCard
	NetworkCardsChecked bool // all of them were looked at
}

// NetworkCard is a numbered key below NetworkCards in the registry.
type NetworkCard struct {
	Key     string // "3"
	Service string // the service that it names, "El90x1"
}

// ServiceState says what a service does (MS-SCMR 2.2.47).
type ServiceState string

// The states of a service. The empty one is unknown.
const (
	ServiceStopped         ServiceState = "stopped"
	ServiceStartPending    ServiceState = "start_pending"
	ServiceStopPending     ServiceState = "stop_pending"
	ServiceRunning         ServiceState = "running"
	ServiceContinuePending ServiceState = "continue_pending"
	ServicePausePending    ServiceState = "pause_pending"
	ServicePaused          ServiceState = "paused"
)

// StartMode says when a service starts (MS-SCMR 2.2.15). Its names are labels: final.
type StartMode string

// The start modes. The empty one is unknown; boot and system are for drivers.
const (
	StartBoot      StartMode = "boot"
	StartSystem    StartMode = "system"
	StartAutomatic StartMode = "automatic"
	StartManual    StartMode = "manual"
	StartDisabled  StartMode = "disabled"
)

// ServiceResult is what is known of one service.
type ServiceResult struct {
	Name      string
	Installed *bool // nil: not known
	State     ServiceState
	StartMode StartMode
	ExitCode  uint32 // Win32 error with which it stopped; 0: none, 1077: it was never started
	Account   string // that it runs as, fit for display; empty: not known
	Asked     bool   // the module names it; false: the diagnosis alone needs it
	Refused   bool   // the account lacks the right to query it
	Error     string // why something of it is not known
	// InStateFor is for how long the exporter has seen it in this state; nil: not known.
	InStateFor *time.Duration
}

// HostResult is what the Server service says of the computer (MS-SRVS), and when it
// was last started.
type HostResult struct {
	Error   string // why it, or a part of it, is not known
	Refused bool   // nothing is known because the account lacks the right

	Known            bool   // what follows up to DomainController is known
	Major, Minor     uint32 // of the version: 4.0, 5.0
	Server           bool   // a Windows NT Server, not a Workstation
	DomainController bool
	BackupController bool // a domain controller that is not the primary one

	Time        *time.Time     // the server's clock (UTC)
	ClockOffset *time.Duration // server minus exporter
	Started     *time.Duration // how long ago it started, which starts again at 0 after 49.7 days

	// Whether the Server service knows a share of this name; nil: not known.
	AdminShare  *bool
	SystemShare *bool
	SystemDrive string // the name of the share of the system's drive, "C$"
	// SharePath is the path of the share, `C:\WINNT`, fit for display; empty: not known.
	SharePath string
}

// RPCState reports whether the programs behind the pipes answer: on Windows NT all of them live
// in services.exe.
type RPCState string

// The states of RPC. The empty one is unknown: no pipe was asked for.
const (
	RPCAnswers RPCState = "answers"
	// RPCDead: the server's share works, and no pipe that was asked answered.
	RPCDead RPCState = "not_answering"
)

// AdminShareName is the share that AutoShareServer and AutoShareWks control.
const AdminShareName = "ADMIN$"

// IsWorkstation reports whether the server said that it runs Windows NT Workstation or
// Windows 2000 Professional. One that did not say is taken for a server:
// Exchange runs on nothing else.
func (r *Result) IsWorkstation() bool {
	if t := r.Registry.ProductType; t != nil && t.Set {
		return strings.EqualFold(t.Value, "WinNT")
	}
	return r.Host.Known && !r.Host.Server
}

// AutoShare returns the name of the registry value that reports whether the administrative
// shares are made when the server starts, and the value; nil: not known.
func (r *Result) AutoShare() (name string, value *RegistryNumber) {
	if r.IsWorkstation() {
		return "AutoShareWks", r.Registry.AutoShareWks
	}
	return "AutoShareServer", r.Registry.AutoShareServer
}

// AdminShareAutomatic reports whether the administrative share comes back at the server's next
// start (Q245117); nil: not known, or the module's share is another one.
func (r *Result) AdminShareAutomatic() *bool {
	_, value := r.AutoShare()
	if value == nil || !strings.EqualFold(r.ShareName, AdminShareName) {
		return nil
	}
	automatic := !value.Set || value.Value != 0
	return &automatic
}
