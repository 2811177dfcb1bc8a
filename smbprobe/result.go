package smbprobe

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Link is what an entry dials with: one of its MEDIA groups and its first
// device. Texts are fit for display.
type Link struct {
	Entry  string
	Media  string // "serial"; empty where the entry has none
	Device string // "modem"; empty where the media has none
	Port   string // "COM1"
}

// Result is everything that a probe learnt: plain data, from which metrics,
// page and report are made. What could not be learnt is nil or zero, as each
// field says; it is never a made-up value. A Result does not change once Probe
// has returned it.
type Result struct {
	Target string // Target.Name
	Module string // Module.Name
	Auth   string // Auth.Name
	// Account is the user name of the login, NTLMv1 whether it answered with NTLMv1.
	Account string
	NTLMv1  bool
	// ShareName is the share that was to be opened, PhonebookPath the path of the phone
	// book on it: as the module has them.
	ShareName     string
	PhonebookPath string
	Started       time.Time
	Duration      time.Duration
	Timeout       time.Duration // the time that the probe had

	Success    bool // the server gave a definite answer to every enabled check
	RoundTrips int  // see smb.Rounds
	Steps      []StepResult
	Trace      Trace // what happened, for a person; bounded

	Share         ShareState
	ShareStatus   smb.Status // the status behind Share, StatusOK where there was none
	ShareError    string     // what was tried and why it failed, for a person; empty for ShareOK
	LocalShortage bool       // the exporter's own computer lacked descriptors, ports or buffers
	LoginRefused  bool       // the server refused the account (or did when it was last tried), which may count towards a lockout
	LoginHeldBack bool       // no login was tried, to keep the account from being locked
	HeldBackUntil time.Time  // zero unless LoginHeldBack

	Address     string         // the address and port that answered; empty where none did
	Server      *ServerInfo    // nil where no dialect was agreed
	ClockOffset *time.Duration // server minus exporter; nil where the server did not say
	Phonebook   PhonebookResult
	Eventlog    EventlogResult
	Registry    RegistryResult
	Services    []ServiceResult // in the order in which they were asked for
	Host        HostResult
	RPC         RPCState
	SilentCalls []string // names of the calls that got no answer, or are left out for that

	// What follows is remembered from earlier probes since the exporter started. Times are
	// by the server's clock as it goes now; nil: never, or not known.
	WatchedSince       *time.Time // the first probe
	FaultSeen          *time.Time // share or phone book were last seen at fault
	PhonebookFaultSeen *time.Time // the phone book was last seen at fault
	HealthySince       *time.Time // both were first seen healthy after a fault

	Causes   []Cause // the one that explains most first
	RuledOut []RuledOut
}

// ServerInfo is what the server said of itself.
type ServerInfo = smb.ServerInfo

// Step is a part of the probe that is timed on its own.
type Step string

// The steps, in their order.
const (
	StepResolve   Step = "resolve"
	StepConnect   Step = "connect"
	StepNegotiate Step = "negotiate"
	StepLogin     Step = "login" // the share is connected in the same round trip
	StepShare     Step = "share"
	StepPhonebook Step = "phonebook"
	StepEventlog  Step = "eventlog"
	StepRegistry  Step = "registry"
	StepServices  Step = "services"
)

// StepResult is how long a step took that was begun.
type StepResult struct {
	Step     Step
	Start    time.Duration // since Result.Started; of the first time, if the step ran again
	Duration time.Duration
	Error    string // empty where the step went well
}

// MaxPhonebookText is how many bytes of a phone book's text a Result holds.
const MaxPhonebookText = 64 << 10

// PhonebookResult is what is known of the phone book.
type PhonebookResult struct {
	State    PhonebookState
	Status   smb.Status // the status behind State, StatusOK where there was none
	Error    string     // why State is not ok, for a person; empty for PhonebookOK
	Size     *int64     // bytes; nil where it was not opened
	Modified *time.Time // last write by the server's clock; nil where not known

	// What follows is known only if the phone book was read, and damage confirmed.
	Entries        *int                // how many entries it holds
	Intact         *bool               // no finding of class file or entry
	Links          []Link              // what its entries dial with, distinct, at most 200
	Modems         map[string][]string // by entry, the Device of each of its media ("Standard 28800 bps Modem"); nil if LinksTruncated
	LinksTruncated bool                // Links holds only the first of them
	Findings       []phonebook.Finding // at most 100
	Counts         []phonebook.Count   // of each check that found something, all of them counted
	Dialed         []phonebook.Dialed  // for each of the module's dialed entries
	Switched       []string            // entries with a DEVICE=switch group, which runs a script; at most 200
	Text           string              // its lines, joined with "\n", secrets masked; at most MaxPhonebookText bytes
	TextTruncated  bool                // Text holds only the first lines

	// AllUsers is the phone book at the place of Windows 2000 and later, below All Users; nil:
	// not looked for. Its state is unknown if that failed.
	AllUsers *PhonebookResult
	// Changes are the differences that probes of the last seven days saw, the newest first.
	Changes []PhonebookChange
}

// PhonebookChange is a difference between the entries of two probes in a row.
type PhonebookChange struct {
	Entry string // for display, as in Link
	Kind  PhonebookChangeKind
	At    time.Time // of the second probe, by the server's clock as it goes now
}

// PhonebookChangeKind is what changed about an entry.
type PhonebookChangeKind string

// The kinds of change.
const (
	EntryAdded   PhonebookChangeKind = "added"
	EntryRemoved PhonebookChangeKind = "removed"
	EntryRewired PhonebookChangeKind = "rewired" // another medium, device or port
)
