package smb1_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/smb1"
)

const phonebookPath = `System32\Ras\rasphone.pbk`

// negotiate connects to a server on loopback and negotiates.
func negotiate(t *testing.T, port uint16, called string, opts smb1.Options) (*smb1.Client, *smb.Rounds) {
	t.Helper()
	rounds := new(smb.Rounds)
	conn, err := new(net.Dialer).DialContext(t.Context(), "tcp", fmt.Sprintf("127.0.0.1:%d", port))
	if err != nil {
		t.Fatal(err)
	}
	round := rounds.Sent()
	rounds.Answered(round)
	if called != "" {
		if err := netbios.RequestSession(t.Context(), conn, called, "PROBE", rounds); err != nil {
			t.Fatal(err)
		}
	}
	opts.Rounds, opts.Trace = rounds, func(e smb.Event) { t.Log(e) }
	opts.ServerName = "EXCH01"
	client, err := smb1.Negotiate(t.Context(), conn, opts)
	if err != nil {
		t.Fatal(err)
	}
	return client, rounds
}

func TestReadFileFromSamba(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	big := bytes.Repeat([]byte("0123456789abcde\n"), 20000)
	for _, test := range []struct {
		name    string
		called  string
		ntlmv1  bool
		content []byte
		rounds  int
	}{
		{"direct, NTLMv2", "", false, smbtest.Phonebook(), 6},
		{"direct, NTLMv1", "", true, smbtest.Phonebook(), 6},
		{"NetBIOS, NTLMv2", "*SMBSERVER", false, smbtest.Phonebook(), 7},
		{"NetBIOS, NTLMv1", "EXCH01", true, smbtest.Phonebook(), 7},
		{"empty file", "", false, nil, 5},
		{"many reads in flight", "", false, big, 6},
	} {
		t.Run(test.name, func(t *testing.T) {
			samba.WritePhonebook(test.content)
			client, rounds := negotiate(t, samba.Port(), test.called, smb1.Options{OfferSMB2: true})
			if offset := time.Since(client.Server().Time); offset.Abs() > time.Minute {
				t.Errorf("the server's clock is %s off", offset)
			}
			creds := samba.Credentials()
			creds.NTLMv1 = test.ntlmv1
			session, err := client.Login(t.Context(), creds, "ADMIN$")
			if err != nil {
				t.Fatal(err)
			}
			tree, err := session.Connect(t.Context(), "ADMIN$")
			if err != nil {
				t.Fatal(err)
			}
			file, err := tree.Open(t.Context(), phonebookPath)
			if err != nil {
				t.Fatal(err)
			}
			data, err := file.ReadAll(t.Context())
			if err != nil || !bytes.Equal(data, test.content) {
				t.Errorf("read %d bytes of %d, %v", len(data), len(test.content), err)
			}
			if file.Info().Size != int64(len(test.content)) || time.Since(file.Info().Modified).Abs() > time.Minute {
				t.Errorf("info %+v", file.Info())
			}
			if err := session.Close(t.Context()); err != nil {
				t.Error(err)
			}
			if rounds.Count() != test.rounds {
				t.Errorf("%d round trips, expected %d", rounds.Count(), test.rounds)
			}
		})
	}
}

