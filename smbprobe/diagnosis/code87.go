package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// nearInTime is how far apart a failure and its related event may be logged.
const nearInTime = 5 * time.Minute

// parameterRules are about code 87, whose meaning, that a parameter is wrong, says little.
var parameterRules = []rule{
	{KnownCause: KnownCause{
		Name:       "entry_name_too_long",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo},
		Articles:   []string{"Q188272", "Q156063"},
		Evidence:   "An entry that is dialed has a name of more than 20 characters; critical where event 4106 has [87].",
		Remedy:     "Shorten the name, and choose the entry again in the properties of the Internet Mail Service.",
	}, find: entryNameTooLong, claims: (*evidence).nameTooLong},
	{KnownCause: KnownCause{
		Name:       "logon_domain_too_long",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityInfo},
		Articles:   []string{"Q199771"},
		Evidence:   "Event 4106 with [87], and beside it event 4037 with 0xc0000005.",
		Remedy:     "In the logon information of the connection, give the NT domain's name: 15 characters at most.",
	}, find: logonDomainTooLong, claims: (*evidence).hasRelatedLogonEvent},
}

// tooLong reports whether the Internet Mail Service has no room for the name of an entry.
func tooLong(entry string) bool { return utf8.RuneCountInString(entry) > phonebook.MaxDialedName }

// longDialed returns the dialed entries whose names are too long.
func (c *evidence) longDialed() []string {
	var names []string
	for _, d := range c.Phonebook.Dialed {
		if tooLong(d.Name) {
			names = append(names, d.Name)
		}
	}
	return names
}

// namesLong reports whether a failure names an entry of the book whose name is too long. A
// text that is not in the book may be no name at all, see bookLacks.
func (c *evidence) namesLong(f dialFailure) bool { return tooLong(f.Entry) && c.bookHolds(f.Entry) }

// nameTooLong reports whether the length of a name explains a failure with code 87.
func (c *evidence) nameTooLong(f dialFailure) bool {
	return f.Code == "87" && (c.namesLong(f) || len(c.longDialed()) > 0)
}

func entryNameTooLong(c *evidence) *finding {
	names := c.longDialed()
	var otherwise smbprobe.Severity
	if len(names) > 0 {
		otherwise = smbprobe.SeverityWarning
	}
	failures := c.failedWhere(c.nameTooLong)
	for _, f := range failures {
		if c.namesLong(f) && !slices.Contains(names, f.Entry) {
			names = append(names, f.Entry)
		}
	}
	var quoted, evidence []string
	for _, name := range names {
		quoted = append(quoted, fmt.Sprintf("%q", name))
		evidence = append(evidence, fmt.Sprintf("%q has %d characters.", name, utf8.RuneCountInString(name)))
	}
	list := strings.Join(quoted, ", ")
	return c.withFailures(failures, smbprobe.SeverityCritical, otherwise, finding{
		headline:    "An entry name of more than 20 characters is never dialled: " + list,
		evidence:    evidence,
		explanation: "The Internet Mail Service has room for 20 characters, and fails with [87] for each longer name, while dialling by hand works.",
		remedy: []string{
			fmt.Sprintf("At %s, in Dial-Up Networking, shorten %s to 20 characters or fewer:", c.host(), list),
			command("rasphone"),
			chooseAgain,
		},
	})
}

// hasRelatedLogonEvent reports whether a failure with code 87 stands beside an event that tells
// of an access violation. Only the time of the last failure is known.
func (c *evidence) hasRelatedLogonEvent(f dialFailure) bool {
	return f.Code == "87" && slices.ContainsFunc(c.Eventlog.RelatedEvents, func(e smbprobe.RelatedEvent) bool { return accompanies(e, f) })
}

func accompanies(e smbprobe.RelatedEvent, f dialFailure) bool {
	if !strings.Contains(strings.ToLower(e.Text), "c0000005") {
		return false
	}
	return e.At.IsZero() || f.last.IsZero() || e.At.Sub(f.last).Abs() <= nearInTime
}

func logonDomainTooLong(c *evidence) *finding {
	failures := c.failedWhere(c.hasRelatedLogonEvent)
	j := finding{
		headline:    "The Domain in the connection's logon information is too long",
		explanation: "The Internet Mail Service fails with [87] and an access violation where that Domain has 18 or more characters; 15 is the limit. " + stopsMail,
		remedy: []string{
			fmt.Sprintf("At %s, in the properties of the Internet Mail Service, page Dial-up Connections, open Logon Information.", c.host()),
			"Put the NT domain's name into Domain, not its DNS name: 15 characters at most.",
		},
	}
	for _, e := range c.Eventlog.RelatedEvents {
		if !slices.ContainsFunc(failures, func(f dialFailure) bool { return accompanies(e, f) }) {
			continue
		}
		text := fmt.Sprintf("Event 4037 says %q", e.Text)
		if !e.At.IsZero() {
			text += ", at " + timeText(e.At)
		}
		j.evidence = append(j.evidence, text+".")
		break // the newest; the others say the same
	}
	return c.withFailures(failures, smbprobe.SeverityCritical, "", j)
}
