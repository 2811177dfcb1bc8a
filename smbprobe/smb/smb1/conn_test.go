package smb1

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// testSession is a session on a connection, without the login.
func testSession(t *testing.T, conn net.Conn, n negotiated) (*Session, *smb.Rounds) {
	t.Helper()
	rounds := new(smb.Rounds)
	c := newConn(conn, rounds, func(e smb.Event) { t.Log(e) })
	t.Cleanup(c.close)
	c.setMaxInFlight(inFlight(n))
	return newSession(&Client{conn: c, server: n}, 1), rounds
}

func testFile(s *Session, size int64) *File {
	return &File{tree: s.newTree(1, "ADMIN$"), path: "book", created: created{fid: 7, size: size}}
}

// readRange returns what a READ_ANDX asked for.
func readRange(r asked) (offset, count int) {
	return int(binary.LittleEndian.Uint32(r.raw[39:])), int(binary.LittleEndian.Uint16(r.raw[43:]))
}

// contents is the file that the peers of these tests serve.
func contents(offset, count int) string {
	return strings.Repeat("0123456789", (offset+count)/10+1)[offset : offset+count]
}

func TestReadsInFlight(t *testing.T) {
	const size, chunk = 100_000, 4096
	for _, mpx := range []int{1, 2, 10, 50} {
		t.Run(fmt.Sprint("MaxMpxCount ", mpx), func(t *testing.T) {
			// The peer answers when as many requests are there as the server
			// takes, the last one first.
			var waiting []asked
			most, left := 0, (size+chunk-1)/chunk
			conn := peer(t, func(conn net.Conn, r asked) {
				waiting = append(waiting, r)
				most = max(most, len(waiting))
				if len(waiting) < min(mpx, maxInFlight, left) {
					return
				}
				left -= len(waiting)
				for i := len(waiting) - 1; i >= 0; i-- {
					send(conn, answerRead(waiting[i].mid, contents(readRange(waiting[i]))))
				}
				waiting = nil
			})
			s, rounds := testSession(t, conn, negotiated{maxMpx: mpx, maxBufferSize: 4356})
			data, err := testFile(s, size).ReadAll(t.Context())
			if err != nil || string(data) != contents(0, size) {
				t.Fatalf("%d bytes, %v", len(data), err)
			}
			if want := min(mpx, maxInFlight); most != want {
				t.Errorf("%d requests in flight at most, expected %d", most, want)
			}
			if rounds.Count() < 25/min(mpx, maxInFlight) || rounds.Count() > 25 {
				t.Errorf("%d round trips", rounds.Count())
			}
		})
	}
}

