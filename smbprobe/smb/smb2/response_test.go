package smb2

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"sync/atomic"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// failingConn fails to write the response to the challenge after some bytes of it.
type failingConn struct {
	net.Conn
	after func(length int) int
}

func (c *failingConn) Write(b []byte) (int, error) {
	if !isResponse(b[transportHeader:]) {
		return c.Conn.Write(b)
	}
	n := c.after(len(b))
	if _, err := c.Conn.Write(b[:n]); err != nil {
		return 0, err
	}
	return n, errors.New("broken by the test")
}

// TestNotSent: a login counts as sent once all of the response to the challenge was written.
func TestNotSent(t *testing.T) {
	t.Parallel()
	refusal := func(request header) []byte { return packet(request, smb.StatusLogonFailure, errorBody()) }
	for _, tt := range []struct {
		name      string
		challenge answerFunc // the answer to the first SESSION_SETUP; nil: an honest one
		response  answerFunc // to the second one; nil: an honest one
		after     func(length int) int
		canceled  bool // before the login

		sent      bool
		responses int32 // that the server received
		want      error
		status    smb.Status
	}{
		{name: "no answer to the first message", challenge: func(header) ([]byte, bool) { return nil, false }, want: smb.ErrConnectionLost},
		{name: "the first message is refused", challenge: func(r header) ([]byte, bool) { return framed(refusal(r)), true }, status: smb.StatusLogonFailure},
		{name: "a guest without a password", challenge: func(r header) ([]byte, bool) {
			return framed(packet(r, smb.StatusOK, setupBody(sessionGuest, nil))), true
		}, want: smb.ErrGuest},
		{name: "a challenge without a session", challenge: func(r header) ([]byte, bool) {
			answer := honestAnswer(r)
			binary.LittleEndian.PutUint64(answer[40:], 0)
			return framed(answer), true
		}, want: smb.ErrProtocol},
		{name: "closed after the challenge", challenge: func(r header) ([]byte, bool) { return framed(honestAnswer(r)), false }, want: smb.ErrConnectionLost},
		{name: "canceled before the login", canceled: true, want: context.Canceled},
		{name: "nothing could be written", after: func(int) int { return 0 }, want: smb.ErrConnectionLost},
		{name: "all but a byte could be written", after: func(length int) int { return length - 1 }, want: smb.ErrConnectionLost},

		{name: "written, and then an error", after: func(length int) int { return length }, sent: true, responses: 1, want: smb.ErrConnectionLost},
		{name: "no answer", response: func(header) ([]byte, bool) { return nil, false }, sent: true, responses: 1, want: smb.ErrConnectionLost},
		{name: "refused", response: func(r header) ([]byte, bool) { return framed(refusal(r)), true }, sent: true, responses: 1, status: smb.StatusLogonFailure},
		{name: "another challenge", response: func(r header) ([]byte, bool) {
			return framed(packet(r, smb.StatusMoreProcessingRequired, setupBody(0, spnegoChallenge()))), true
		}, sent: true, responses: 1, want: smb.ErrProtocol},
		{name: "accepted", sent: true, responses: 1},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			var responses atomic.Int32
			nc := startPeer(t, func(request header) ([]byte, bool) {
				first := request.command() == cmdSessionSetup && request.sessionID() == 0
				if isResponse(request) {
					responses.Add(1)
				}
				switch {
				case first && tt.challenge != nil:
					return tt.challenge(request)
				case isResponse(request) && tt.response != nil:
					return tt.response(request)
				}
				return framed(honestAnswer(request)), true
			})
			if tt.after != nil {
				nc = &failingConn{nc, tt.after}
			}
			err := loginOnce(t, nc, tt.canceled)
			if notSent := errors.Is(err, smb.ErrNotSent); smb.StatusOf(err) != tt.status || tt.want != nil && !errors.Is(err, tt.want) || err != nil && notSent == tt.sent {
				t.Errorf("error %v (not sent: %v), want %v or %s (not sent: %v)", err, notSent, tt.want, tt.status, !tt.sent)
			}
			if got := responses.Load(); got != tt.responses {
				t.Errorf("the server received %d responses, want %d", got, tt.responses)
			}
		})
	}
}

// loginOnce logs in and off.
func loginOnce(t *testing.T, nc net.Conn, canceled bool) error {
	t.Helper()
	client, err := Negotiate(testContext(t), nc, testCreds(), Options{})
	if err != nil {
		return err
	}
	ctx, cancel := context.WithCancel(testContext(t))
	defer cancel()
	if canceled {
		cancel()
	}
	s, err := client.Login(ctx)
	if err != nil {
		client.Close() // it may follow a login that failed
		return err
	}
	return s.Close(testContext(t))
}

// TestClientCloses: a client that does not log in leaves nothing behind, and sends no
// response. The server told its name before.
func TestClientCloses(t *testing.T) {
	t.Parallel()
	var responses atomic.Int32
	nc := startPeer(t, func(request header) ([]byte, bool) {
		if isResponse(request) {
			responses.Add(1)
		}
		return framed(honestAnswer(request)), true
	})
	client, err := Negotiate(testContext(t), nc, testCreds(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	if got := client.Server(); got.Domain != "CORP" || got.NetBIOSName != "EXCH01" || got.Dialect == "" {
		t.Errorf("server %+v", got)
	}
	client.Close()
	client.Close()
	if got := responses.Load(); got != 0 {
		t.Errorf("the server received %d responses, want none", got)
	}
}
