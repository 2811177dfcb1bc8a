package smbprobe

import (
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// Verdict is what a result means to a monitoring plugin; its number is the exit
// status.
type Verdict int

// The verdicts, with the exit statuses of the monitoring plugins.
const (
	VerdictOK       Verdict = 0
	VerdictWarning  Verdict = 1
	VerdictCritical Verdict = 2
	VerdictUnknown  Verdict = 3
)

func (v Verdict) String() string {
	switch v {
	case VerdictOK:
		return "OK"
	case VerdictWarning:
		return "WARNING"
	case VerdictCritical:
		return "CRITICAL"
	}
	return "UNKNOWN"
}

// WorstVerdict returns the worst of several: critical before warning before
// unknown before OK; VerdictOK of none.
func WorstVerdict(verdicts ...Verdict) Verdict {
	worst := VerdictOK
	rank := map[Verdict]int{VerdictOK: 0, VerdictUnknown: 1, VerdictWarning: 2, VerdictCritical: 3}
	for _, v := range verdicts {
		if rank[v] > rank[worst] {
			worst = v
		}
	}
	return worst
}

// Verdict judges a result by its states and by its causes, the worst of them. What says that this account or its configuration is
// wrong is a warning: it tells nothing of the mail service's own way to the
// book. A server that does not answer is critical, and so is a dialed entry
// that the book does not hold.
func (r *Result) Verdict() Verdict {
	verdicts := []Verdict{r.stateVerdict()}
	for _, c := range r.Causes {
		verdicts = append(verdicts, c.Severity.verdict())
	}
	return WorstVerdict(verdicts...)
}

// verdict is what a cause of a severity makes of a result.
func (s Severity) verdict() Verdict {
	switch s {
	case SeverityCritical:
		return VerdictCritical
	case SeverityWarning:
		return VerdictWarning
	}
	return VerdictOK
}

func (r *Result) stateVerdict() Verdict {
	switch r.Share {
	case ShareOK:
		if v := r.Phonebook.verdict(); v != VerdictOK || r.Success {
			return v
		}
		return VerdictUnknown // another check got no answer
	case ShareNotProbed:
		return VerdictUnknown
	case ShareLoginFailed, ShareAccountRestricted, ShareGuestOnly, ShareAccessDenied,
		ShareSigningRefused, ShareServerFull, ShareServerPaused:
		return VerdictWarning
	}
	return VerdictCritical
}

func (p *PhonebookResult) verdict() Verdict {
	switch p.State {
	case PhonebookOK:
	case PhonebookUnknown:
		return VerdictUnknown
	case PhonebookLocked, PhonebookElsewhere:
		return VerdictWarning
	default:
		return VerdictCritical
	}
	switch {
	case slices.ContainsFunc(p.Dialed, func(d phonebook.Dialed) bool { return d.Missing }):
		return VerdictCritical
	case p.Intact != nil && !*p.Intact:
		return VerdictWarning
	}
	return VerdictOK
}
