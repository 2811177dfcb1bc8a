package netbios

import (
	"context"
	"errors"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// capturedRequest is the request that a Windows host sent to a Windows 2000 server.
const capturedRequest = "\x81\x00\x00\x44" +
	"\x20CKFDENECFDEFFCFGEFFCCACACACACACA\x00" +
	"\x20EIEBFIEPFCCNDHDGECEGDEECDBEDEFAA\x00"

// requestFrom runs RequestSession against a peer that reads the request, answers
// and closes. It returns the request that the peer got.
func requestFrom(t *testing.T, answer string, rounds *smb.Rounds) (request string, err error) {
	t.Helper()
	client, server := net.Pipe()
	done := make(chan string)
	go func() {
		defer close(done)
		defer server.Close()
		b := make([]byte, len(capturedRequest))
		n, err := io.ReadFull(server, b)
		if err != nil {
			t.Errorf("the request ended after %d bytes: %v", n, err)
			return
		}
		_, _ = io.WriteString(server, answer) // the client may leave early
		_ = server.Close()
		done <- string(b)
	}()
	err = RequestSession(t.Context(), client, "*SMBSERVER", "HAXOR-76BF4B1CE", rounds)
	_ = client.Close()
	return <-done, err
}

func TestRequestSession(t *testing.T) {
	tests := map[string]struct {
		answer string
		want   error
		rounds int
	}{
		"positive":                  {"\x82\x00\x00\x00", nil, 1},
		"positive and more behind":  {"\x82\x00\x00\x00\x00\x00\x00\x01a", nil, 1},
		"keep-alives first":         {keepAlive + keepAlive + "\x82\x00\x00\x00", nil, 1},
		"too many keep-alives":      {strings.Repeat(keepAlive, 1001), smb.ErrProtocol, 0},
		"positive with a length":    {"\x82\x00\x00\x01\x00", smb.ErrProtocol, 1},
		"negative without a code":   {"\x83\x00\x00\x00", smb.ErrProtocol, 1},
		"negative with 17th bit":    {"\x83\x01\x00\x01\x82", smb.ErrProtocol, 1},
		"retarget too short":        {"\x84\x00\x00\x04\x0a\x01\x02\x03", smb.ErrProtocol, 1},
		"retarget to port 0":        {"\x84\x00\x00\x06\x0a\x01\x02\x03\x00\x00", smb.ErrProtocol, 1},
		"retarget to 0.0.0.0":       {"\x84\x00\x00\x06\x00\x00\x00\x00\x00\x8b", smb.ErrProtocol, 1},
		"a message":                 {"\x00\x00\x00\x04\xFFSMB", smb.ErrProtocol, 1},
		"the request itself":        {capturedRequest, smb.ErrProtocol, 1},
		"HTTP":                      {"HTTP/1.1 400 Bad Request\r\n", smb.ErrNotSMB, 1},
		"SSH":                       {"SSH-2.0-OpenSSH\r\n", smb.ErrNotSMB, 1},
		"next type behind the last": {"\x86\x00\x00\x00", smb.ErrNotSMB, 1},
		"closed":                    {"", smb.ErrConnectionLost, 0},
		"closed after keep-alive":   {keepAlive, smb.ErrConnectionLost, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			var rounds smb.Rounds
			request, err := requestFrom(t, tt.answer, &rounds)
			if !errors.Is(err, tt.want) {
				t.Errorf("error %v, want %v", err, tt.want)
			}
			if diff := cmp.Diff(capturedRequest, request); diff != "" {
				t.Errorf("request (-want +got):\n%s", diff)
			}
			if got := rounds.Count(); got != tt.rounds {
				t.Errorf("%d round trips, want %d", got, tt.rounds)
			}
		})
	}
}

func TestRequestSessionRefused(t *testing.T) {
	for _, code := range []byte{0x80, 0x81, 0x82, 0x83, 0x8F, 0x00} {
		_, err := requestFrom(t, "\x83\x00\x00\x01"+string([]byte{code}), new(smb.Rounds))
		got, ok := errors.AsType[*RefusedError](err)
		if !ok {
			t.Errorf("code 0x%02X: error %v, want a *RefusedError", code, err)
			continue
		}
		if diff := cmp.Diff(&RefusedError{Called: "*SMBSERVER", Code: code}, got); diff != "" {
			t.Errorf("code 0x%02X (-want +got):\n%s", code, diff)
		}
	}
}

