package smb2

import (
	"encoding/hex"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// bindRequest binds to srvsvc 3.0 with transfer syntax NDR 2.0 (C706 12.6.4.3).
func bindRequest(t testing.TB) []byte {
	t.Helper()
	return fromHex(t, "05000b03"+"10000000"+"4800"+"0000"+"01000000"+
		"b810"+"b810"+"00000000"+"01000000"+"0000"+"0100"+
		"c84f324b7016d30112785a47bf6ee188"+"03000000"+
		"045d888aeb1cc9119fe808002b104860"+"02000000")
}

// badCall calls an operation that no interface has, which is answered with a
// fault (C706 12.6.4.7 and 12.6.4.9).
func badCall(t testing.TB) []byte {
	t.Helper()
	return fromHex(t, "05000003"+"10000000"+"1800"+"0000"+"02000000"+"00000000"+"0000"+"ffff")
}

func fromHex(t testing.TB, text string) []byte {
	t.Helper()
	message, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	return message
}

// PTYPE values, C706 12.6.4.
const (
	ptypeFault   = 3
	ptypeBindAck = 12
)

func mustOpenPipe(t testing.TB, s *Session, name string) *Pipe {
	t.Helper()
	pipe, err := mustConnect(t, s, "IPC$").OpenPipe(testContext(t), name)
	if err != nil {
		t.Fatalf("OpenPipe: %v", err)
	}
	return pipe.(*Pipe)
}

func TestTransact(t *testing.T) {
	for _, o := range []smbtest.SambaOptions{{}, {SigningMandatory: true}} {
		samba := startSamba(t, o)
		s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
		pipe := mustOpenPipe(t, s, "srvsvc")
		answer, err := pipe.Transact(testContext(t), bindRequest(t), 4280)
		if err != nil {
			t.Fatalf("%+v: Transact: %v", o, err)
		}
		if len(answer) < 16 || answer[2] != ptypeBindAck {
			t.Errorf("%+v: % X is not a bind_ack", o, answer)
		}
		if _, err := mustConnect(t, s, "IPC$").OpenPipe(testContext(t), "nosuchpipe"); smb.StatusOf(err) != smb.StatusObjectNameNotFound {
			t.Errorf("%+v: a pipe that is not there: %v", o, err)
		}
	}
}

func TestTransactLimit(t *testing.T) {
	samba := startSamba(t, smbtest.SambaOptions{})
	s := mustLogin(t, dialTCP(t, samba.Addr()), samba.Credentials(), Options{})
	pipe := mustOpenPipe(t, s, "srvsvc")
	if answer, err := pipe.Transact(testContext(t), bindRequest(t), 16); err == nil {
		t.Errorf("an answer of %d bytes, with a limit of 16", len(answer))
	}
}

// TestInterimAnswer reads from an empty pipe, which the server answers with an
// unsigned STATUS_PENDING at first, and writes what makes it answer. It does so
// more often than there are credits: none may get lost with an interim answer.
func TestInterimAnswer(t *testing.T) {
	for _, protocol := range []string{"SMB2_02", "SMB2_10", "SMB3_11"} {
		t.Run(protocol, func(t *testing.T) {
			samba := startSamba(t, smbtest.SambaOptions{MinProtocol: protocol, SigningMandatory: true})
			interim := make(chan struct{}, 1)
			nc := &watchedConn{Conn: dialTCP(t, samba.Addr()), onFrame: func(frame []byte) {
				if kindOf(frame) == kindPlain && header(frame).status() == smb.StatusPending && header(frame).command() == cmdRead {
					interim <- struct{}{}
				}
			}}
			s := mustLogin(t, nc, samba.Credentials(), Options{})
			pipe := mustOpenPipe(t, s, "srvsvc")
			if _, err := pipe.Transact(testContext(t), bindRequest(t), 4280); err != nil {
				t.Fatalf("Transact: %v", err)
			}
			for len(interim) > 0 {
				<-interim
			}
			for i := range 300 {
				type result struct {
					message []byte
					err     error
				}
				read := make(chan result, 1)
				go func() {
					message, err := pipe.Read(testContext(t), 4280)
					read <- result{message, err}
				}()
				select {
				case <-interim:
				case r := <-read:
					t.Fatalf("read %d ended without an interim answer: %d bytes, %v", i, len(r.message), r.err)
				}
				if err := pipe.write(testContext(t), badCall(t)); err != nil {
					t.Fatalf("write %d: %v", i, err)
				}
				if r := <-read; r.err != nil || len(r.message) < 16 || r.message[2] != ptypeFault {
					t.Fatalf("read %d: % X, %v", i, r.message, r.err)
				}
			}
		})
	}
}
