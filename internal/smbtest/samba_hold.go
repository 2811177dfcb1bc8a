package smbtest

import (
	"bufio"
	_ "embed"
	"os/exec"
	"strconv"
	"strings"
)

//go:embed hold_file.py
var holdFile string

// HoldFile opens a file of ADMIN$ as another client that shares it with nobody, and
// keeps it open until the end of the test: who wants to read it is answered with
// STATUS_SHARING_VIOLATION.
func (s *Samba) HoldFile(path string) {
	s.t.Helper()
	cmd := exec.Command(impacketPython, "-c", holdFile, strconv.Itoa(int(s.port)), Username, Password, sambaDomain, adminShare, path)
	var complaint strings.Builder // read once the client has ended
	cmd.Stderr = &complaint
	stdin, err := cmd.StdinPipe() // its end ends the client
	if err != nil {
		s.t.Fatalf("starting a client that holds a file: %v", err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		s.t.Fatalf("starting a client that holds a file: %v", err)
	}
	if err := cmd.Start(); err != nil {
		s.t.Fatalf("starting a client that holds a file: %v", err)
	}
	lines := bufio.NewScanner(stdout)
	if !lines.Scan() {
		_ = cmd.Wait() // what it complains of says more
		s.t.Fatalf("a client cannot hold %s: %s", path, complaint.String())
	}
	s.t.Cleanup(func() {
		_ = stdin.Close() // fails where the client has ended, and then Wait says so
		if err := cmd.Wait(); err != nil {
			s.t.Errorf("the client that held %s: %v\n%s", path, err, complaint.String())
		}
	})
}
