package prober_test

import (
	"bytes"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestPhonebookOnSamba: the phone book changes its state while the Prober lives.
func TestPhonebookOnSamba(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"NT1", "SMB3_00"} {
		t.Run(protocol, func(t *testing.T) {
			// Impacket requests an oplock, and does not answer when it is broken.
			samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol, ExtraShare: []string{"oplocks = no"}})
			p, target := newProber(t, prober.Options{}), direct(samba.Addr()).target(t)
			path := samba.PhonebookPath()
			check := func(what string, want smbprobe.PhonebookState, status smb.Status) *smbprobe.Result {
				t.Helper()
				r := probe(t, p, target)
				wantOutcome(t, what, book(want), r)
				if r.Phonebook.Status != status {
					t.Errorf("%s: %s, want %s", what, r.Phonebook.Status, status)
				}
				if (r.Phonebook.Error == "") != (want == smbprobe.PhonebookOK) {
					t.Errorf("%s: error %q", what, r.Phonebook.Error)
				}
				return r
			}

			emptyAllUsers(t, samba)
			check("at first", smbprobe.PhonebookOK, smb.StatusOK)
			const size = 300_000 // several reads
			samba.WritePhonebook(bookOf(size))
			if r := check("large", smbprobe.PhonebookOK, smb.StatusOK); *r.Phonebook.Size != size {
				t.Errorf("large: size %d, want %d", *r.Phonebook.Size, size)
			}
			release := lockFile(t, samba.Port(), protocol)
			check("open without sharing", smbprobe.PhonebookLocked, smb.StatusSharingViolation)
			release()
			check("closed again", smbprobe.PhonebookOK, smb.StatusOK)

			remove(t, path)
			if r := check("file removed", smbprobe.PhonebookMissing, smb.StatusObjectNameNotFound); r.Phonebook.Size != nil || r.Phonebook.Modified != nil {
				t.Errorf("size and time of a missing file: %+v", r.Phonebook)
			}
			if err := os.Mkdir(path, 0o755); err != nil {
				t.Fatal(err)
			}
			if r := probe(t, p, target); r.Phonebook.State != smbprobe.PhonebookMissing || r.Phonebook.Size != nil {
				t.Errorf("a folder of that name: %+v", r.Phonebook)
			}
			remove(t, path)
			remove(t, filepath.Dir(path))
			check("folder removed", smbprobe.PhonebookFolderMissing, smb.StatusObjectPathNotFound)
		})
	}
}

// bookOf returns a phone book without faults, of that many bytes.
func bookOf(size int) []byte {
	b := smbtest.Phonebook()
	return append(b, bytes.Repeat([]byte("\r\n"), (size-len(b)+1)/2)...)[:size]
}

func remove(t *testing.T, path string) {
	t.Helper()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
}

// TestTooLargeIsNotRead: a file larger than max_size is reported and not read.
func TestTooLargeIsNotRead(t *testing.T) {
	t.Parallel()
	// The second look takes one, or two with its close, and the Windows 2000 place three: Samba is
	// a later Windows.
	for protocol, rounds := range map[string]int{"NT1": 9, "SMB3_11": 14} {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol})
		samba.WritePhonebook(bookOf(1025))
		r := probeOnce(t, direct(samba.Addr(), "phonebook: {max_size: 1KiB}"))
		wantOutcome(t, protocol, book(smbprobe.PhonebookTooLarge), r)
		if r.Phonebook.Size == nil || *r.Phonebook.Size != 1025 || r.Phonebook.Modified == nil || r.Phonebook.Error == "" {
			t.Errorf("%s: %+v", protocol, r.Phonebook)
		}
		if r.RoundTrips != rounds {
			t.Errorf("%s: %d round trips, want %d, without a read", protocol, r.RoundTrips, rounds)
		}
		samba.WritePhonebook(bookOf(1024))
		wantOutcome(t, protocol, allWell(), probeOnce(t, direct(samba.Addr(), "phonebook: {max_size: 1KiB}")))
	}
}

// TestPhonebookAccessDenied: the account reaches the share, but may not read the file.
func TestPhonebookAccessDenied(t *testing.T) {
	t.Parallel()
	for _, protocol := range []string{"NT1", "SMB3_11"} {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{
			MinProtocol: protocol, ExtraShare: []string{"admin users =", "force user = nobody", "acl allow execute always = no"},
		})
		p, target := newProber(t, prober.Options{}), direct(samba.Addr()).target(t)
		wantOutcome(t, "all may read", allWell(), probe(t, p, target))
		if err := os.Chmod(samba.PhonebookPath(), 0o600); err != nil {
			t.Fatal(err)
		}
		r := probe(t, p, target)
		wantOutcome(t, "only the owner may read", book(smbprobe.PhonebookAccessDenied), r)
		if r.Phonebook.Status != smb.StatusAccessDenied {
			t.Errorf("%s, want %s", r.Phonebook.Status, smb.StatusAccessDenied)
		}
	}
}

// lockScript opens the phone book with impacket's client so that no other client can, and
// holds it until its standard input ends.
const lockScript = `
import sys
from impacket.smbconnection import SMBConnection
from impacket.smb import SMB_DIALECT
port, user, password, old = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4] == 'NT1'
c = SMBConnection('127.0.0.1', '127.0.0.1', sess_port=port, preferredDialect=SMB_DIALECT if old else None)
c.login(user, password, 'TESTDOM')
tree = c.connectTree('ADMIN$')
c.openFile(tree, 'System32\\Ras\\rasphone.pbk', desiredAccess=1, shareMode=0)
print('open', flush=True)
sys.stdin.read()
c.close()
`

// lockFile opens the phone book without sharing it. Call release to close it.
func lockFile(t *testing.T, port uint16, protocol string) (release func()) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", lockScript, fmt.Sprint(port),
		smbtest.Username, smbtest.Password, protocol)
	var stderr strings.Builder
	cmd.Stderr = &stderr
	stdin, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	stdout, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("starting impacket's client (apt-get install python3-impacket): %v", err)
	}
	line := make([]byte, len("open\n"))
	if _, err := io.ReadFull(stdout, line); err != nil {
		_ = stdin.Close()
		t.Fatalf("impacket's client did not open the phone book: %v, %v\n%s", err, cmd.Wait(), stderr.String())
	}
	return func() {
		t.Helper()
		if err := stdin.Close(); err != nil {
			t.Errorf("ending impacket's client: %v", err)
		}
		if err := cmd.Wait(); err != nil {
			t.Errorf("impacket's client: %v\n%s", err, stderr.String())
		}
	}
}
