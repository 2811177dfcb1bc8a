package phonebook

import "fmt"

// String describes a finding in one line.
func (f Finding) String() string {
	text := string(f.Check)
	if f.Line > 0 {
		text = fmt.Sprintf("line %d: %s", f.Line, f.Check)
	}
	if f.Detail != "" {
		text += ": " + f.Detail
	}
	return text
}