func TestRequestSessionRetarget(t *testing.T) {
	_, err := requestFrom(t, "\x84\x00\x00\x06\x0a\x01\x02\x03\x00\x8b", new(smb.Rounds))
	got, ok := errors.AsType[*RetargetError](err)
	if !ok {
		t.Fatalf("error %v, want a *RetargetError", err)
	}
	want := &RetargetError{Addr: netip.MustParseAddrPort("10.1.2.3:139")}
	if diff := cmp.Diff(want, got, cmpopts.EquateComparable(netip.AddrPort{})); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Each refusal has a text of its own.
func TestRefusedErrorTexts(t *testing.T) {
	seen := map[string]byte{}
	for _, code := range []byte{0x80, 0x81, 0x82, 0x83, 0x8F, 0x00} {
		text := refusal(code)
		if other, ok := seen[text]; ok || text == "" {
			t.Errorf("codes 0x%02X and 0x%02X have the text %q", code, other, text)
		}
		seen[text] = code
	}
}

func TestRequestSessionTruncated(t *testing.T) {
	for _, answer := range []string{
		"\x82\x00\x00\x00", "\x83\x00\x00\x01\x82", "\x84\x00\x00\x06\x0a\x01\x02\x03\x00\x8b",
	} {
		for n := range len(answer) {
			if _, err := requestFrom(t, answer[:n], new(smb.Rounds)); !errors.Is(err, smb.ErrConnectionLost) {
				t.Errorf("answer %x: error %v, want %v", answer[:n], err, smb.ErrConnectionLost)
			}
		}
	}
}

// Names that cannot be encoded are refused before anything is sent.
func TestRequestSessionNames(t *testing.T) {
	for _, names := range [][2]string{{"", "ME"}, {"SIXTEEN-LETTERS-", "ME"}, {"YOU", ""}} {
		client, server := net.Pipe()
		_ = server.Close()
		err := RequestSession(t.Context(), client, names[0], names[1], new(smb.Rounds))
		if err == nil || errors.Is(err, smb.ErrConnectionLost) {
			t.Errorf("names %q: error %v, want one about the name", names, err)
		}
		_ = client.Close()
	}
}

func TestRequestSessionPeerGone(t *testing.T) {
	client, server := net.Pipe()
	_ = server.Close()
	defer client.Close()
	err := RequestSession(t.Context(), client, "YOU", "ME", new(smb.Rounds))
	if !errors.Is(err, smb.ErrConnectionLost) {
		t.Errorf("error %v, want %v", err, smb.ErrConnectionLost)
	}
}

// A server that says nothing holds us no longer than the context, and not at
// all once the context is cancelled.
func TestRequestSessionContext(t *testing.T) {
	const limit = 3 * time.Second
	tests := map[string]struct {
		end  func(context.Context) (context.Context, context.CancelFunc)
		want error
		took time.Duration
	}{
		"deadline": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			return context.WithTimeout(ctx, limit)
		}, context.DeadlineExceeded, limit},
		"cancelled": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			time.AfterFunc(limit, cancel)
			return ctx, cancel
		}, context.Canceled, limit},
		"over before": {func(ctx context.Context) (context.Context, context.CancelFunc) {
			ctx, cancel := context.WithCancel(ctx)
			cancel()
			return ctx, cancel
		}, context.Canceled, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				client, server := net.Pipe()
				go func() { _, _ = io.Copy(io.Discard, server) }()
				ctx, cancel := tt.end(t.Context())
				defer cancel()
				var rounds smb.Rounds
				start := time.Now()
				err := RequestSession(ctx, client, "YOU", "ME", &rounds)
				if !errors.Is(err, tt.want) {
					t.Errorf("error %v, want %v", err, tt.want)
				}
				if took := time.Since(start); took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
				if got := rounds.Count(); got != 0 {
					t.Errorf("%d round trips, want none", got)
				}
				_ = client.Close()
				_ = server.Close()
			})
		})
	}
}

// After a session request the connection has no deadline, even where the
// context of the request ends.
func TestRequestSessionLeavesNoDeadline(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		client, server := net.Pipe()
		go func() {
			defer server.Close()
			_, _ = io.ReadFull(server, make([]byte, len(capturedRequest)))
			_, _ = io.WriteString(server, "\x82\x00\x00\x00")
			time.Sleep(time.Hour) // of the test's own clock
			_, _ = io.WriteString(server, "x")
		}()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := RequestSession(ctx, client, "YOU", "ME", new(smb.Rounds)); err != nil {
			t.Fatal(err)
		}
		got, err := io.ReadAll(client)
		if string(got) != "x" || err != nil {
			t.Errorf("read %q, %v", got, err)
		}
		_ = client.Close()
	})
}

// Whatever the answer is, the error is of one of the kinds that are promised.
func FuzzSessionAnswer(f *testing.F) {
	f.Add([]byte("\x82\x00\x00\x00"))
	f.Add([]byte("\x83\x00\x00\x01\x82"))
	f.Add([]byte("\x84\x00\x00\x06\x0a\x01\x02\x03\x00\x8b"))
	f.Add([]byte("HTTP/1.1"))
	f.Fuzz(func(t *testing.T, answer []byte) {
		_, err := readSessionAnswer(strings.NewReader(string(answer)), "YOU")
		err = transportError(t.Context(), err)
		_, refused := errors.AsType[*RefusedError](err)
		_, retargeted := errors.AsType[*RetargetError](err)
		if refused || retargeted {
			return
		}
		if err == nil && !strings.Contains(string(answer), "\x82\x00\x00\x00") {
			t.Fatalf("%x was taken for a positive answer", answer)
		}
		for _, kind := range []error{nil, smb.ErrNotSMB, smb.ErrProtocol, smb.ErrConnectionLost} {
			if errors.Is(err, kind) {
				return
			}
		}
		t.Fatalf("unexpected kind of error: %v", err)
	})
}
