package fleet

import (
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// kind is a state worth seeing, and how a server comes into it.
type kind struct {
	name    string // at most 15 characters, so that it is the NetBIOS name too
	summary string
	site    string
	options simnt.Options // Name, Domain, Now and NetBIOSOnly are set by build
	module  string        // empty: moduleDefault
	ntlmV1  bool          // the server knows no NTLMv2
	// noAccount: the exporter has no account.
	noAccount bool
	diary     diaryPlan
	prepare   func(*simnt.Host) // nil: as furnish leaves it
	// later makes what changes the server as time passes; nil: nothing does.
	later   func(h *simnt.Host, begun time.Time) func(now time.Time)
	changes bool
	// serverStopped: no port is open.
	serverStopped bool
	want          Expectation
}

// The sites.
const (
	munich  = "munich"
	berlin  = "berlin"
	hamburg = "hamburg"
	cologne = "cologne"
)

// kinds are all of them, in the order of a page.
func kinds() []kind {
	return slices.Concat(soundKinds(), shareKinds(), bookKinds(), dialKinds(), serverKinds(), accountKinds(), logKinds(), diagnosisKinds())
}

// again and again, every five minutes, an entry cannot be dialled.
func failing(entry, code string) diaryPlan {
	return diaryPlan{failures: []failures{{entry: entry, code: code, every: 5 * time.Minute}}}
}

// nt4 is Windows NT 4.0 Server with the last service pack.
func nt4() simnt.Options { return simnt.Options{ServicePack: 6} }

func nt4Controller() simnt.Options { return simnt.Options{ServicePack: 6, DomainController: true} }

func windows2000() simnt.Options { return simnt.Options{OS: simnt.Windows2000, ServicePack: 4} }

// Expectations that are not of one server alone.

// sound: share and book are as they should be.
func sound(v smbprobe.Verdict, causes ...string) Expectation {
	return Expectation{Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookOK, Causes: causes, Verdict: v}
}

// shut: the share could not be opened, and so nothing is known of the book.
func shut(s smbprobe.ShareState, v smbprobe.Verdict, causes ...string) Expectation {
	return Expectation{Share: s, Phonebook: smbprobe.PhonebookUnknown, Causes: causes, Verdict: v}
}

// bookless: the share is open, and the book is not as it should be.
func bookless(s smbprobe.PhonebookState, v smbprobe.Verdict, causes ...string) Expectation {
	return Expectation{Share: smbprobe.ShareOK, Phonebook: s, Causes: causes, Verdict: v}
}

// with adds lines of the exporter's answer.
func (e Expectation) with(metrics ...string) Expectation {
	e.Metrics = append(slices.Clone(e.Metrics), metrics...)
	return e
}
