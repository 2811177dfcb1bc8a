package smb1_test

import (
	"context"
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
)

// onTree logs in and connects to ADMIN$.
func onTree(t *testing.T, port uint16, creds smb.Credentials) (smb.Tree, *smb.Rounds) {
	t.Helper()
	client, rounds := negotiate(t, port, "", smb1.Options{})
	session, err := client.Login(t.Context(), creds, "ADMIN$")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithTimeout(context.Background(), 30*time.Second)
		defer cancel()
		if err := session.Close(ctx); err != nil {
			t.Error(err)
		}
	})
	tree, err := session.Connect(t.Context(), "ADMIN$")
	if err != nil {
		t.Fatal(err)
	}
	return tree, rounds
}

// wantStat asks for a file, which costs one round trip.
func wantStat(t *testing.T, tree smb.Tree, rounds *smb.Rounds, path string, want smb.FileInfo, status smb.Status) {
	t.Helper()
	before := rounds.Count()
	info, err := tree.Stat(t.Context(), path)
	if smb.StatusOf(err) != status || (err != nil) != (status != smb.StatusOK) {
		t.Errorf("%s: %v, want %s", path, err, status)
	}
	if info.Directory {
		info.Size, info.Modified = 0, time.Time{} // of no meaning
	}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
	if got := rounds.Count() - before; got != 1 {
		t.Errorf("%s: %d round trips, want 1", path, got)
	}
}

// setModified gives a file this time of the last write.
func setModified(t *testing.T, path string) time.Time {
	t.Helper()
	modified := time.Date(1998, 7, 6, 5, 4, 3, 0, time.UTC)
	if err := os.Chtimes(path, modified, modified); err != nil {
		t.Fatal(err)
	}
	return modified
}

func TestStatOnSamba(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	book := smb.FileInfo{Size: int64(len(smbtest.Phonebook())), Modified: setModified(t, samba.PhonebookPath())}
	tree, rounds := onTree(t, samba.Port(), samba.Credentials())
	wantStat(t, tree, rounds, phonebookPath, book, smb.StatusOK)
	wantStat(t, tree, rounds, `System32\Ras`, smb.FileInfo{Directory: true}, smb.StatusOK)
	wantStat(t, tree, rounds, `System32\Ras\nothing.pbk`, smb.FileInfo{}, smb.StatusObjectNameNotFound)
	wantStat(t, tree, rounds, `System32\Nowhere\x.pbk`, smb.FileInfo{}, smb.StatusObjectPathNotFound)

	samba.HoldFile(phonebookPath)
	if _, err := tree.Open(t.Context(), phonebookPath); smb.StatusOf(err) != smb.StatusSharingViolation {
		t.Errorf("a file that is held can be read, so that this test proves nothing: %v", err)
	}
	wantStat(t, tree, rounds, phonebookPath, book, smb.StatusOK)
}

func TestStatOnImpacket(t *testing.T) {
	server := smbtest.StartImpacket(t, smbtest.ImpacketOptions{})
	book := smb.FileInfo{Size: int64(len(smbtest.Phonebook())), Modified: setModified(t, server.PhonebookPath())}
	tree, rounds := onTree(t, server.Port(), server.Credentials())
	wantStat(t, tree, rounds, phonebookPath, book, smb.StatusOK)
	wantStat(t, tree, rounds, `System32\Ras`, smb.FileInfo{Directory: true}, smb.StatusOK)
	wantStat(t, tree, rounds, `System32\Ras\nothing.pbk`, smb.FileInfo{}, smb.StatusNoSuchFile)
}

func TestStatOnScriptedServer(t *testing.T) {
	script := peer.Healthy(smbtest.Phonebook())
	book := smb.FileInfo{Size: int64(len(smbtest.Phonebook())), Modified: script.Files[peer.PhonebookPath].Modified}
	script.Files["locked"] = peer.File{OpenStatus: peer.Status(smb.StatusSharingViolation), Content: []byte("12345")}
	script.Files["denied"] = peer.File{OpenStatus: peer.Status(smb.StatusAccessDenied)}
	script.Files["busy"] = peer.File{OpenStatus: peer.Status(smb.StatusPipeNotAvailable), OpenRefusals: 2, Pipe: true}
	script.Files["folder"] = peer.File{Directory: true}
	server := peer.Start(t, script)
	tree, rounds := onTree(t, server.Port(), smb.Credentials{Username: "probe"})
	wantStat(t, tree, rounds, phonebookPath, book, smb.StatusOK)
	wantStat(t, tree, rounds, "locked", smb.FileInfo{Size: 5}, smb.StatusOK)
	wantStat(t, tree, rounds, "denied", smb.FileInfo{}, smb.StatusAccessDenied)
	wantStat(t, tree, rounds, "folder", smb.FileInfo{Directory: true}, smb.StatusOK)
	wantStat(t, tree, rounds, "nothing", smb.FileInfo{}, smb.StatusObjectNameNotFound)
	if _, err := tree.Open(t.Context(), "locked"); smb.StatusOf(err) != smb.StatusSharingViolation {
		t.Errorf("reading a file that is held: %v", err)
	}
	for n, want := range []smb.Status{smb.StatusPipeNotAvailable, smb.StatusPipeNotAvailable, smb.StatusOK, smb.StatusOK} {
		if _, err := tree.OpenPipe(t.Context(), "busy"); smb.StatusOf(err) != want || (err == nil) != (want == smb.StatusOK) {
			t.Errorf("open %d of a busy pipe: %v, want %s", n+1, err, want)
		}
	}
}
