package diagnosis

import (
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// KnownCause is what there is to say of a cause, whatever a probe finds: a row of a
// table for a person.
type KnownCause struct {
	Name       string              // a label, final
	Severities []smbprobe.Severity // those that it may have, the worst first
	Articles   []string            // of Microsoft's knowledge base, the main one first; may be empty
	Evidence   string              // what it takes
	Remedy     string              // in a sentence or two
}

// Known returns every cause that a Result can have, those that explain most
// first: the way to the share, the phone book, dialling, and what is around it.
func Known() []KnownCause {
	var all []KnownCause
	for _, r := range rules {
		all = append(all, r.KnownCause)
	}
	return all
}

// rule leads from evidence to one cause.
type rule struct {
	KnownCause
	// find says what there is to say where the evidence is there; nil: it is not. It
	// looks only at what is known: a nil pointer or an empty state is never evidence.
	find func(*evidence) *finding
	// claims reports whether the rule explains a failure to dial; nil: none. What no
	// rule claims is left to dialup_failing.
	claims func(*evidence, dialFailure) bool
}

// finding is a cause as one Result shows it; see Cause.
//
// The whole of a remedy's step in backquotes is a command to type. A command never holds
// a text that came from the server, which could make it another command.
type finding struct {
	severity    smbprobe.Severity
	headline    string
	evidence    []string
	explanation string
	remedy      []string
}

// rules are all rules, in the order of Known.
var rules = slices.Concat(serverRules, accountRules, shareRules, bookRules, dialRules, aroundRules)

// diagnose returns the causes that a result's evidence supports: the critical ones
// first, then in the order of Known; nil where it supports none.
func Causes(r *smbprobe.Result) []smbprobe.Cause {
	c := newEvidence(r)
	for i := range c.failures {
		f := &c.failures[i]
		f.claimed = slices.ContainsFunc(rules, func(r rule) bool { return r.claims != nil && r.claims(c, *f) })
	}
	var causes []smbprobe.Cause
	for _, rule := range rules {
		j := rule.find(c)
		if j == nil {
			continue
		}
		causes = append(causes, smbprobe.Cause{
			Name:        rule.Name,
			Severity:    j.severity,
			Articles:    rule.Articles,
			Headline:    j.headline,
			Evidence:    j.evidence,
			Explanation: j.explanation,
			Remedy:      j.remedy,
		})
	}
	slices.SortStableFunc(causes, func(a, b smbprobe.Cause) int { return rank(a.Severity) - rank(b.Severity) })
	return causes
}

// rank orders severities, the worst first.
func rank(s smbprobe.Severity) int {
	switch s {
	case smbprobe.SeverityCritical:
		return 0
	case smbprobe.SeverityWarning:
		return 1
	}
	return 2
}
