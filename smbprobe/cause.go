package smbprobe

// Severity is how urgent a cause is.
type Severity string

// The severities. Their names are labels: final.
const (
	SeverityCritical Severity = "critical"
	SeverityWarning  Severity = "warning"
	SeverityInfo     Severity = "info" // worth knowing, or no longer seen
)

// Cause explains a result: the evidence and the remedy.
type Cause struct {
	Name     string // "admin_share_disabled": a label, final, and the name of the runbook
	Title    string // constant for each name, without a full stop; for pages and subjects of mails
	Severity Severity
	Articles []string // of Microsoft's knowledge base, the main one first; may be empty
	// Headline is one line for a person, with the values that were seen: "Admin$ is gone,
	// and AutoShareServer=0 stops Windows from making it again".
	Headline    string
	Evidence    []string // what was seen, a sentence each
	Explanation string   // why mail does not leave because of it
	Remedy      []RemedyStep
}

// Article returns the main article, "" if there is none.
func (c *Cause) Article() string {
	if len(c.Articles) == 0 {
		return ""
	}
	return c.Articles[0]
}

// RemedyKind is the purpose of a step.
type RemedyKind string

// The kinds, in the order in which steps are done.
const (
	RemedyLook  RemedyKind = "look"  // find out more; changes nothing
	RemedyFix   RemedyKind = "fix"   // change something
	RemedyCheck RemedyKind = "check" // see that it worked
)

// RemedyStep is one step of a remedy. Commands, Registry and Dialog are constant or
// numbers: none of them ever contains a text that came from the server.
type RemedyStep struct {
	Kind     RemedyKind
	Text     string          // a sentence
	Commands []string        // to type at a command prompt, one after the other
	Registry *RegistryChange // nil: none
	Dialog   string          // the path through the menus and dialogs of the server's version of Windows
}

// RegistryChange is a registry value and what to do with it.
type RegistryChange struct {
	Key  string // with its root
	Name string // empty: the key itself
	Type string // "REG_DWORD"
	Now  string // the value now, "not set" if there is none; empty: not known
	Set  string // the value to set, or "delete": the key goes, with all below it
}

// RuledOut is a check that found nothing wrong, and so excludes causes.
type RuledOut struct {
	Causes []string // that it excludes
	Why    string   // "share ADMIN$: opened"
}
