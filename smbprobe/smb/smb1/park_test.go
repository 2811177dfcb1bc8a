package smb1

import (
	"context"
	"encoding/binary"
	"net"
	"testing"
	"testing/synctest"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestParkEnds: no server makes Park wait for longer than its context, and a session that
// it fails to park is closed.
func TestParkEnds(t *testing.T) {
	answerTo := func(r asked) []byte { return answer(r.command, r.mid, 0, nil, nil) }
	for _, test := range []struct {
		name   string
		serve  func(net.Conn, asked)
		parked bool
	}{
		{"answers", func(c net.Conn, r asked) { send(c, answerTo(r)) }, true},
		{"answers, and a keep-alive", func(c net.Conn, r asked) { write(c, framed(answerTo(r)), []byte("\x85\x00\x00\x00")) }, true},
		{"answers, and one byte", func(c net.Conn, r asked) { write(c, framed(answerTo(r)), []byte("\x00")) }, false},
		{"answers, and half a keep-alive", func(c net.Conn, r asked) { write(c, framed(answerTo(r)), []byte("\x85\x00")) }, false},
		{"answers, and begins another answer", func(c net.Conn, r asked) { write(c, framed(answerTo(r)), framed(answerTo(r))[:20]) }, false},
		{"answers twice", func(c net.Conn, r asked) { write(c, framed(answerTo(r)), framed(answerTo(r))) }, false},
		{"answers something else", func(c net.Conn, r asked) { send(c, answer(cmdReadAndX, r.mid, 0, nil, nil)) }, false},
		{"is silent", func(net.Conn, asked) {}, false},
		{"closes", func(c net.Conn, _ asked) { _ = c.Close() }, false},
	} {
		for _, open := range []string{"a tree", "a file that is being closed"} {
			t.Run(test.name+", "+open, func(t *testing.T) {
				synctest.Test(t, func(t *testing.T) {
					s := countedSession(t, peer(t, test.serve))
					ctx, cancel := context.WithTimeout(t.Context(), time.Second)
					defer cancel()
					tree := s.newTree(1, "ADMIN$")
					if open != "a tree" {
						if err := tree.closeFID(ctx, 7); err != nil {
							t.Fatal(err)
						}
						s.trees = nil
					}
					err := s.Park(ctx)
					if (err == nil) != test.parked {
						t.Errorf("parked: %v, want %v", err, test.parked)
					}
					if failure := s.conn.failure(); (failure == nil) != test.parked {
						t.Errorf("the connection: %v", failure)
					}
				})
			})
		}
	}
}

// TestParkUnread: a server that reads nothing.
func TestParkUnread(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer func() { _ = theirs.Close() }()
		s := countedSession(t, ours)
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if err := s.newTree(1, "ADMIN$").closeFID(ctx, 7); err != nil {
			t.Fatal(err)
		}
		s.trees = nil
		if err := s.Park(ctx); err == nil {
			t.Error("parked")
		}
	})
}

// TestUnreadAfterItsContext: a request whose context has ended does not wait for a server
// that reads nothing.
func TestUnreadAfterItsContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ours, theirs := net.Pipe()
		defer func() { _ = theirs.Close() }()
		s, _ := testSession(t, ours, negotiated{maxMpx: 50, maxBufferSize: 4356})
		ctx, cancel := context.WithCancel(t.Context())
		s.conn.watch(ctx)
		cancel()
		synctest.Wait()
		_ = s.newTree(1, "ADMIN$").closeFID(ctx, 7)
		if _, err := s.Connect(ctx, "ADMIN$"); err == nil {
			t.Error("connected")
		}
	})
}

// countedSession is a testSession whose branches are counted, as those of a probe are.
func countedSession(t *testing.T, conn net.Conn) *Session {
	s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356})
	s.Attach(smb.NewRounds(), nil)
	return s
}

// write writes all parts at once. An error means that the client has closed.
func write(conn net.Conn, parts ...[]byte) {
	var all []byte
	for _, p := range parts {
		all = append(all, p...)
	}
	_, _ = conn.Write(all)
}

// framed is a message behind its frame header.
func framed(raw []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(raw))), raw...)
}
