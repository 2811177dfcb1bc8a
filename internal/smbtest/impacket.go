package smbtest

import (
	"bytes"
	_ "embed"
	"encoding/json"
	"errors"
	"io/fs"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

//go:embed impacket_server.py
var impacketServer string

// impacketPython is the Python of Debian's packages; PATH may have another one before it.
const impacketPython = "/usr/bin/python3"

// ImpacketOptions configure the server.
type ImpacketOptions struct {
	// SigningRequired makes the server sign, and refuse requests that are not signed
	// correctly with STATUS_ACCESS_DENIED.
	SigningRequired bool
}

// Impacket is the SMB1 server of impacket on 127.0.0.1, which uses OEM strings, runs only the
// first command of a chain, and accepts one request at a time over direct TCP. It checks
// passwords and signatures with its own code, an independent test of a client's. File names are
// case-sensitive, as in PhonebookName.
type Impacket struct {
	t      testing.TB
	dir    string
	port   uint16
	output bytes.Buffer // of the process; read once it has ended
}

// ImpacketEvent is a login ("login") or a request of a signed session ("signature") that the
// server has checked.
type ImpacketEvent struct {
	Event string `json:"event"`
	OK    bool   `json:"ok"`
	Port  uint16 `json:"port"` // of "listening", the first event

	User     string `json:"user"`
	Domain   string `json:"domain"`
	Kind     string `json:"kind"` // "NTLMv1", "NTLMv2" or another
	LM       string `json:"lm"`   // the LM response: "none" (or zeros), "copy" (of the NT response), "LMv2" (a correct one), "other"
	VcNumber int    `json:"vc_number"`

	Command  int `json:"command"`  // SMB command
	Sequence int `json:"sequence"` // number that was signed with
}

// StartImpacket starts the server and waits until it listens. The end of the test
// stops it.
func StartImpacket(t testing.TB, o ImpacketOptions) *Impacket {
	t.Helper()
	if err := exec.CommandContext(t.Context(), impacketPython, "-c", "import impacket.smbserver").Run(); err != nil {
		t.Fatalf("this test needs impacket for %s (%v): apt-get install python3-impacket", impacketPython, err)
	}
	s := &Impacket{t: t, dir: t.TempDir()}
	makeDirs(t, filepath.Dir(s.PhonebookPath()))
	s.WritePhonebook(Phonebook())
	options, err := json.Marshal(map[string]any{
		"root": s.Root(), "events": s.eventsPath(), "username": Username, "password": Password, "signing": o.SigningRequired,
	})
	if err != nil {
		t.Fatalf("writing the options of impacket's server: %v", err)
	}
	optionsPath := filepath.Join(s.dir, "options.json")
	writeFile(t, optionsPath, options)

	cmd := exec.Command(impacketPython, "-c", impacketServer, optionsPath)
	cmd.Stdout, cmd.Stderr = &s.output, &s.output
	// The server ends when its standard input does, so that it does not outlive a
	// test process that was killed.
	if _, err := cmd.StdinPipe(); err != nil {
		t.Fatalf("starting impacket's server: %v", err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting impacket's server: %v", err)
	}
	exited := make(chan struct{})
	go func() {
		defer close(exited)
		_ = cmd.Wait() // killed at the end: its exit status is meaningless
	}()
	stop := func() {
		_ = cmd.Process.Kill() // it may have ended
		<-exited
	}
	t.Cleanup(stop)
	listens := waitUntil(startTimeout, func() bool {
		select {
		case <-exited:
			return true
		default:
			return len(s.Events()) > 0
		}
	})
	events := s.Events()
	if !listens || len(events) == 0 {
		stop()
		t.Fatalf("impacket's server does not start:\n%s", s.output.String())
	}
	s.port = events[0].Port
	return s
}

func (s *Impacket) eventsPath() string { return filepath.Join(s.dir, "events.jsonl") }

// Addr returns the address that the server listens on.
func (s *Impacket) Addr() netip.AddrPort { return loopback(s.port) }

// Port returns the TCP port that the server listens on.
func (s *Impacket) Port() uint16 { return s.port }

// Credentials returns the account's credentials, for NTLMv2.
func (s *Impacket) Credentials() smb.Credentials {
	return smb.Credentials{Username: Username, Domain: sambaDomain, Password: secret.New(Password)}
}

// Root returns the folder behind the share ADMIN$.
func (s *Impacket) Root() string { return filepath.Join(s.dir, rootName) }

// PhonebookPath returns the phone book's path in the local file system.
func (s *Impacket) PhonebookPath() string {
	return filepath.Join(s.Root(), "System32", "Ras", "rasphone.pbk")
}

// WritePhonebook replaces the phone book.
func (s *Impacket) WritePhonebook(content []byte) {
	s.t.Helper()
	writeFile(s.t, s.PhonebookPath(), content)
}

// Events returns what the server has checked so far, in order. The event of an answer that was
// received is there. The first event is "listening".
func (s *Impacket) Events() []ImpacketEvent {
	s.t.Helper()
	content, err := os.ReadFile(s.eventsPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // it has not started
	}
	if err != nil {
		s.t.Fatalf("reading the events of impacket's server: %v", err)
	}
	var events []ImpacketEvent
	for line := range strings.Lines(string(content)) {
		if !strings.HasSuffix(line, "\n") {
			break // being written
		}
		var event ImpacketEvent
		if err := json.Unmarshal([]byte(line), &event); err != nil {
			s.t.Fatalf("decoding the events of impacket's server: %v in %q", err, line)
		}
		events = append(events, event)
	}
	return events
}

// Logins returns the number of login attempts, successful or not.
func (s *Impacket) Logins() int {
	s.t.Helper()
	n := 0
	for _, event := range s.Events() {
		if event.Event == "login" {
			n++
		}
	}
	return n
}

// Signatures returns the numbers of requests that were signed correctly, and of those that were
// not, after the login to a server that requires signing.
func (s *Impacket) Signatures() (right, wrong int) {
	s.t.Helper()
	for _, event := range s.Events() {
		switch {
		case event.Event != "signature":
		case event.OK:
			right++
		default:
			wrong++
		}
	}
	return right, wrong
}