func TestReadAnswers(t *testing.T) {
	for _, test := range []struct {
		name  string
		serve func(net.Conn, asked)
		want  error
		data  string
	}{
		{"good", func(c net.Conn, r asked) { send(c, answerRead(r.mid, contents(0, 10))) }, nil, "0123456789"},
		{"keep-alives around it", func(c net.Conn, r asked) {
			_, _ = c.Write([]byte("\x85\x00\x00\x00\x85\x00\x00\x00"))
			send(c, answerRead(r.mid, contents(0, 10)))
		}, nil, "0123456789"},
		{"an oplock break before it", func(c net.Conn, r asked) {
			send(c, answer(cmdLockingAndX, oplockMID, 0, words(0xFF, 0, 7, 2, 0, 0, 0, 0), nil))
			send(c, answerRead(r.mid, contents(0, 10)))
		}, nil, "0123456789"},
		{"short: the file shrank", func(c net.Conn, r asked) {
			offset, count := readRange(r)
			send(c, answerRead(r.mid, contents(0, 4)[min(offset, 4):min(offset+count, 4)]))
		}, io.ErrUnexpectedEOF, "0123"},
		{"end of file as a status", func(c net.Conn, r asked) {
			send(c, answer(cmdReadAndX, r.mid, smb.StatusEndOfFile, nil, nil))
		}, io.ErrUnexpectedEOF, ""},
		{"more than asked for", func(c net.Conn, r asked) { send(c, answerRead(r.mid, contents(0, 11))) }, smb.ErrProtocol, ""},
		{"wrong MID", func(c net.Conn, r asked) { send(c, answerRead(r.mid+1, contents(0, 10))) }, smb.ErrProtocol, ""},
		{"answer to another command", func(c net.Conn, r asked) { send(c, answer(cmdClose, r.mid, 0, nil, nil)) }, smb.ErrProtocol, ""},
		{"a request for an answer", func(c net.Conn, r asked) { send(c, r.raw) }, smb.ErrProtocol, ""},
		{"data outside of the bytes", func(c net.Conn, r asked) {
			b := answerRead(r.mid, contents(0, 10))
			b[45] = 10 // DataOffset
			send(c, b)
		}, smb.ErrProtocol, ""},
		{"another WordCount", func(c net.Conn, r asked) { send(c, answer(cmdReadAndX, r.mid, 0, words(0xFF, 0), nil)) }, smb.ErrProtocol, ""},
		{"no SMB", func(c net.Conn, _ asked) { send(c, []byte("HTTP/1.1 400 Bad Request, and so on and on")) }, smb.ErrNotSMB, ""},
		{"a frame of 16 MiB", func(c net.Conn, _ asked) { _, _ = c.Write([]byte("\x00\xff\xff\xff")) }, smb.ErrNotSMB, ""},
		{"closed", func(c net.Conn, _ asked) { _ = c.Close() }, smb.ErrConnectionLost, ""},
		{"closed inside a message", func(c net.Conn, r asked) {
			_, _ = c.Write([]byte("\x00\x00\x00\x40\xffSMB"))
			_ = c.Close()
		}, smb.ErrConnectionLost, ""},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := testSession(t, peer(t, test.serve), negotiated{maxMpx: 50, maxBufferSize: 4356})
			data, err := testFile(s, 10).ReadAll(t.Context())
			if !errors.Is(err, test.want) || string(data) != test.data {
				t.Errorf("%q, %v; expected %q, %v", data, err, test.data, test.want)
			}
		})
	}
}

// TestShortReads: a server may return less than was asked for.
func TestShortReads(t *testing.T) {
	const size = 5041
	most := func(n int) func(int, int) int { return func(_, count int) int { return min(n, count) } }
	for _, test := range []struct {
		name     string
		size     int64
		serve    func(offset, count int) int // the length of an answer
		requests int                         // at most
		want     error
	}{
		{"what a buffer of 4356 holds", size, most(4292), 2, nil},
		{"the same of a longer file", 200_000, most(4292), 60, nil},
		{"a sector at a time", size, most(512), 12, nil},
		{"100 bytes at a time", size, most(100), 90, nil},
		{"each answer one byte short", size, func(_, count int) int { return max(count-1, 1) }, 20, nil},
		{"only the first is short", size, func(offset, count int) int {
			if offset == 0 {
				return 1
			}
			return count
		}, 20, nil},
		{"one byte at a time", size, most(1), 94, smb.ErrProtocol},
		{"one byte at a time of a longer file", 200_000, most(1), 3200, smb.ErrProtocol},
		{"it ends early", size, func(offset, count int) int { return max(0, min(count, 1000-offset)) }, 20, io.ErrUnexpectedEOF},
		{"it ends early, in short answers", size, func(offset, count int) int { return max(0, min(count, 300, 1000-offset)) }, 20, io.ErrUnexpectedEOF},
		{"it is empty now", 200_000, most(0), 4, io.ErrUnexpectedEOF},
	} {
		for _, capabilities := range []uint32{0, capLargeReadX} {
			for _, mpx := range []int{1, 50} {
				t.Run(fmt.Sprintf("%s, capabilities %#x, MaxMpxCount %d", test.name, capabilities, mpx), func(t *testing.T) {
					requests := 0
					conn := peer(t, func(conn net.Conn, r asked) {
						requests++
						offset, count := readRange(r)
						send(conn, answerRead(r.mid, contents(offset, test.serve(offset, count))))
					})
					s, _ := testSession(t, conn, negotiated{maxMpx: mpx, maxBufferSize: 4356, capabilities: capabilities})
					data, err := testFile(s, test.size).ReadAll(t.Context())
					if !errors.Is(err, test.want) || string(data) != contents(0, len(data)) || err == nil && len(data) != int(test.size) {
						t.Errorf("%d bytes, %v; want %v", len(data), err, test.want)
					}
					if errors.Is(err, io.ErrUnexpectedEOF) && len(data) > 1000 {
						t.Errorf("%d bytes of a file that has 1000", len(data))
					}
					if limit := max(test.requests, int(test.size)/4096+test.requests); requests > limit {
						t.Errorf("%d requests, want at most %d", requests, limit)
					}
				})
			}
		}
	}
}

