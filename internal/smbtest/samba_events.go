package smbtest

import (
	_ "embed"
	"encoding/json"
	"path/filepath"
	"time"
)

//go:embed samba_log.py
var sambaLog string

//go:embed eventlog_client.py
var eventlogClient string

// ApplicationLog is the event log that the records are written to.
const ApplicationLog = "Application"

// Event is a record of type error for Samba's event log.
type Event struct {
	At      time.Time // whole seconds
	ID      uint32    // with severity and facility
	Source  string
	Strings []string // Samba reads 256 at most
}

// WriteEvents appends records to the log Application, the oldest first. The log may exceed its
// size, until it is opened and so pruned.
func (s *Samba) WriteEvents(events ...Event) {
	s.t.Helper()
	s.changeLog(0, events)
}

// DropEvents removes the n oldest records of the log Application, as overwriting does: the
// others keep their numbers.
func (s *Samba) DropEvents(n int) {
	s.t.Helper()
	s.changeLog(n, nil)
}

func (s *Samba) changeLog(drop int, events []Event) {
	s.t.Helper()
	type record struct {
		At      int64    `json:"at"`
		ID      uint32   `json:"id"`
		Source  string   `json:"source"`
		Strings []string `json:"strings"`
	}
	var records []record
	for _, e := range events {
		records = append(records, record{e.At.Unix(), e.ID, e.Source, e.Strings})
	}
	change, err := json.Marshal(map[string]any{"drop": drop, "append": records})
	if err != nil {
		s.t.Fatalf("changing an event log of Samba: %v", err)
	}
	makeDirs(s.t, filepath.Dir(s.LogPath()))
	runProgram(s.t, string(change), impacketPython, "-c", sambaLog, s.LogPath())
}

// LogPath returns the file of the log Application in the local file system.
func (s *Samba) LogPath() string { return filepath.Join(s.dir, "state", "eventlog", "application.tdb") }

// LogContent is the content of an event log.
type LogContent struct {
	Count   int         `json:"count"`
	Oldest  int         `json:"oldest"`  // its number; meaningless if the log is empty
	Records []LogRecord `json:"records"` // the oldest first
}

// LogRecord is a record that impacket has read.
type LogRecord struct {
	Number  int      `json:"number"`
	At      int64    `json:"at"` // seconds since 1970
	ID      uint32   `json:"id"`
	Source  string   `json:"source"`
	Strings []string `json:"strings"`
}

// ReadLog reads the whole log Application over the network with impacket.
func (s *Samba) ReadLog() LogContent {
	s.t.Helper()
	var content LogContent
	if err := json.Unmarshal([]byte(s.runEventlogClient(false)), &content); err != nil {
		s.t.Fatalf("decoding the event log that impacket has read: %v", err)
	}
	return content
}

// ClearLog clears the log Application over the network with impacket. Record numbers start again
// at 1.
func (s *Samba) ClearLog() {
	s.t.Helper()
	s.runEventlogClient(true)
}

func (s *Samba) runEventlogClient(clearing bool) string {
	s.t.Helper()
	options, err := json.Marshal(map[string]any{
		"host": s.Addr().Addr().String(), "port": s.port, "username": Username, "password": Password,
		"domain": sambaDomain, "log": ApplicationLog, "clear": clearing,
	})
	if err != nil {
		s.t.Fatalf("writing the options of impacket's client: %v", err)
	}
	return runProgram(s.t, "", impacketPython, "-c", eventlogClient, string(options))
}
