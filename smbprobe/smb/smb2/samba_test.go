package smb2

import (
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestDialects reads the phone book in every dialect and counts what it cost:
// negotiate, two for the login, tree connect, open, read, close, logoff.
func TestDialects(t *testing.T) {
	tests := []struct {
		name    string
		samba   smbtest.SambaOptions
		signing bool
		want    string
		rounds  int
	}{
		{"2.0.2", smbtest.SambaOptions{MinProtocol: "SMB2_02"}, false, "SMB 2.0.2", 8},
		{"2.1", smbtest.SambaOptions{MinProtocol: "SMB2_10"}, true, "SMB 2.1", 8},
		{"3.0", smbtest.SambaOptions{MinProtocol: "SMB3_00"}, false, "SMB 3.0", 8},
		{"3.0.2, signed", smbtest.SambaOptions{MinProtocol: "SMB3_02", SigningMandatory: true}, false, "SMB 3.0.2", 8},
		{"3.1.1, signed", smbtest.SambaOptions{MinProtocol: "SMB3_11", SigningMandatory: true}, true, "SMB 3.1.1", 8},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			samba := startSamba(t, tt.samba)
			modified := time.Date(1998, 7, 6, 5, 4, 3, 0, time.UTC)
			if err := os.Chtimes(samba.PhonebookPath(), modified, modified); err != nil {
				t.Fatal(err)
			}
			rounds := new(smb.Rounds)
			var told []smb.ServerInfo
			before := time.Now()
			s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{
				RequireSigning: tt.signing,
				Rounds:         rounds,
				OnNegotiate:    func(info smb.ServerInfo) { told = append(told, info) },
			})
			after := time.Now()
			if len(told) == 0 || told[0].Dialect != tt.want {
				t.Errorf("OnNegotiate told %+v, want %s first", told, tt.want)
			}
			info := s.Server()
			if age := info.TimeSeenAt.Sub(info.Time).Abs(); age > 2*time.Second {
				t.Errorf("server's clock %v seen at %v", info.Time, info.TimeSeenAt)
			}
			if info.TimeSeenAt.Before(before) || info.TimeSeenAt.After(after) {
				t.Errorf("seen at %v, not between %v and %v", info.TimeSeenAt, before, after)
			}
			info.Time, info.TimeSeenAt = time.Time{}, time.Time{}
			want := smb.ServerInfo{OS: "Windows 6.1", NetBIOSName: samba.NetBIOSName(), Domain: samba.NetBIOSName(), Dialect: tt.want, Signed: true}
			if diff := cmp.Diff(want, info); diff != "" {
				t.Errorf("Server (-want +got):\n%s", diff)
			}

			file, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), smbtest.PhonebookName)
			if err != nil {
				t.Fatalf("Open: %v", err)
			}
			wantInfo := smb.FileInfo{Size: int64(len(smbtest.Phonebook())), Modified: modified}
			if diff := cmp.Diff(wantInfo, file.Info()); diff != "" {
				t.Errorf("Info (-want +got):\n%s", diff)
			}
			data, err := file.ReadAll(testContext(t))
			if err != nil {
				t.Fatalf("ReadAll: %v", err)
			}
			if diff := cmp.Diff(smbtest.Phonebook(), data); diff != "" {
				t.Errorf("ReadAll (-want +got):\n%s", diff)
			}
			if err := file.Close(testContext(t)); err != nil {
				t.Errorf("Close of the file: %v", err)
			}
			if err := s.Close(testContext(t)); err != nil {
				t.Errorf("Close: %v", err)
			}
			if got := rounds.Count(); got != tt.rounds {
				t.Errorf("%d round trips, want %d", got, tt.rounds)
			}
		})
	}
}

