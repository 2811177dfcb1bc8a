package smb2

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"io"
	"net"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestScriptedLogin shows that the peer of the tests below is one that a login
// succeeds with: what fails there fails for the reason that the test names.
func TestScriptedLogin(t *testing.T) {
	nc := startPeer(t, func(request header) ([]byte, bool) { return framed(honestAnswer(request)), true })
	s := mustLogin(t, nc, testCreds(), Options{})
	mustConnect(t, s, "ADMIN$")
	info := s.Server()
	info.TimeSeenAt = info.Time
	want := smb.ServerInfo{
		OS: "Windows 6.1 build 7601", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "SMB 3.0.2",
		Time: fromFiletime(filetimeEpoch + 10_000_000), TimeSeenAt: fromFiletime(filetimeEpoch + 10_000_000),
	}
	if diff := cmp.Diff(want, info); diff != "" {
		t.Errorf("Server (-want +got):\n%s", diff)
	}
}

// TestHostile replaces one answer and says how the login, or the tree connect
// after it, has to end.
func TestHostile(t *testing.T) {
	raw := func(bytes ...byte) func(header) []byte { return func(header) []byte { return bytes } }
	edited := func(edit func(answer []byte)) func(header) []byte {
		return func(request header) []byte {
			answer := honestAnswer(request)
			edit(answer)
			return framed(answer)
		}
	}
	const (
		negotiate = iota
		firstSetup
		secondSetup
		treeConnect
	)
	tests := []struct {
		name    string
		at      int // which answer
		answer  func(request header) []byte
		options Options
		want    error
	}{
		{"nothing", negotiate, raw(), Options{}, smb.ErrConnectionLost},
		{"cut in the transport header", negotiate, raw(0, 0), Options{}, smb.ErrConnectionLost},
		{"cut in the frame", negotiate, raw(0, 0, 0, 80, 0xFE, 'S', 'M', 'B'), Options{}, smb.ErrConnectionLost},
		{"HTTP", negotiate, func(header) []byte { return []byte("HTTP/1.1 400 Bad Request\r\n\r\n") }, Options{}, smb.ErrNotSMB},
		{"16 MiB", negotiate, raw(0, 0xFF, 0xFF, 0xFF), Options{}, smb.ErrNotSMB},
		{"two bytes", negotiate, raw(0, 0, 0, 2, 1, 2), Options{}, smb.ErrNotSMB},
		{"no bytes", negotiate, raw(0, 0, 0, 0), Options{}, smb.ErrNotSMB},
		{"SMB1", negotiate, raw(0, 0, 0, 5, 0xFF, 'S', 'M', 'B', 0x72), Options{}, smb.ErrNotOffered},
		{"a magic number alone", negotiate, raw(0, 0, 0, 4, 0xFE, 'S', 'M', 'B'), Options{}, smb.ErrProtocol},
		{"a dialect that was not offered", negotiate, edited(func(b []byte) { binary.LittleEndian.PutUint16(b[68:], 0x02FF) }), Options{}, smb.ErrProtocol},
		{"reads of 0 bytes", negotiate, edited(func(b []byte) { binary.LittleEndian.PutUint32(b[96:], 0) }), Options{}, smb.ErrProtocol},
		{"no dialect", negotiate, func(h header) []byte { return framed(packet(h, smb.StatusNotSupported, errorBody())) }, Options{}, smb.ErrNotOffered},
		{"another command", negotiate, edited(func(b []byte) { b[12] = byte(cmdTreeConnect); binary.LittleEndian.PutUint16(b[64:], 16) }), Options{}, smb.ErrProtocol},
		{"another MessageId", negotiate, edited(func(b []byte) { b[24]++ }), Options{}, smb.ErrProtocol},
		{"a guest at once", firstSetup, edited(func(b []byte) { b[66] = 1 }), Options{}, smb.ErrGuest},
		{"a guest", secondSetup, edited(func(b []byte) { b[66] = 1 }), Options{}, smb.ErrGuest},
		{"an anonymous session", secondSetup, edited(func(b []byte) { b[66] = 2 }), Options{}, smb.ErrGuest},
		{"a success without a password", firstSetup, edited(func(b []byte) { binary.LittleEndian.PutUint32(b[8:], 0) }), Options{}, smb.ErrProtocol},
		{"a challenge of no mechanism", firstSetup, edited(func(b []byte) { b[bytes.Index(b, ntlmOID())+11] ^= 1 }), Options{}, smb.ErrProtocol},
		{"a challenge cut short", firstSetup, func(h header) []byte {
			return framed(packet(h, smb.StatusMoreProcessingRequired, setupBody(0, spnegoChallenge()[:40])))
		}, Options{}, smb.ErrProtocol},
		{"no challenge", firstSetup, func(h header) []byte {
			return framed(packet(h, smb.StatusMoreProcessingRequired, setupBody(0, nil)))
		}, Options{}, smb.ErrProtocol},
		{"a challenge without end", secondSetup, func(h header) []byte {
			return framed(packet(h, smb.StatusMoreProcessingRequired, setupBody(0, spnegoChallenge())))
		}, Options{}, smb.ErrProtocol},
		{"a compressed frame", treeConnect, raw(0, 0, 0, 8, 0xFC, 'S', 'M', 'B', 0, 0, 0, 0), Options{}, smb.ErrProtocol},
		{"an encrypted frame", treeConnect, func(header) []byte { return framed(encryptedFrame()) }, Options{}, smb.ErrEncryptionRequired},
		{"an encrypted frame before the login", secondSetup, func(header) []byte { return framed(encryptedFrame()) }, Options{}, smb.ErrProtocol},
		{"an encrypted session", secondSetup, edited(func(b []byte) { b[66] = byte(sessionEncrypt) }), Options{}, smb.ErrEncryptionRequired},
		{"an encrypted share", treeConnect, edited(func(b []byte) { b[69] = 0x80 }), Options{}, smb.ErrEncryptionRequired},
		{"a status of the guard's", treeConnect, func(h header) []byte { return framed(packet(h, statusEncryptedShare, errorBody())) }, Options{}, smb.ErrProtocol},
		{"no target information", firstSetup, edited(func(b []byte) { b[bytes.Index(b, []byte("NTLMSSP"))+22] &^= 0x80 }), Options{}, smb.ErrNotOffered},
		{"nothing, later", treeConnect, raw(), Options{}, smb.ErrConnectionLost},
		{"two bytes, later", treeConnect, raw(0, 0, 0, 2, 1, 2), Options{}, smb.ErrProtocol},
		{"NextCommand inside the header", treeConnect, edited(func(b []byte) { b[20] = 8 }), Options{}, smb.ErrProtocol},
		{"NextCommand behind the end", treeConnect, edited(func(b []byte) { b[21] = 1 }), Options{}, smb.ErrProtocol},
		{"another session", treeConnect, edited(func(b []byte) { b[40]++ }), Options{}, smb.ErrProtocol},
		{"an answer twice", firstSetup, func(h header) []byte {
			answer := framed(honestAnswer(h))
			return append(answer, answer...)
		}, Options{}, smb.ErrProtocol},
		{"no signature", treeConnect, edited(func([]byte) {}), Options{RequireSigning: true}, smb.ErrSigning},
		{"a wrong signature", treeConnect, edited(func(b []byte) { b[16] |= byte(flagSigned) }), Options{}, smb.ErrSigning},
		{"a wrong signature, required", treeConnect, edited(func(b []byte) { b[16] |= byte(flagSigned) }), Options{RequireSigning: true}, smb.ErrSigning},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			count := 0
			nc := startPeer(t, func(request header) ([]byte, bool) {
				count++
				if count-1 == tt.at {
					return tt.answer(request), !errors.Is(tt.want, smb.ErrConnectionLost)
				}
				return framed(honestAnswer(request)), true
			})
			err := loginAndConnect(t, nc, tt.options)
			if !errors.Is(err, tt.want) {
				t.Errorf("got %v, want %v", err, tt.want)
			}
			if reason := new(smb.Error); !errors.As(err, &reason) || reason.Op == "" {
				t.Errorf("%v does not say what was tried", err)
			}
		})
	}
}