func TestPipeReadsAreBounded(t *testing.T) {
	requests := 0
	conn := peer(t, func(conn net.Conn, r asked) {
		requests++
		b := answerRead(r.mid, "x")
		binary.LittleEndian.PutUint32(b[5:], uint32(smb.StatusBufferOverflow))
		send(conn, b)
	})
	s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356})
	p := newPipe(s.newTree(1, "IPC$"), "eventlog", 7)
	if _, err := p.Read(t.Context(), 4280); !errors.Is(err, smb.ErrProtocol) || requests > 100 {
		t.Errorf("%v after %d requests", err, requests)
	}
}

// TestPipeReadSizes: a read of a pipe asks for a whole message if the server's
// buffer or its large reads have room for it. Otherwise messages are read one after
// another, because their parts carry no number.
func TestPipeReadSizes(t *testing.T) {
	for _, test := range []struct {
		capabilities uint32
		limit        int
		together     bool
		count        int // of the first read
	}{
		{0, 4280, true, 4280},
		{0, 5680, false, 4292},
		{capLargeReadX, 5680, true, 5680},
	} {
		message := contents(0, test.limit)
		left, inFlight, most, first := message, []asked(nil), 0, 0
		conn := peer(t, func(conn net.Conn, r asked) {
			if _, count := readRange(r); first == 0 {
				first = count
			}
			inFlight = append(inFlight, r)
			most = max(most, len(inFlight))
			if test.together && most < 3 {
				return
			}
			for _, r := range inFlight {
				_, count := readRange(r)
				b := answerRead(r.mid, left[:min(count, len(left))])
				if left = left[min(count, len(left)):]; left != "" {
					binary.LittleEndian.PutUint32(b[5:], uint32(smb.StatusBufferOverflow))
				} else {
					left = message
				}
				send(conn, b)
			}
			inFlight = nil
		})
		s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356, capabilities: test.capabilities})
		p := newPipe(s.newTree(1, "IPC$"), "eventlog", 7)
		messages, err := p.ReadMessages(t.Context(), 3, test.limit)
		if err != nil || len(messages) != 3 || first != test.count || (most == 3) != test.together {
			t.Errorf("%+v: %v, %d messages, the first read asks for %d bytes, %d in flight", test, err, len(messages), first, most)
		}
		for i, m := range messages {
			if string(m) != message {
				t.Errorf("%+v: message %d has %d bytes", test, i, len(m))
			}
		}
	}
}

func TestServerThatSaysNothing(t *testing.T) {
	for _, test := range []struct {
		name string
		peer func(t *testing.T) net.Conn
	}{
		{"reads", func(t *testing.T) net.Conn { return peer(t, func(net.Conn, asked) {}) }},
		{"does not even read", func(t *testing.T) net.Conn {
			ours, theirs := net.Pipe()
			t.Cleanup(func() { _ = theirs.Close() })
			return ours
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			s, _ := testSession(t, test.peer(t), negotiated{maxMpx: 1, maxBufferSize: 4356})
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
			defer cancel()
			if _, err := testFile(s, 10_000).ReadAll(ctx); !errors.Is(err, context.DeadlineExceeded) {
				t.Error(err)
			}
			if err := s.Close(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
				t.Errorf("a connection that failed was used again: %v", err)
			}
		})
	}
}

