package smb1

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// answerCreate answers an open with FID 7 and this FILETIME of the last write.
func answerCreate(mid uint16, modified, size uint64, directory bool) []byte {
	w := make([]byte, 2*34)
	w[0] = cmdNone
	binary.LittleEndian.PutUint16(w[5:], 7)
	binary.LittleEndian.PutUint64(w[27:], modified)
	binary.LittleEndian.PutUint64(w[55:], size)
	if directory {
		w[67] = 1
	}
	return answer(cmdNTCreate, mid, 0, w, nil)
}

// TestStatRequests holds the open against the offsets of MS-CIFS 2.2.4.64.1. The close
// follows it, and its answer is not waited for: it may never come, and where it comes
// it counts as no round trip.
func TestStatRequests(t *testing.T) {
	for _, test := range []struct {
		name        string
		answerClose bool
	}{{"the close is not answered", false}, {"the close is answered at once", true}} {
		t.Run(test.name, func(t *testing.T) {
			requests := make(chan asked, 2)
			conn := peer(t, func(conn net.Conn, r asked) {
				requests <- r
				switch {
				case r.command == cmdNTCreate:
					send(conn, answerCreate(r.mid, 116444736000000000+10_000_000, 512<<10, false))
				case test.answerClose:
					send(conn, answer(cmdClose, r.mid, 0, nil, nil))
				}
			})
			rounds := new(smb.Rounds)
			closed := make(chan struct{})
			c := newConn(conn, rounds, func(e smb.Event) {
				if e.Text == "close" {
					close(closed)
				}
			})
			t.Cleanup(c.close)
			c.setMaxInFlight(2)
			s := newSession(&Client{conn: c, server: negotiated{maxMpx: 2, maxBufferSize: 4356}}, 1)
			tree := s.newTree(1, "ADMIN$")
			info, err := tree.Stat(t.Context(), `System32\config\AppEvent.Evt`)
			if err != nil {
				t.Fatal(err)
			}
			want := smb.FileInfo{Size: 512 << 10, Modified: time.Unix(1, 0).UTC()}
			if diff := cmp.Diff(want, info); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}

			open := <-requests
			type fields struct{ Flags, DesiredAccess, ShareAccess, Disposition, Options uint32 }
			u32 := func(at int) uint32 { return binary.LittleEndian.Uint32(open.raw[at:]) }
			wantOpen := fields{DesiredAccess: 0x80, ShareAccess: 0x7, Disposition: 1}
			if diff := cmp.Diff(wantOpen, fields{u32(40), u32(48), u32(64), u32(68), u32(72)}); diff != "" {
				t.Errorf("open (-want +got):\n%s", diff)
			}
			if path := `\System32\config\AppEvent.Evt`; !strings.Contains(string(open.raw), path) {
				t.Errorf("open % x, without %s", open.raw, path)
			}
			if r := <-requests; r.command != cmdClose || binary.LittleEndian.Uint16(r.raw[33:]) != 7 {
				t.Errorf("after the open: % x", r.raw)
			}
			if len(s.fids) != 0 {
				t.Errorf("the session would close %v once more", s.fids)
			}
			if test.answerClose {
				<-closed
			}
			if rounds.Count() != 1 {
				t.Errorf("%d round trips, want 1", rounds.Count())
			}
		})
	}
}

// TestStatAnswers: what a server may say to the open.
func TestStatAnswers(t *testing.T) {
	for _, test := range []struct {
		name   string
		answer func(mid uint16) []byte
		want   smb.FileInfo
		status smb.Status
		err    error
	}{
		{"a folder, and no time", func(mid uint16) []byte { return answerCreate(mid, 0, 0, true) }, smb.FileInfo{Directory: true}, 0, nil},
		{"access denied", func(mid uint16) []byte { return answer(cmdNTCreate, mid, smb.StatusAccessDenied, nil, nil) },
			smb.FileInfo{}, smb.StatusAccessDenied, nil},
		{"a size below zero", func(mid uint16) []byte { return answerCreate(mid, 0, 1<<63, false) }, smb.FileInfo{}, 0, smb.ErrProtocol},
		{"cut short", func(mid uint16) []byte { return answer(cmdNTCreate, mid, 0, words(0xFF, 0), nil) }, smb.FileInfo{}, 0, smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			conn := peer(t, func(conn net.Conn, r asked) {
				if r.command == cmdNTCreate {
					send(conn, test.answer(r.mid))
				}
			})
			s, _ := testSession(t, conn, negotiated{maxMpx: 2, maxBufferSize: 4356})
			info, err := s.newTree(1, "ADMIN$").Stat(t.Context(), "book")
			if diff := cmp.Diff(test.want, info); diff != "" {
				t.Errorf("info (-want +got):\n%s", diff)
			}
			switch {
			case test.err == nil && test.status == smb.StatusOK && err != nil,
				smb.StatusOf(err) != test.status, !errors.Is(err, test.err) && test.err != nil:
				t.Errorf("%v, want %v %s", err, test.err, test.status)
			}
		})
	}
}

// TestStatWithoutAnswer: a server that says nothing to the open is given up in time.
func TestStatWithoutAnswer(t *testing.T) {
	s, _ := testSession(t, peer(t, func(net.Conn, asked) {}), negotiated{maxMpx: 2, maxBufferSize: 4356})
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := s.newTree(1, "ADMIN$").Stat(ctx, "book"); !errors.Is(err, context.DeadlineExceeded) {
		t.Error(err)
	}
}

// TestTreesWithOneIdentifier: two shares cannot have the same, or what is on one of them seems
// to be missing.
func TestTreesWithOneIdentifier(t *testing.T) {
	conn := peer(t, func(conn net.Conn, r asked) {
		send(conn, answer(cmdTreeConnect, r.mid, smb.StatusOK, words(0xFF, 0, 1), []byte("A:\x00")))
	})
	s, _ := testSession(t, conn, negotiated{maxMpx: 50, maxBufferSize: 4356})
	for _, c := range []struct {
		share string
		want  error
	}{{"IPC$", nil}, {"ADMIN$", smb.ErrProtocol}, {"ipc$", nil}} {
		if _, err := s.Connect(t.Context(), c.share); !errors.Is(err, c.want) || (err == nil) != (c.want == nil) {
			t.Errorf("%s: %v, want %v", c.share, err, c.want)
		}
	}
}
