package smbprobe

// Severity says whom a cause should wake.
type Severity string

// The severities. Their names are labels: final.
const (
	SeverityCritical Severity = "critical"
	SeverityWarning  Severity = "warning"
	SeverityInfo     Severity = "info" // it was so, or is contradicted by what is seen now
)

// Cause is what explains a result, with what it rests on and what to do.
type Cause struct {
	Name     string // "admin_share_disabled": a label, final
	Severity Severity
	Articles []string // of Microsoft's knowledge base, the main one first; may be empty
	// Headline says it in one line for a person, with the values that were seen:
	// "Admin$ was removed and AutoShareServer=0 keeps it away".
	Headline    string
	Evidence    []string // what was seen, a sentence each
	Explanation string   // why this keeps mail from going out
	Remedy      []string // what to do, a step each; a command to type stands alone in its step
}

// Article returns the main article, "" where there is none.
func (c *Cause) Article() string {
	if len(c.Articles) == 0 {
		return ""
	}
	return c.Articles[0]
}
