package smbtest

import (
	"bytes"
	"math/rand/v2"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"
)

// startTimeout is how long a server may take to answer on a machine that is busy with other
// things, and pollInterval how often it is tried.
const (
	startTimeout = time.Minute
	pollInterval = 10 * time.Millisecond
)

// needProgram returns the path of a program, which must be installed. It also looks in the
// system administrator's folders, which may not be on PATH.
func needProgram(t testing.TB, name, debianPackage string) string {
	t.Helper()
	if path, err := exec.LookPath(name); err == nil {
		return path
	}
	for _, folder := range []string{"/usr/sbin", "/usr/bin"} {
		if path := filepath.Join(folder, name); isExecutable(path) {
			return path
		}
	}
	t.Fatalf("this test needs the program %s: apt-get install %s", name, debianPackage)
	return ""
}

func isExecutable(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.Mode().IsRegular() && info.Mode()&0o111 != 0
}

// shortTempDir makes a folder with a short path, because the path of a Unix
// socket holds 107 bytes at most, and removes it at the end of the test.
func shortTempDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "ts")
	if err != nil {
		t.Fatalf("making a folder for a test server: %v", err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Errorf("removing the folder of a test server: %v", err)
		}
	})
	return dir
}

func writeFile(t testing.TB, path string, content []byte) {
	t.Helper()
	if err := os.WriteFile(path, content, 0o644); err != nil {
		t.Fatalf("writing a file of a test server: %v", err)
	}
}

func makeDirs(t testing.TB, paths ...string) {
	t.Helper()
	for _, path := range paths {
		if err := os.MkdirAll(path, 0o755); err != nil {
			t.Fatalf("making a folder of a test server: %v", err)
		}
	}
}

// freePort returns an unused TCP port of 127.0.0.1. It is below the ephemeral ports (RFC 6335:
// from 49152, Linux: from 32768), so that no connection uses it before the server listens.
func freePort(t testing.TB) uint16 {
	t.Helper()
	const lowest, end, tries = 10000, 32000, 100
	for range tries {
		port := uint16(lowest + rand.IntN(end-lowest))
		if l, err := net.Listen("tcp4", loopback(port).String()); err == nil {
			l.Close()
			return port
		}
	}
	t.Fatalf("no free port found from %d to %d in %d tries", lowest, end-1, tries)
	return 0
}

func loopback(port uint16) netip.AddrPort {
	return netip.AddrPortFrom(netip.AddrFrom4([4]byte{127, 0, 0, 1}), port)
}

// waitUntil calls done until it returns true, for at most limit, and returns its last result.
func waitUntil(limit time.Duration, done func() bool) bool {
	for deadline := time.Now().Add(limit); time.Now().Before(deadline); time.Sleep(pollInterval) {
		if done() {
			return true
		}
	}
	return done()
}

// answers reports whether a server accepts connections on the address.
func answers(addr netip.AddrPort) bool {
	conn, err := net.DialTimeout("tcp", addr.String(), time.Second)
	if err != nil {
		return false
	}
	conn.Close()
	return true
}

// runProgram runs a program and returns its output.
func runProgram(t testing.TB, stdin, name string, args ...string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), name, args...)
	cmd.Stdin = bytes.NewReader([]byte(stdin))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s: %v\n%s", filepath.Base(name), err, out)
	}
	return string(out)
}

// processesWith returns the processes in /proc whose command line contains text. One that has
// ended and was not waited for has no command line.
func processesWith(text string) ([]*os.Process, error) {
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return nil, err
	}
	var found []*os.Process
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil || pid == os.Getpid() {
			continue
		}
		// A process may end between the two reads.
		line, err := os.ReadFile(filepath.Join("/proc", entry.Name(), "cmdline"))
		if err != nil || !bytes.Contains(line, []byte(text)) {
			continue
		}
		process, err := os.FindProcess(pid)
		if err != nil {
			return nil, err
		}
		found = append(found, process)
	}
	return found, nil
}

// killAll kills every process whose command line contains text, and fails the test if one is
// left.
func killAll(t testing.TB, text string) {
	t.Helper()
	var left int
	gone := waitUntil(startTimeout, func() bool {
		processes, err := processesWith(text)
		if err != nil {
			t.Errorf("looking for processes of a test server: %v", err)
			return true
		}
		left = len(processes)
		for _, process := range processes {
			// Errors mean that it has just ended.
			_ = process.Kill()
			_ = process.Release()
		}
		return left == 0
	})
	if !gone {
		t.Errorf("%d processes of a test server cannot be killed", left)
	}
}

// PhonebookName is the phone book's path on the share ADMIN$.
const PhonebookName = `System32\Ras\rasphone.pbk`

// Phonebook returns a sound phone book of NT 4.0 with one entry, "Internet Dial-Up", for a
// serial modem. Name and number are invented.
func Phonebook() []byte {
	lines := []string{
		"[Internet Dial-Up]",
		"Description=Synthetic entry for tests",
		"AutoLogon=0",
		"BaseProtocol=1",
		"Authentication=-1",
		"IpPrioritizeRemote=1",
		"IpHeaderCompression=1",
		"UseCountryAndAreaCodes=0",
		"IdleDisconnectSeconds=0",
		"RedialAttempts=0",
		"RedialSeconds=15",
		"",
		"MEDIA=serial",
		"Port=COM2",
		"Device=Synthetic Modem 33600",
		"ConnectBPS=115200",
		"",
		"DEVICE=modem",
		"PhoneNumber=555-0100",
		"PromoteHuntNumbers=0",
		"HwFlowControl=1",
		"Protocol=1",
		"Compression=1",
		"Speaker=1",
		"",
	}
	return []byte(strings.Join(lines, "\r\n"))
}
