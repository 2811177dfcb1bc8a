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
	// ShareName is the share that was to be opened: Module.Share.
	ShareName string
	Started   time.Time
	Duration  time.Duration
	Timeout   time.Duration // the time that the probe had

	Success    bool // the server gave a definite answer to every enabled check
	RoundTrips int  // see smb.Rounds
	Steps      []StepResult
	Trace      []string // what happened, a line each, for a person; bounded

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

	// HealthySince is when share and book were first seen sound after one was seen at fault,
	// by the server's clock as it goes now;
	// nil: not since the exporter started, or not known.
	HealthySince *time.Time

	Causes []Cause // what explains it, the one that explains most first
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
	Duration time.Duration
	Error    string // empty where the step went well
}

// PhonebookResult is what is known of the phone book.
type PhonebookResult struct {
	State    PhonebookState
	Status   smb.Status // the status behind State, StatusOK where there was none
	Error    string     // why State is not ok, for a person; empty for PhonebookOK
	Size     *int64     // bytes; nil where it was not opened
	Modified *time.Time // last write by the server's clock; nil where not known

	// What follows is known only where the book was read, and damage confirmed.
	Entries        *int                // how many entries it holds
	Intact         *bool               // no finding of class file or entry
	Links          []Link              // what its entries dial with, distinct, at most 200
	LinksTruncated bool                // Links holds only the first of them
	Findings       []phonebook.Finding // at most 100
	Counts         []phonebook.Count   // of each check that found something, all of them counted
	Dialed         []phonebook.Dialed  // for each of the module's dialed entries
}
