package smbprobe

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
	for _, v := range verdicts {
		if v.rank() > worst.rank() {
			worst = v
		}
	}
	return worst
}

func (v Verdict) rank() int {
	switch v {
	case VerdictOK:
		return 0
	case VerdictWarning:
		return 2
	case VerdictCritical:
		return 3
	}
	return 1
}

// Verdict returns that of the worst cause. If no cause is worse than information, it is OK
// if the share is open and every check was answered, and unknown otherwise.
func (r *Result) Verdict() Verdict {
	verdict := VerdictUnknown
	if r.Success && r.Share == ShareOK && r.Phonebook.State != PhonebookUnknown && !r.noPipeUsable() && !r.callsUnknown() {
		verdict = VerdictOK
	}
	for i := range r.Causes {
		verdict = WorstVerdict(verdict, r.Causes[i].Severity.verdict())
	}
	return verdict
}

// callsUnknown reports whether the event log was read, and when its events were is not known.
func (r *Result) callsUnknown() bool {
	e := &r.Eventlog
	return e.Readable != nil && *e.Readable && len(e.Windows) == 0 && e.Error != ""
}

// noPipeUsable reports whether the event log or the registry was asked for in vain, and no pipe
// gave an answer that tells why. If there is a cause, it counts instead.
func (r *Result) noPipeUsable() bool {
	unreadable := func(readable *bool) bool { return readable != nil && !*readable }
	return r.RPC == "" && (unreadable(r.Eventlog.Readable) || unreadable(r.Registry.Readable))
}

// verdict is that of a result whose worst cause has this severity.
func (s Severity) verdict() Verdict {
	switch s {
	case SeverityCritical:
		return VerdictCritical
	case SeverityWarning:
		return VerdictWarning
	}
	return VerdictOK
}
