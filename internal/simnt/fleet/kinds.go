package fleet

import (
	"slices"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// kind is a state worth seeing, and how a server is brought into it.
type kind struct {
	name    string // at most 15 characters: it is the NetBIOS name too
	summary string
	site    string
	options simnt.Options // Name, Domain, Now and NetBIOSOnly are set by build
	module  string        // empty: moduleDefault
	ntlmV1  bool          // the server knows no NTLMv2

	noAccount bool // the exporter has no account there
	log       logPlan
	prepare   func(*simnt.Host) // nil: the host is as furnish leaves it

	// later returns a function that changes the host as time passes; nil: nothing does.
	later func(h *simnt.Host, begun time.Time) func(now time.Time)

	changes     bool // see Server.Changes
	portsClosed bool // no port is open
	want        Expectation
}

// The sites.
const (
	munich  = "munich"
	berlin  = "berlin"
	hamburg = "hamburg"
	cologne = "cologne"
)

// kinds are all of them, in the order in which a page lists them.
var kinds = slices.Concat(soundKinds, shareKinds, phonebookKinds, dialKinds, serverKinds, accountKinds, logKinds, diagnosisKinds)

// failing plans a log in which dialing an entry fails with a code every five minutes.
func failing(entry, code string) logPlan {
	return logPlan{failures: []failures{{entry: entry, code: code, every: 5 * time.Minute}}}
}

// nt4 is Windows NT 4.0 Server with the last service pack.
func nt4() simnt.Options { return simnt.Options{ServicePack: 6} }

func nt4Controller() simnt.Options { return simnt.Options{ServicePack: 6, DomainController: true} }

func windows2000() simnt.Options { return simnt.Options{OS: simnt.Windows2000, ServicePack: 4} }

// sound is the expectation of a server whose share and phone book are as they should be.
func sound(v smbprobe.Verdict, causes ...string) Expectation {
	return Expectation{Share: smbprobe.ShareOK, Phonebook: smbprobe.PhonebookOK, Causes: causes, Verdict: v}
}

// shut is the expectation of a server whose share cannot be opened, so that nothing is known
// of the phone book.
func shut(s smbprobe.ShareState, v smbprobe.Verdict, causes ...string) Expectation {
	return Expectation{Share: s, Phonebook: smbprobe.PhonebookUnknown, Causes: causes, Verdict: v}
}

// noPhonebook is the expectation of a server whose share is open and whose phone book is not as
// it should be.
func noPhonebook(s smbprobe.PhonebookState, v smbprobe.Verdict, causes ...string) Expectation {
	return Expectation{Share: smbprobe.ShareOK, Phonebook: s, Causes: causes, Verdict: v}
}

// with returns the expectation with more lines of the exporter's answer.
func (e Expectation) with(metrics ...string) Expectation {
	e.Metrics = append(slices.Clone(e.Metrics), metrics...)
	return e
}

// soundKinds are servers on which all is well, at least at times.
var soundKinds = []kind{
	{
		name: "healthy", site: munich, options: nt4(),
		summary: "all is well; the line was busy three times yesterday and today",
		log: logPlan{
			failures: []failures{{entry: entryName, code: "676", ages: []time.Duration{9 * time.Hour, 9*time.Hour + 5*time.Minute, 15 * time.Hour}}},
			renew:    8 * time.Hour, // before the first leaves the window of 24 hours
		},
		want: sound(smbprobe.VerdictOK, "info line_or_answer_missing").with(
			`rasphone_dialup_failures{window="15m"} 0`,
			`rasphone_dialup_failures{window="1h"} 0`,
			`rasphone_dialup_failures{window="24h"} 3`,
			`rasphone_dialup_window_covered{window="24h"} 1`,
			"rasphone_admin_share_automatic 1",
		),
	},
	{
		name: "healthy-signing", site: munich,
		options: simnt.Options{ServicePack: 6, Signing: simnt.SigningRequired},
		summary: "all is well; the server requires signed messages",
		want:    sound(smbprobe.VerdictOK).with(`rasphone_dialup_failures{window="24h"} 0`),
	},
	{
		name: "healthy-w2k", site: cologne, options: windows2000(),
		summary: "all is well; Windows 2000 with the phone book where Exchange 5.5 looks",
		want:    sound(smbprobe.VerdictOK),
	},
	{
		name: "share-flaps", site: berlin, options: nt4(), changes: true,
		summary: "Admin$ is removed and created again, every three minutes",
		later:   flapShare,
		want:    sound(smbprobe.VerdictOK),
	},
	{
		name: "book-edited", site: berlin, options: nt4(),
		summary: "an entry is added to the phone book and removed again",
		later:   rewritePhonebook,
		want:    sound(smbprobe.VerdictOK),
	},
}
