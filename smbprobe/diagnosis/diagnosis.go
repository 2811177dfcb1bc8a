// Package diagnosis concludes from what a probe saw why mail cannot be dialed out, and what
// to do. It rests on articles of Microsoft's former knowledge base, which each cause names.
//
// A rule leads from evidence to one cause. The rules are data: the engine in this file
// decides which cause explains which failure to dial, and which outage makes other causes
// superfluous.
package diagnosis

import (
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// KnownCause describes a cause independently of any result.
type KnownCause struct {
	Name       string // a label, final, and the name of the runbook
	Title      string // in plain English, without a full stop; constant
	Severities []smbprobe.Severity
	Articles   []string // of Microsoft's knowledge base, the main one first; may be empty
	Evidence   string   // what it takes, a sentence or two
	// Remedy is that for a server of which nothing is known: every step that may be needed.
	Remedy []smbprobe.RemedyStep

	fix string // what Fix returns, where no step of the remedy is for each server; empty: the first
}

// Fix returns what to try first, for a line of an alert: the commands of FirstFix if they are one
// or two that work by themselves, otherwise its sentence.
func (k *KnownCause) Fix() string {
	if k.fix != "" {
		return k.fix
	}
	s := FirstFix(k.Remedy)
	switch {
	case s == nil:
		return ""
	case len(s.Commands) == 0 || len(s.Commands) > 2 || slices.ContainsFunc(s.Commands, opensWindow):
		return strings.TrimRight(s.Text, ":.")
	}
	return strings.Join(s.Commands, ", then ")
}

// FirstFix returns the first step that changes something; nil if none does. Saving a key of the
// registry only prepares the next step.
func FirstFix(steps []smbprobe.RemedyStep) *smbprobe.RemedyStep {
	i := slices.IndexFunc(steps, func(s smbprobe.RemedyStep) bool { return s.Kind == smbprobe.RemedyFix && s.Text != saveKey })
	if i < 0 {
		return nil
	}
	return &steps[i]
}

// windows are programs that open a window, in which the step is done.
var windows = []string{"eventvwr", "rasphone", "regedt32"}

func opensWindow(command string) bool { return slices.Contains(windows, command) }

// Known returns every cause that a Result can have: the way to the share, the phone book,
// the calls, and what surrounds them.
func Known() []KnownCause {
	nothing := newEvidence(&smbprobe.Result{})
	nothing.general = true
	all := make([]KnownCause, len(rules))
	for i, r := range rules {
		all[i] = r.KnownCause
		all[i].Remedy = r.remedy(nothing)
	}
	return all
}

// rule leads from evidence to one cause.
type rule struct {
	KnownCause
	// find returns nil if the evidence does not support the cause. It looks only at what is
	// known: a nil pointer or an empty state is never evidence. mine are the failures that the
	// rule claims and that no cause before it explains.
	find func(c *evidence, mine []dialFailure) *finding
	// remedy returns the steps. For evidence.general it returns all that may be needed.
	remedy func(c *evidence) []smbprobe.RemedyStep
	// claims reports whether a failure to dial is evidence for the cause; nil: none is.
	claims func(c *evidence, f dialFailure) bool
	// explains are codes of failures to dial that need no other explanation while the cause
	// is seen. The failures become evidence for it.
	explains []string
	// explainedBy are causes, earlier in the order, that make this one superfluous.
	explainedBy []string
	// services are those whose state the cause explains, unless it is information only.
	services []string
	// ruledOut returns what was seen that excludes the cause; empty: nothing. It is called only
	// if the cause is not found. nil: never.
	ruledOut func(c *evidence) string
}

// finding is a cause as one Result shows it; see smbprobe.Cause.
type finding struct {
	severity    smbprobe.Severity
	headline    string
	evidence    []string
	explanation string
}

// rules are all rules, in the order of Known.
var rules = slices.Concat(wayRules, serverRules, accountRules, shareRules, phonebookRules, dialRules, aroundRules)

// Causes returns the causes that a result's evidence supports: the critical ones first,
// then in the order of Known; nil if it supports none.
func Causes(r *smbprobe.Result) []smbprobe.Cause {
	causes, _ := Diagnose(r)
	return causes
}

// Diagnose returns what Causes returns, and what was seen that excludes causes, in the order
// of Known.
func Diagnose(r *smbprobe.Result) ([]smbprobe.Cause, []smbprobe.RuledOut) {
	c := newEvidence(r)
	var causes []smbprobe.Cause
	excluded := make([]exclusion, 0, len(rules))
	for i := range rules {
		rule := &rules[i]
		if slices.ContainsFunc(rule.explainedBy, c.has) {
			continue
		}
		mine := c.unexplained(rule)
		f := rule.find(c, mine)
		if f == nil {
			if rule.ruledOut != nil {
				if why := rule.ruledOut(c); why != "" {
					excluded = append(excluded, exclusion{rule.Name, why})
				}
			}
			continue
		}
		c.explain(rule, f)
		causes = append(causes, smbprobe.Cause{
			Name: rule.Name, Title: rule.Title, Severity: f.severity, Articles: rule.Articles,
			Headline: f.headline, Evidence: f.evidence, Explanation: f.explanation, Remedy: rule.remedy(c),
		})
	}
	slices.SortStableFunc(causes, func(a, b smbprobe.Cause) int { return rank(a.Severity) - rank(b.Severity) })
	return causes, ruledOut(excluded)
}

// unexplained returns the failures that a rule claims and that no cause explains yet.
func (c *evidence) unexplained(rule *rule) []dialFailure {
	var mine []dialFailure
	for _, f := range c.failures {
		if f.explained == "" && (slices.Contains(rule.explains, f.Code) || rule.claims != nil && rule.claims(c, f)) {
			mine = append(mine, f)
		}
	}
	return mine
}

// explain records that a cause was found, and what it explains. The failures that become
// evidence for it are added to the finding.
func (c *evidence) explain(rule *rule, f *finding) {
	c.found = append(c.found, rule.Name)
	if f.severity != smbprobe.SeverityInfo {
		c.explainedServices = append(c.explainedServices, rule.services...)
	}
	for i := range c.failures {
		failure := &c.failures[i]
		if failure.explained != "" {
			continue
		}
		if slices.Contains(rule.explains, failure.Code) {
			f.evidence = append(f.evidence, failure.sentence())
			failure.explained = rule.Name
		} else if rule.claims != nil && rule.claims(c, *failure) {
			failure.explained = rule.Name
		}
	}
}

// has reports whether a cause was found.
func (c *evidence) has(cause string) bool { return slices.Contains(c.found, cause) }

// exclusion is a cause, and what was seen that excludes it.
type exclusion struct{ cause, why string }

// ruledOut groups causes by what excludes them, in the order of the first of each group.
func ruledOut(excluded []exclusion) []smbprobe.RuledOut {
	if len(excluded) == 0 {
		return nil
	}
	isFirst := func(i int) bool {
		return !slices.ContainsFunc(excluded[:i], func(e exclusion) bool { return e.why == excluded[i].why })
	}
	groups := 0
	for i := range excluded {
		if isFirst(i) {
			groups++
		}
	}
	all := make([]smbprobe.RuledOut, 0, groups) // results are kept, so no more than that
	names := make([]string, 0, len(excluded))   // the memory of all groups
	for i, first := range excluded {
		if !isFirst(i) {
			continue
		}
		begin := len(names)
		for _, e := range excluded[i:] {
			if e.why == first.why {
				names = append(names, e.cause)
			}
		}
		all = append(all, smbprobe.RuledOut{Causes: slices.Clip(names[begin:]), Why: first.why})
	}
	return all
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

// serviceExplained reports whether a cause that was found explains a service's state.
func (c *evidence) serviceExplained(name string) bool {
	return slices.ContainsFunc(c.explainedServices, func(s string) bool { return strings.EqualFold(s, name) })
}

// Severities that causes may have.
var (
	onlyCritical      = []smbprobe.Severity{smbprobe.SeverityCritical}
	onlyWarning       = []smbprobe.Severity{smbprobe.SeverityWarning}
	onlyInfo          = []smbprobe.Severity{smbprobe.SeverityInfo}
	criticalOrWarning = []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityWarning}
	criticalOrInfo    = []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityInfo}
	anySeverity       = []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityWarning, smbprobe.SeverityInfo}
)
