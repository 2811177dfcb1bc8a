package smbprobe

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// EventlogResult is what is known of the event log. Times are the server's.
type EventlogResult struct {
	Readable *bool      // nil: not asked, or no login
	Status   smb.Status // the status behind a log that cannot be read
	Error    string     // why it cannot be read, or why windows are not known; empty where all is well

	// What follows is known only where it was read.
	Records       *int
	Oldest        *time.Time // time of the oldest record
	Newest        *time.Time
	Windows       []WindowResult // empty where the server's clock is not known
	LastFailures  []LastFailure  // inside the largest window
	Calls         []CallHistory  // of each entry and code with failures in the last seven days
	Latest        []FailureEvent // inside the largest window, the newest first; at most MaxLatestFailures
	ByHour        *HourlyCounts  // nil where the server's clock is not known
	Unreadable    int            // records that could not be decoded
	RelatedEvents []RelatedEvent // inside the largest window, the newest first
	Forgotten     bool           // more failures than are remembered; the larger windows are not known
	Size          *int64         // bytes of the log's file
}

// RelatedEvent is an event of the same source that tells more of a failure to dial: 4037.
type RelatedEvent struct {
	At   time.Time // by the server's clock
	Text string    // its insertion strings in one line; fit for display, bounded
}

// ClockSlack is how far in the future, by the server's clock as we know it,
// an event may be that was logged just now.
const ClockSlack = 5 * time.Second

// WindowResult is the failures to dial in a window of time that ends now, by the
// server's clock.
type WindowResult struct {
	Label    string // as the configuration spells it
	Duration time.Duration
	Failures *int           // nil: not known, because events were forgotten
	ByError  []FailureCount // the same, split; the 20 pairs with the most events in the largest window, then the rest as "other"
	Covered  bool           // the oldest record is at or before the window's start
}

// FailureCount is how often a connection could not be made for one error.
type FailureCount struct {
	Entry string // "other" for the rest
	Code  string // decimal; "unknown" where it could not be read, "other" for the rest
	Error string // symbolic name of the code, empty where it has none
	N     int
}

// LastFailure is when a connection could last not be made for one error.
type LastFailure struct {
	Entry string
	Code  string
	At    time.Time // by the server's clock
}

// MaxLatestFailures is how many failures a Result lists one by one.
const MaxLatestFailures = 50

// FailureEvent is one failure to dial, as the event log has it.
type FailureEvent struct {
	At    time.Time // by the server's clock
	Entry string
	Code  string // decimal; "unknown" if it could not be read
	Text  string // the event's insertion strings in one line; fit for display, bounded
}

// HourlyCounts is the failures to dial in each of the 24 hours that end now, by the server's
// clock.
type HourlyCounts struct {
	End      time.Time
	Failures [24]int // the oldest hour first; only what is after KnownFrom counts
	// KnownFrom is the time from which on all failures are known: the event log does not
	// reach back further, failures were forgotten, or the windows of the module are shorter.
	KnownFrom time.Time
}

// Known reports whether all failures of an hour are known; hour 0 is the oldest.
func (h *HourlyCounts) Known(hour int) bool {
	start := h.End.Add(time.Duration(hour-len(h.Failures)) * time.Hour)
	return !h.KnownFrom.After(start)
}

// The entry and the code of failures that are not told apart.
const (
	UnknownCode = "unknown" // the code could not be read
	Other       = "other"   // entries and codes beyond the ones listed
)

// CallHistory is what is remembered of the failed calls of one entry and code. A call is
// the events of one entry and code within four minutes of its first; a gap runs from
// the start of one call to the start of the next. Times are the server's. Successful
// calls leave no event.
type CallHistory struct {
	Entry string // "other" for entries that are not told apart
	Code  string // decimal; "unknown" if it could not be read

	Calls     int       // that are remembered, seven days back at most
	LastStart time.Time // of the last call
	LastEnd   time.Time
	Gaps      []time.Duration // the last five, the newest first
	MedianGap time.Duration   // of Gaps, the lower of two; 0 if there is none

	// UnbrokenCalls and UnbrokenSince describe the latest calls whose gaps are at most
	// 1.5 times their median, or 20 minutes: how many, and the start of the first.
	UnbrokenCalls int
	UnbrokenSince time.Time
}