// TestReopen: a file that was closed can be opened again on the same session.
func TestReopen(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.WritePhonebook(smbtest.Phonebook())
	client, _ := negotiate(t, samba.Port(), "", smb1.Options{})
	session, err := client.Login(t.Context(), samba.Credentials(), "ADMIN$")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := session.Connect(t.Context(), "ADMIN$")
	if err != nil {
		t.Fatal(err)
	}
	for range 3 {
		file, err := tree.Open(t.Context(), phonebookPath)
		if err != nil {
			t.Fatal(err)
		}
		if data, err := file.ReadAll(t.Context()); err != nil || !bytes.Equal(data, smbtest.Phonebook()) {
			t.Errorf("%q, %v", data, err)
		}
		if err := file.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestRefusalsOfSamba(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	samba.WritePhonebook(smbtest.Phonebook())
	login := func(t *testing.T, password, share string) (*smb1.Session, error) {
		client, _ := negotiate(t, samba.Port(), "", smb1.Options{})
		creds := samba.Credentials()
		if password != "" {
			creds.Password = secret.New(password)
		}
		session, err := client.Login(t.Context(), creds, share)
		if err == nil {
			t.Cleanup(func() { _ = session.Close(context.Background()) })
		}
		return session, err
	}
	t.Run("wrong password", func(t *testing.T) {
		_, err := login(t, "wrong", "ADMIN$")
		if smb.StatusOf(err) != smb.StatusLogonFailure {
			t.Error(err)
		}
	})
	t.Run("no such share, then one that is there", func(t *testing.T) {
		session, err := login(t, "", "NOWHERE")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := session.Connect(t.Context(), "NOWHERE"); smb.StatusOf(err) != smb.StatusBadNetworkName {
			t.Error(err)
		}
		tree, err := session.Connect(t.Context(), "admin$")
		if err != nil {
			t.Fatal(err)
		}
		for path, status := range map[string]smb.Status{
			`System32\Ras\nothing.pbk`: smb.StatusObjectNameNotFound,
			`System32\Nowhere\x.pbk`:   smb.StatusObjectPathNotFound,
			`System32\Ras`:             smb.StatusFileIsADirectory,
		} {
			if _, err := tree.Open(t.Context(), path); smb.StatusOf(err) != status {
				t.Errorf("%s: %v, expected %s", path, err, status)
			}
		}
	})
	t.Run("SMB2 only", func(t *testing.T) {
		samba := smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: "SMB2_02", MaxProtocol: "SMB3_11"})
		conn, err := net.Dial("tcp", samba.Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		rounds := new(smb.Rounds)
		_, err = smb1.Negotiate(t.Context(), conn, smb1.Options{OfferSMB2: true, Rounds: rounds})
		answer, ok := errors.AsType[*smb1.SMB2Answer](err)
		if !ok || answer.Revision != 0x02FF || rounds.Count() != 1 {
			t.Errorf("%v, %d round trips", err, rounds.Count())
		}
	})
}

// TestPipeOnSamba asks the server service of Samba for a bind, in a message
// that fits one answer: what the calls themselves say is package msrpc's.
func TestPipeOnSamba(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	client, _ := negotiate(t, samba.Port(), "", smb1.Options{})
	session, err := client.Login(t.Context(), samba.Credentials(), "IPC$")
	if err != nil {
		t.Fatal(err)
	}
	tree, err := session.Connect(t.Context(), "IPC$")
	if err != nil {
		t.Fatal(err)
	}
	pipe, err := tree.OpenPipe(t.Context(), "srvsvc")
	if err != nil {
		t.Fatal(err)
	}
	bind := []byte("\x05\x00\x0b\x03\x10\x00\x00\x00\x48\x00\x00\x00\x07\x00\x00\x00\xb8\x10\xb8\x10\x00\x00\x00\x00\x01\x00\x00\x00\x00\x00\x01\x00" +
		"\xc8\x4f\x32\x4b\x70\x16\xd3\x01\x12\x78\x5a\x47\xbf\x6e\xe1\x88\x03\x00\x00\x00\x04\x5d\x88\x8a\xeb\x1c\xc9\x11\x9f\xe8\x08\x00\x2b\x10\x48\x60\x02\x00\x00\x00")
	answer, err := pipe.Transact(t.Context(), bind, 4280)
	if err != nil {
		t.Fatal(err)
	}
	const bindAck = 12
	if len(answer) < 16 || answer[2] != bindAck || int(answer[8])|int(answer[9])<<8 != len(answer) {
		t.Errorf("answer % x", answer)
	}
	if err := session.Close(t.Context()); err != nil {
		t.Error(err)
	}
}