// loginAndConnect returns the first error of the two.
func loginAndConnect(t *testing.T, nc net.Conn, options Options) error {
	t.Helper()
	ctx := testContext(t)
	s, err := login(ctx, nc, testCreds(), options)
	if err != nil {
		return err
	}
	_, err = s.Connect(ctx, "ADMIN$")
	if closing := s.Close(ctx); closing != nil && !errors.Is(closing, smb.ErrConnectionLost) {
		t.Errorf("Close: %v", closing)
	}
	return err
}

// TestLastWord closes the connection right behind an answer: it is the answer
// that counts.
func TestLastWord(t *testing.T) {
	signed := func(h header) []byte {
		answer := honestAnswer(h)
		answer[16] |= byte(flagSigned)
		return answer
	}
	tests := []struct {
		name   string
		at     uint16
		answer func(h header) []byte
		want   error
		status smb.Status
	}{
		{"no dialect", cmdNegotiate, func(h header) []byte { return packet(h, smb.StatusNotSupported, errorBody()) }, smb.ErrNotOffered, smb.StatusNotSupported},
		{"login refused", cmdSessionSetup, func(h header) []byte { return packet(h, smb.StatusLogonFailure, errorBody()) }, nil, smb.StatusLogonFailure},
		{"share refused", cmdTreeConnect, func(h header) []byte { return packet(h, smb.StatusAccessDenied, errorBody()) }, nil, smb.StatusAccessDenied},
		{"wrong signature", cmdTreeConnect, signed, smb.ErrSigning, smb.StatusOK},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for range 50 {
				nc := startPeer(t, func(request header) ([]byte, bool) {
					if request.command() == tt.at {
						return framed(tt.answer(request)), false
					}
					return framed(honestAnswer(request)), true
				})
				err := loginAndConnect(t, nc, Options{})
				if smb.StatusOf(err) != tt.status || !errors.Is(err, tt.want) && tt.want != nil {
					t.Fatalf("got %v, want %v, %v", err, tt.want, tt.status)
				}
			}
		})
	}
}

