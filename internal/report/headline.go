package report

import (
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Headline says in one line what a result means: the first cause that is as bad as the
// verdict, with its main article; where there is none, what was found.
func Headline(r *smbprobe.Result) string {
	verdict := r.Verdict()
	i := slices.IndexFunc(r.Causes, func(c smbprobe.Cause) bool {
		return verdict == smbprobe.VerdictCritical && c.Severity == smbprobe.SeverityCritical ||
			verdict == smbprobe.VerdictWarning && c.Severity == smbprobe.SeverityWarning
	})
	if i < 0 {
		return Summary(r)
	}
	headline := r.Causes[i].Headline
	if article := r.Causes[i].Article(); article != "" {
		headline += " (" + article + ")"
	}
	return headline
}

// Summary returns in one line what was found, without a cause.
func Summary(r *smbprobe.Result) string {
	if r.Share != smbprobe.ShareOK {
		return stateLine(string(r.Share), r.ShareError)
	}
	if r.Phonebook.State != smbprobe.PhonebookOK {
		return "share open, phone book " + stateLine(string(r.Phonebook.State), r.Phonebook.Error)
	}
	for _, d := range r.Phonebook.Dialed {
		if !d.Usable {
			return fmt.Sprintf("the dialed entry %q is %s", d.Name, dialedText(d))
		}
	}
	if intact := r.Phonebook.Intact; intact != nil && !*intact {
		return "the phone book has entries that cannot be dialed"
	}
	const sound = "the share is open and the phone book is sound"
	if why := NoAnswer(r); why != "" {
		return sound + ", but " + why
	}
	summary := sound + failuresSummary(&r.Eventlog)
	if readable := r.Registry.Readable; readable != nil && !*readable {
		summary += ", the registry could not be read"
	}
	return summary
}

// NoAnswer says that a check behind an open share got no answer, and of what not all is
// known because of that, or because it was refused; empty where every check was answered,
// and where the state of the share or the phone book says already that one was not.
func NoAnswer(r *smbprobe.Result) string {
	if r.Success || r.Share != smbprobe.ShareOK || r.Phonebook.State == smbprobe.PhonebookUnknown {
		return ""
	}
	if len(r.SilentCalls) > 0 { // the server answered everything else, be it with a refusal
		return join(r.SilentCalls...) + " got no answer"
	}
	var unknown []string
	// A status is an answer.
	if r.Eventlog.Error != "" && r.Eventlog.Status == smb.StatusOK {
		unknown = append(unknown, "the event log")
	}
	if r.Registry.Error != "" {
		unknown = append(unknown, "the registry")
	}
	if r.Host.Error != "" || slices.ContainsFunc(r.Services, func(s smbprobe.ServiceResult) bool { return s.Error != "" }) {
		unknown = append(unknown, "the services")
	}
	if len(unknown) == 0 {
		return "a check got no answer"
	}
	return "a check got no answer: not all is known of " + join(unknown...)
}

// failuresSummary says how many failures the largest window has that is known,
// and that nothing is known where the log could not be read; else nothing.
func failuresSummary(e *smbprobe.EventlogResult) string {
	if e.Readable == nil {
		return ""
	}
	if !*e.Readable {
		return ", the event log could not be read"
	}
	var largest *smbprobe.WindowResult
	for i, w := range e.Windows {
		if w.Failures != nil && (largest == nil || w.Duration > largest.Duration) {
			largest = &e.Windows[i]
		}
	}
	switch {
	case largest == nil:
		return ", failures to dial are not known"
	case *largest.Failures == 0:
		return ""
	}
	return fmt.Sprintf(", %s to dial in %s", number(*largest.Failures, "failure", "failures"), largest.Label)
}

func stateLine(state, why string) string {
	if why == "" {
		return state
	}
	return state + ": " + why
}