func TestPipeMessages(t *testing.T) {
	overflow := func(mid uint16, data string) []byte {
		b := answerRead(mid, data)
		binary.LittleEndian.PutUint32(b[5:], uint32(smb.StatusBufferOverflow))
		return b
	}
	for _, test := range []struct {
		name  string
		reads []func(mid uint16) []byte // answers to READ_ANDX, in order
		first []byte                    // answer to TRANSACTION
		want  string
		err   error
	}{
		{"whole", nil, answerTransaction(1, 0, 4, 0, "abcd"), "abcd", nil},
		{"the rest is read", []func(uint16) []byte{
			func(m uint16) []byte { return overflow(m, "cd") },
			func(m uint16) []byte { return answerRead(m, "ef") },
		}, answerTransaction(1, smb.StatusBufferOverflow, 6, 0, "ab"), "abcdef", nil},
		{"more than the limit", []func(uint16) []byte{
			func(m uint16) []byte { return answerRead(m, "cdefghijk") },
		}, answerTransaction(1, smb.StatusBufferOverflow, 6, 0, "ab"), "", smb.ErrProtocol},
		{"more to come, indefinitely", []func(uint16) []byte{
			func(m uint16) []byte { return overflow(m, "") },
		}, answerTransaction(1, smb.StatusBufferOverflow, 6, 0, "ab"), "", smb.ErrProtocol},
		{"a byte at a time", slices.Repeat([]func(uint16) []byte{
			func(m uint16) []byte { return overflow(m, "c") },
		}, 20), answerTransaction(1, smb.StatusBufferOverflow, 6, 0, "ab"), "", smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			reads := test.reads
			conn := peer(t, func(conn net.Conn, r asked) {
				if r.command == cmdTransaction {
					send(conn, test.first)
					return
				}
				send(conn, reads[0](r.mid))
				reads = reads[1:]
			})
			s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356, capabilities: capUnicode})
			p := newPipe(s.newTree(1, "IPC$"), "eventlog", 7)
			data, err := p.Transact(t.Context(), []byte("message"), 10)
			if !errors.Is(err, test.err) || string(data) != test.want {
				t.Errorf("%q, %v", data, err)
			}
		})
	}
}

// TestWrongPipeAnswer fails its call, and nothing else.
func TestWrongPipeAnswer(t *testing.T) {
	for name, wrong := range map[string][][]byte{
		"too long":              {answerTransaction(1, smb.StatusOK, 20, 0, strings.Repeat("x", 20))},
		"an offset that is off": {answerTransaction(1, smb.StatusOK, 6, 3, "abc"), answerTransaction(1, smb.StatusOK, 6, 0, "abc")},
	} {
		t.Run(name, func(t *testing.T) {
			conn := peer(t, func(conn net.Conn, r asked) {
				if r.command == cmdTransaction {
					for _, m := range wrong {
						send(conn, m)
					}
					return
				}
				send(conn, answerRead(r.mid, contents(0, 10)))
			})
			s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356, capabilities: capUnicode})
			if _, err := newPipe(s.newTree(1, "IPC$"), "eventlog", 7).Transact(t.Context(), []byte("message"), 10); !errors.Is(err, smb.ErrProtocol) {
				t.Error(err)
			}
			if _, err := testFile(s, 10).ReadAll(t.Context()); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestNoSMBAfterSMB: a peer that answered in SMB is an SMB server.
func TestNoSMBAfterSMB(t *testing.T) {
	first := true
	conn := peer(t, func(conn net.Conn, r asked) {
		if first {
			send(conn, answerRead(r.mid, contents(0, 10)))
		} else {
			send(conn, []byte("HTTP/1.1 400 Bad Request, and so on and on"))
		}
		first = false
	})
	s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356})
	if _, err := testFile(s, 10).ReadAll(t.Context()); err != nil {
		t.Error(err)
	}
	if _, err := testFile(s, 10).ReadAll(t.Context()); !errors.Is(err, smb.ErrProtocol) || errors.Is(err, smb.ErrNotSMB) {
		t.Error(err)
	}
}