// TestMissing tells a missing file from a missing folder by the status.
func TestMissing(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	tree := mustConnect(t, s, "ADMIN$")
	for path, want := range map[string]smb.Status{
		`System32\Ras\missing.pbk`:  smb.StatusObjectNameNotFound,
		`System32\None\missing.pbk`: smb.StatusObjectPathNotFound,
		`missing.pbk`:               smb.StatusObjectNameNotFound,
		`\System32\Ras\missing.pbk`: smb.StatusObjectNameNotFound,
	} {
		_, err := tree.Open(testContext(t), path)
		wantErr := &smb.Error{Op: "open " + strings.TrimLeft(path, `\`), Status: want}
		if diff := cmp.Diff(error(wantErr).Error(), errorText(err)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", path, diff)
		}
	}
	if _, err := s.Connect(testContext(t), "NONE$"); smb.StatusOf(err) != smb.StatusBadNetworkName {
		t.Errorf("missing share: %v", err)
	}
	file, err := tree.Open(testContext(t), `System32\Ras`)
	if err != nil {
		t.Fatalf("opening a folder: %v", err)
	}
	if !file.Info().Directory {
		t.Errorf("a folder that is not a directory: %+v", file.Info())
	}
}

// TestEncryptionRequired has servers that want all sessions encrypted, or one
// share. The other shares of such a server stay usable.
func TestEncryptionRequired(t *testing.T) {
	for _, protocol := range []string{"SMB3_00", "SMB3_02", "SMB3_11"} {
		for _, signing := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, signing %t", protocol, signing), func(t *testing.T) {
				all := startSamba(t, smbtest.SambaOptions{MinProtocol: protocol, Encrypt: true, SigningMandatory: signing})
				_, err := login(testContext(t), dialTCP(t, all.Addr()), all.Credentials(), Options{})
				if !errors.Is(err, smb.ErrEncryptionRequired) || errors.Is(err, smb.ErrProtocol) {
					t.Errorf("Login: %v, want %v", err, smb.ErrEncryptionRequired)
				}

				one := startSamba(t, smbtest.SambaOptions{MinProtocol: protocol, SigningMandatory: signing,
					ExtraShare: []string{"smb encrypt = required"}})
				s := mustLogin(t, dialTCP(t, one.Addr()), one.Credentials(), Options{RequireSigning: signing})
				if _, err := s.Connect(testContext(t), "ADMIN$"); !errors.Is(err, smb.ErrEncryptionRequired) {
					t.Errorf("Connect: %v, want %v", err, smb.ErrEncryptionRequired)
				}
				if _, err := mustOpenPipe(t, s, "srvsvc").Transact(testContext(t), bindRequest(t), 4280); err != nil {
					t.Errorf("Transact on IPC$: %v", err)
				}
			})
		}
	}
}

// TestOtherCiphers has a server whose only cipher go-smb2 does not know.
func TestOtherCiphers(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{MinProtocol: "SMB3_11", Extra: []string{"server smb3 encryption algorithms = AES-256-GCM"}})
	_, err := login(testContext(t), dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	if !errors.Is(err, smb.ErrNotOffered) {
		t.Errorf("Login: %v, want %v", err, smb.ErrNotOffered)
	}
	if got := samba.Logins(); got != 0 {
		t.Errorf("%d logins, want 0", got)
	}
}

func errorText(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func TestRefusals(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{ExtraShare: []string{"read only = yes"}})
	s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	tree := mustConnect(t, s, "ADMIN$")
	// To write is refused: a CREATE with STATUS_ACCESS_DENIED.
	if _, err := tree.open(testContext(t), "open", smbtest.PhonebookName, os.O_RDWR); smb.StatusOf(err) != smb.StatusAccessDenied {
		t.Errorf("opening a read-only file to write: %v", err)
	}
	samba.DenyShare()
	second := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	if _, err := second.Connect(testContext(t), "ADMIN$"); smb.StatusOf(err) != smb.StatusAccessDenied {
		t.Errorf("a share for others: %v", err)
	}
	samba.LimitShare(1)
	third := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	if _, err := third.Connect(testContext(t), "ADMIN$"); smb.StatusOf(err) != smb.StatusInsufficientResources {
		t.Errorf("a share that is full: %v", err)
	}
}

func TestWrongPassword(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	creds := samba.Credentials()
	creds.Password = secret.New("wrong")
	var told smb.ServerInfo
	_, err := login(testContext(t), dialTCP(t, samba.Addr()), creds, Options{
		OnNegotiate: func(info smb.ServerInfo) { told = info },
	})
	want := &smb.Error{Op: "session setup", Status: smb.StatusLogonFailure}
	if diff := cmp.Diff(want.Error(), errorText(err)); diff != "" {
		t.Errorf("Login (-want +got):\n%s", diff)
	}
	if told.Dialect != "SMB 3.1.1" || told.NetBIOSName != samba.NetBIOSName() {
		t.Errorf("of a server that refused the login: %+v", told)
	}
	if got := samba.Logins(); got != 1 {
		t.Errorf("%d logins, want 1", got)
	}
}

func TestGuest(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{MapToGuest: "Bad User"})
	creds := samba.Credentials()
	creds.Username = "stranger"
	_, err := login(testContext(t), dialTCP(t, samba.Addr()), creds, Options{})
	if !errors.Is(err, smb.ErrGuest) {
		t.Errorf("Login: %v, want %v", err, smb.ErrGuest)
	}
}

func TestNoUsername(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	if _, err := login(testContext(t), dialTCP(t, samba.Addr()), smb.Credentials{}, Options{}); err == nil {
		t.Error("a login without a name")
	}
	if got := samba.Logins(); got != 0 {
		t.Errorf("%d logins, want 0", got)
	}
}

// TestLargeFile reads more than one chunk, and a file that got shorter.
func TestLargeFile(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	want := make([]byte, 3*chunkSize+17)
	for i := range want {
		want[i] = byte(i * 7 >> 3)
	}
	samba.WritePhonebook(want)
	s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	file, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), smbtest.PhonebookName)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	got, err := file.ReadAll(testContext(t))
	if err != nil || !cmp.Equal(want, got) {
		t.Errorf("ReadAll: %d bytes, %v; want %d", len(got), err, len(want))
	}
	samba.WritePhonebook(want[:chunkSize+5])
	got, err = file.ReadAll(testContext(t))
	if !errors.Is(err, io.ErrUnexpectedEOF) || !cmp.Equal(want[:chunkSize+5], got) {
		t.Errorf("ReadAll of a shorter file: %d bytes, %v; want %d and %v", len(got), err, chunkSize+5, io.ErrUnexpectedEOF)
	}
	if err := os.Truncate(samba.PhonebookPath(), 0); err != nil {
		t.Fatal(err)
	}
	got, err = file.ReadAll(testContext(t))
	if !errors.Is(err, io.ErrUnexpectedEOF) || len(got) != 0 {
		t.Errorf("ReadAll of an emptied file: %d bytes, %v", len(got), err)
	}
}

// TestAfterClose finds every call refused, and a second Close harmless.
func TestAfterClose(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	file, err := mustConnect(t, s, "ADMIN$").Open(testContext(t), smbtest.PhonebookName)
	if err != nil {
		t.Fatalf("Open: %v", err)
	}
	if err := s.Close(testContext(t)); err != nil {
		t.Errorf("Close: %v", err)
	}
	if _, err := file.ReadAll(testContext(t)); !errors.Is(err, errClosed) {
		t.Errorf("ReadAll after Close: %v", err)
	}
	if err := file.Close(testContext(t)); err != nil {
		t.Errorf("Close of the file after Close: %v", err)
	}
	if _, err := s.Connect(testContext(t), "ADMIN$"); !errors.Is(err, errClosed) {
		t.Errorf("Connect after Close: %v", err)
	}
}

// TestConcurrent uses a session from several goroutines at once, as a probe does.
func TestConcurrent(t *testing.T) {
	for _, signing := range []bool{false, true} {
		samba := startSamba(t, smbtest.SambaOptions{SigningMandatory: signing})
		rounds := new(smb.Rounds)
		s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{Rounds: rounds})
		tree := mustConnect(t, s, "ADMIN$")
		before := rounds.Count()
		var readers sync.WaitGroup
		for range 8 {
			readers.Go(func() {
				file, err := tree.Open(testContext(t), smbtest.PhonebookName)
				if err != nil {
					t.Errorf("signing %t: Open: %v", signing, err)
					return
				}
				data, err := file.ReadAll(testContext(t))
				if err != nil || !cmp.Equal(smbtest.Phonebook(), data) {
					t.Errorf("signing %t: ReadAll: %d bytes, %v", signing, len(data), err)
				}
				if err := file.Close(testContext(t)); err != nil {
					t.Errorf("signing %t: Close: %v", signing, err)
				}
			})
		}
		readers.Wait()
		if got := rounds.Count() - before; got < 2 {
			t.Errorf("signing %t: %d round trips for an open and a read", signing, got)
		}
	}
}