// TestKeepAlive finds NetBIOS keep-alives and unsolicited packets ignored,
// wherever they come, and chained answers taken apart.
func TestKeepAlive(t *testing.T) {
	nc := startPeer(t, func(request header) ([]byte, bool) {
		notice := packet(request, smb.StatusOK, nil)
		binary.LittleEndian.PutUint16(notice[12:], cmdOplockBreak)
		binary.LittleEndian.PutUint64(notice[24:], unsolicited)
		binary.LittleEndian.PutUint64(notice[40:], 0)
		raw := append([]byte{transportKeepAlive, 0, 0, 0}, framed(notice)...)
		if request.command() == cmdTreeConnect || request.command() == cmdLogoff {
			binary.LittleEndian.PutUint32(notice[20:], headerSize)
			return append(raw, framed(append(notice, honestAnswer(request)...))...), true
		}
		return append(raw, framed(honestAnswer(request))...), true
	})
	s := mustLogin(t, nc, testCreds(), Options{})
	mustConnect(t, s, "ADMIN$")
	if err := s.Close(testContext(t)); err != nil {
		t.Errorf("Close: %v", err)
	}
}

// TestContextEnds ends the context while the server is silent.
func TestContextEnds(t *testing.T) {
	for _, silentAt := range []uint16{cmdNegotiate, cmdSessionSetup, cmdTreeConnect, cmdLogoff} {
		ctx, cancel := context.WithCancel(t.Context())
		nc := startPeer(t, func(request header) ([]byte, bool) {
			if request.command() == silentAt {
				cancel()
				return nil, true
			}
			return framed(honestAnswer(request)), true
		})
		s, err := login(ctx, nc, testCreds(), Options{})
		if err == nil {
			if _, err = s.Connect(ctx, "ADMIN$"); err == nil {
				err = s.Close(ctx)
			}
			if again := s.Close(context.Background()); again != nil {
				t.Errorf("silent at 0x%02X: Close: %v", silentAt, again)
			}
		}
		if !errors.Is(err, context.Canceled) {
			t.Errorf("silent at 0x%02X: %v, want %v", silentAt, err, context.Canceled)
		}
		cancel()
	}
}

// TestContextEndedBefore sends nothing, and leaves the session as it was.
func TestContextEndedBefore(t *testing.T) {
	nc := startPeer(t, func(request header) ([]byte, bool) { return framed(honestAnswer(request)), true })
	s := mustLogin(t, nc, testCreds(), Options{})
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Connect(ended, "ADMIN$"); !errors.Is(err, context.Canceled) {
		t.Errorf("Connect: %v, want %v", err, context.Canceled)
	}
	mustConnect(t, s, "ADMIN$")
}

// TestNoCredits has one credit and two opens: the one that waits for a credit
// waits no longer than its context.
func TestNoCredits(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var creates atomic.Int32
	nc := startPeer(t, func(request header) ([]byte, bool) {
		if request.command() == cmdCreate {
			creates.Add(1)
			cancel()
			return nil, true
		}
		answer := honestAnswer(request)
		binary.LittleEndian.PutUint16(answer[14:], 0)
		return framed(answer), true
	})
	s, err := login(ctx, nc, testCreds(), Options{})
	if err != nil {
		t.Fatalf("Login: %v", err)
	}
	tree := mustConnect(t, s, "ADMIN$")
	var opens sync.WaitGroup
	for range 2 {
		opens.Go(func() {
			if _, err := tree.Open(ctx, "rasphone.pbk"); !errors.Is(err, context.Canceled) {
				t.Errorf("Open: %v, want %v", err, context.Canceled)
			}
		})
	}
	opens.Wait()
	if got := creates.Load(); got != 1 {
		t.Errorf("%d requests with one credit", got)
	}
	if err := s.Close(t.Context()); err != nil {
		t.Errorf("Close: %v", err)
	}
}

func TestProtect(t *testing.T) {
	err := protect(func() error {
		none := make([]byte, 0, 1)
		_ = none[len(none)+cap(none)]
		return io.EOF
	})
	if !errors.Is(err, smb.ErrProtocol) || !isPanic(err) {
		t.Errorf("a panic became %v", err)
	}
	if err := protect(func() error { return io.EOF }); !errors.Is(err, io.EOF) {
		t.Errorf("an error became %v", err)
	}
}
