package smb2

import (
	"encoding/binary"
	"errors"
	"os"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestStatOnSamba(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	modified := time.Date(1998, 7, 6, 5, 4, 3, 0, time.UTC)
	if err := os.Chtimes(samba.PhonebookPath(), modified, modified); err != nil {
		t.Fatal(err)
	}
	rounds := new(smb.Rounds)
	s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{Rounds: rounds})
	tree := mustConnect(t, s, "ADMIN$")
	book := smb.FileInfo{Size: int64(len(smbtest.Phonebook())), Modified: modified}
	check := func(path string, want smb.FileInfo, status smb.Status, mostRounds int) {
		t.Helper()
		before := rounds.Count()
		info, err := tree.Stat(testContext(t), path)
		if smb.StatusOf(err) != status || (err != nil) != (status != smb.StatusOK) {
			t.Errorf("%s: %v, want %s", path, err, status)
		}
		if info.Directory {
			info.Size, info.Modified = 0, time.Time{} // of no meaning
		}
		if diff := cmp.Diff(want, info); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
		if got := rounds.Count() - before; got < 1 || got > mostRounds {
			t.Errorf("%s: %d round trips, want at most %d", path, got, mostRounds)
		}
	}
	check(smbtest.PhonebookName, book, smb.StatusOK, 2)
	check(`\`+smbtest.PhonebookName, book, smb.StatusOK, 2)
	check(`System32\Ras`, smb.FileInfo{Directory: true}, smb.StatusOK, 2)
	check(`System32\Ras\missing.pbk`, smb.FileInfo{}, smb.StatusObjectNameNotFound, 1)
	check(`System32\None\missing.pbk`, smb.FileInfo{}, smb.StatusObjectPathNotFound, 1)

	samba.HoldFile(smbtest.PhonebookName)
	if _, err := tree.Open(testContext(t), smbtest.PhonebookName); smb.StatusOf(err) != smb.StatusSharingViolation {
		t.Errorf("a file that is held can be read, so that this test proves nothing: %v", err)
	}
	check(smbtest.PhonebookName, book, smb.StatusOK, 2)
}

// TestStatRequest: the open asks for the attributes alone, without an oplock, and takes a
// folder ([MS-SMB2] 2.2.13); the file is closed again.
func TestStatRequest(t *testing.T) {
	var mu sync.Mutex
	var commands []uint16
	var create []byte
	nc := startPeer(t, func(request header) ([]byte, bool) {
		mu.Lock()
		defer mu.Unlock()
		commands = append(commands, request.command())
		if request.command() == cmdCreate {
			create = request.body()
		}
		return framed(fileAnswer(request)), true
	})
	s := mustLogin(t, nc, testCreds(), Options{})
	info, err := mustConnect(t, s, "ADMIN$").Stat(testContext(t), "hello.txt")
	if err != nil || info.Size != 5 {
		t.Fatalf("Stat: %+v, %v", info, err)
	}
	mu.Lock()
	defer mu.Unlock()
	want := []uint16{cmdNegotiate, cmdSessionSetup, cmdSessionSetup, cmdTreeConnect, cmdCreate, cmdClose}
	if diff := cmp.Diff(want, commands); diff != "" {
		t.Errorf("commands (-want +got):\n%s", diff)
	}
	type fields struct {
		Oplock                                     byte
		DesiredAccess, Share, Disposition, Options uint32
	}
	u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(create[at:]) }
	got := fields{create[3], u32(24), u32(32), u32(36), u32(40)}
	if diff := cmp.Diff(fields{DesiredAccess: 0x80, Share: 0x3, Disposition: 1}, got); diff != "" {
		t.Errorf("open (-want +got):\n%s", diff)
	}
}

// TestStatAnswers: what a server may say, symbolic links included.
func TestStatAnswers(t *testing.T) {
	created := func(edit func(body []byte)) func(header) []byte {
		return func(request header) []byte { return packet(request, smb.StatusOK, with(sized(89, 88), edit)) }
	}
	refused := func(status smb.Status) func(header) []byte {
		return func(request header) []byte { return packet(request, status, errorBody()) }
	}
	linkTo := func(target string) func(header) []byte {
		return func(request header) []byte {
			_, r, _ := parseRequest(request)
			if r.name == target {
				return created(func(b []byte) {
					b[48] = 5
					binary.LittleEndian.PutUint64(b[24:], filetimeEpoch+10_000_000)
				})(request)
			}
			return packet(request, statusStoppedOnSymlink, symlinkBody(target))
		}
	}
	tests := []struct {
		name        string
		create      func(request header) []byte
		closeStatus smb.Status
		want        smb.FileInfo
		status      smb.Status
		err         error
		over        bool // the connection is given up
	}{
		{name: "a folder", create: created(func(b []byte) { b[56] = 0x10 }), want: smb.FileInfo{Directory: true}},
		{name: "a time beyond all bounds", create: created(func(b []byte) { binary.LittleEndian.PutUint64(b[24:], 1<<64-1) })},
		{name: "a size below zero", create: created(func(b []byte) { b[55] = 0x80 }), err: smb.ErrProtocol},
		{name: "access denied", create: refused(smb.StatusAccessDenied), status: smb.StatusAccessDenied},
		{name: "folder missing", create: refused(smb.StatusObjectPathNotFound), status: smb.StatusObjectPathNotFound},
		{name: "link", create: linkTo("target.evt"), want: smb.FileInfo{Size: 5, Modified: time.Unix(1, 0).UTC()}},
		{name: "link with a broken description", create: func(request header) []byte {
			return packet(request, statusStoppedOnSymlink, with(symlinkBody("target.evt"), func(b []byte) { b[8]++ }))
		}, err: smb.ErrProtocol},
		{name: "cut short", create: func(request header) []byte { return packet(request, smb.StatusOK, sized(89, 80)) },
			err: smb.ErrProtocol, over: true},
		{name: "close refused", create: created(func([]byte) {}), closeStatus: smb.StatusFileClosed,
			status: smb.StatusFileClosed, over: true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			nc := startPeer(t, func(request header) ([]byte, bool) {
				switch {
				case request.command() == cmdCreate:
					return framed(tt.create(request)), true
				case request.command() == cmdClose && tt.closeStatus != smb.StatusOK:
					return framed(packet(request, tt.closeStatus, errorBody())), true
				}
				return framed(fileAnswer(request)), true
			})
			s := mustLogin(t, nc, testCreds(), Options{})
			info, err := mustConnect(t, s, "ADMIN$").Stat(testContext(t), "App.Evt")
			if smb.StatusOf(err) != tt.status || tt.err != nil && !errors.Is(err, tt.err) ||
				tt.err == nil && tt.status == smb.StatusOK && err != nil {
				t.Errorf("Stat: %v, want %v, %s", err, tt.err, tt.status)
			}
			if isPanic(err) {
				t.Errorf("Stat: %v", err)
			}
			if diff := cmp.Diff(tt.want, info); diff != "" {
				t.Errorf("Stat (-want +got):\n%s", diff)
			}
			if over := s.g.failed() != nil; over != tt.over {
				t.Errorf("the connection is given up: %t, want %t", over, tt.over)
			}
		})
	}
}
