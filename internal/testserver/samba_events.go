package testserver

import (
	"fmt"
	"os/exec"
	"strings"
	"time"
)

// Event is a record for Samba's event log.
type Event struct {
	At      time.Time
	ID      uint32 // all 32 bits
	Source  string
	Strings []string // each of at most some 900 bytes: eventlogadm reads 1,000 characters a line
}

// WriteEvents appends records to the log Application, the oldest first. It takes
// time that grows with the square of the log's length.
func (s *Samba) WriteEvents(events ...Event) {
	s.t.Helper()
	var b strings.Builder
	for _, e := range events {
		fmt.Fprintf(&b, "LEN: 0\nRS1: 1699505740\nRCN: 0\nTMG: %d\nTMW: %d\nEID: %d\nETP: ERROR\nECT: 3\nRS2: 0\nCRN: 0\nUSL: 0\nSRC: %s\nSRN: EXCH01\n",
			e.At.Unix(), e.At.Unix(), e.ID, e.Source)
		for _, text := range e.Strings {
			fmt.Fprintf(&b, "STR: %s\n", text)
		}
		b.WriteString("DAT: \n\n")
	}
	command := exec.Command(needProgram(s.t, "eventlogadm", "samba"), "-s", s.confPath(), "-o", "write", "Application")
	command.Stdin = strings.NewReader(b.String())
	if out, err := command.CombinedOutput(); err != nil {
		s.t.Fatalf("%s: %v\n%s", command, err, out)
	}
}