func TestWrongSignatureEndsTheSession(t *testing.T) {
	conn := peer(t, func(conn net.Conn, r asked) { send(conn, answerRead(r.mid, contents(0, 10))) })
	s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356})
	s.conn.setSigner(&signer{key: make([]byte, 16), response: make([]byte, 24), next: 2})
	if _, err := testFile(s, 10).ReadAll(t.Context()); !errors.Is(err, smb.ErrSigning) {
		t.Error(err)
	}
}

// panickyConn panics in one of its methods.
type panickyConn struct {
	net.Conn
	read, close bool
}

func (c panickyConn) Read(b []byte) (int, error) {
	if c.read {
		panic("read")
	}
	return c.Conn.Read(b)
}

func (c panickyConn) Close() error {
	_ = c.Conn.Close()
	if c.close {
		panic("close")
	}
	return nil
}

// TestPanicInGoroutine: a panic of a goroutine of the connection is the error of
// the call that waits, and of every later one.
func TestPanicInGoroutine(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	silent := func(net.Conn, asked) {}
	for _, test := range []struct {
		name  string
		conn  func(conn net.Conn) net.Conn
		serve func(net.Conn, asked)
		trace smb.Trace
		want  any
	}{
		{"read", func(conn net.Conn) net.Conn { return panickyConn{conn, true, false} }, silent, nil, "read"},
		{"close, on a broken answer", func(conn net.Conn) net.Conn { return panickyConn{conn, false, true} },
			func(c net.Conn, _ asked) { send(c, []byte("no SMB")) }, nil, "close"},
		{"trace", func(conn net.Conn) net.Conn { return conn },
			func(c net.Conn, r asked) { send(c, answerRead(r.mid, "x")) }, func(smb.Event) { panic("trace") }, "trace"},
		{"close, when the context ends", func(conn net.Conn) net.Conn { return panickyConn{conn, false, true} },
			func(net.Conn, asked) { cancel() }, nil, "close"}, // the last one
	} {
		t.Run(test.name, func(t *testing.T) {
			c := newConn(test.conn(peer(t, test.serve)), new(smb.Rounds), test.trace)
			c.setMaxInFlight(10)
			s := newSession(&Client{conn: c, server: negotiated{maxMpx: 10, maxBufferSize: 4356}}, 1)
			for range 2 {
				_, err := testFile(s, 10).ReadAll(ctx)
				if p, ok := errors.AsType[*smb.PanicError](err); !ok || p.Value != test.want || len(p.Stack) == 0 {
					t.Errorf("%v, expected a panic of %v", err, test.want)
				}
			}
			c.close()
		})
	}
}

// TestMultiplexIdentifiersStartAgain: a kept session sends more requests than there are
// identifiers. 0 and 0xFFFF are left out, and so is that of a request in flight.
func TestMultiplexIdentifiersStartAgain(t *testing.T) {
	const size, chunk, inFlightMID = 40_000, 4096, 2
	var used []uint16
	conn := peer(t, func(conn net.Conn, r asked) {
		used = append(used, r.mid)
		send(conn, answerRead(r.mid, contents(readRange(r))))
	})
	s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356})
	s.conn.mu.Lock()
	s.conn.lastMID = oplockMID - 3
	s.conn.pending = append(s.conn.pending, &call{mid: inFlightMID})
	s.conn.mu.Unlock()
	data, err := testFile(s, size).ReadAll(t.Context())
	if err != nil || string(data) != contents(0, size) {
		t.Fatalf("%d bytes, %v", len(data), err)
	}
	want := []uint16{oplockMID - 2, oplockMID - 1, 1}
	for mid := uint16(inFlightMID + 1); len(want) < (size+chunk-1)/chunk; mid++ {
		want = append(want, mid)
	}
	if diff := cmp.Diff(want, used); diff != "" {
		t.Error(diff)
	}
}
