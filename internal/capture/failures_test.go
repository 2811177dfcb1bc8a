package capture

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"testing"
)

// TestFailures: a failure of the capture does not fail the probe.
func TestFailures(t *testing.T) {
	full := errors.New("disk full")
	if _, err := New(&failingWriter{err: full}); !errors.Is(err, full) {
		t.Errorf("New: %v, want %v", err, full)
	}
	t.Run("writer", func(t *testing.T) {
		server := serve(t, "127.0.0.1:0", echo)
		w := &failingWriter{good: 5, err: full}
		c, err := New(w)
		if err != nil {
			t.Fatal(err)
		}
		conn, err := c.Dial((&net.Dialer{}).DialContext)(t.Context(), "tcp", server.String())
		if err != nil {
			t.Fatal(err)
		}
		for range 3 {
			say(t, conn, frame(smb1(0x71, pad(8), block("", ""))))
		}
		if err := conn.Close(); err != nil {
			t.Error(err)
		}
		if err := c.Close(); !errors.Is(err, full) {
			t.Errorf("Close: %v, want %v", err, full)
		}
		if w.calls != 6 {
			t.Errorf("%d writes, want none after the one that failed", w.calls)
		}
	})
	t.Run("no IP addresses", func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer theirs.Close()
		c, _, _ := start(t)
		conn, err := c.Dial(func(context.Context, string, string) (net.Conn, error) { return ours, nil })(t.Context(), "tcp", "exch01:445")
		if err != nil || conn != ours {
			t.Errorf("connection %v, %v, want the one of the dial function", conn, err)
		}
		_ = conn.Close()
		if err := c.Close(); !errors.Is(err, ErrNotIP) {
			t.Errorf("Close: %v, want %v", err, ErrNotIP)
		}
	})
	t.Run("dial", func(t *testing.T) {
		c, file, _ := start(t)
		before := file.Len()
		_, err := c.Dial(func(context.Context, string, string) (net.Conn, error) { return nil, full })(t.Context(), "tcp", "exch01:445")
		if failed := c.Close(); !errors.Is(err, full) || failed != nil || file.Len() != before {
			t.Errorf("error %v, capture %v with %d bytes more; want %v and nothing", err, failed, file.Len()-before, full)
		}
	})
}

// TestNothingAfterClose: after Close nothing is written, since the file may be closed.
func TestNothingAfterClose(t *testing.T) {
	server := serve(t, "127.0.0.1:0", echo)
	c, file, dial := start(t)
	conn := dial("tcp", server.String())
	if err := c.Close(); err != nil {
		t.Error(err)
	}
	before := bytes.Clone(file.Bytes())
	say(t, conn, frame(smb1(0x71, pad(8), block("", ""))))
	_ = conn.Close()
	if !slices.Equal(before, file.Bytes()) {
		t.Error("the capture was written to after Close")
	}
}

// failingWriter accepts some writes, and then fails.
type failingWriter struct {
	good  int
	calls int
	err   error
}

func (w *failingWriter) Write(b []byte) (int, error) {
	if w.calls++; w.calls > w.good {
		return 0, w.err
	}
	return len(b), nil
}
