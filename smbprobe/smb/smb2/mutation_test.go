package smb2

import (
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"maps"
	"math/rand/v2"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// mutatingConn hands over what a real server says, with one of its frames
// changed.
type mutatingConn struct {
	net.Conn
	rng    *rand.Rand
	at     int // which frame
	mutate func(rng *rand.Rand, frame []byte) (raw []byte)

	count int
	rest  []byte
}

func (c *mutatingConn) Read(b []byte) (int, error) {
	for len(c.rest) == 0 {
		frame, err := readTestFrame(c.Conn)
		if err != nil {
			return 0, err
		}
		c.rest = framed(frame)
		if c.count == c.at {
			c.rest = c.mutate(c.rng, frame)
		}
		c.count++
	}
	n := copy(b, c.rest)
	c.rest = c.rest[n:]
	return n, nil
}

// mutations are the ways in which a frame is changed; each returns the bytes that
// take its place on the wire.
func mutations() map[string]func(rng *rand.Rand, frame []byte) []byte {
	flip := func(rng *rand.Rand, frame []byte, n int) []byte {
		for range n {
			frame[rng.IntN(len(frame))] ^= 1 << rng.IntN(8)
		}
		return framed(frame)
	}
	return map[string]func(rng *rand.Rand, frame []byte) []byte{
		"a bit":     func(rng *rand.Rand, frame []byte) []byte { return flip(rng, frame, 1) },
		"some bits": func(rng *rand.Rand, frame []byte) []byte { return flip(rng, frame, 8) },
		"a bit of the header": func(rng *rand.Rand, frame []byte) []byte {
			frame[rng.IntN(min(len(frame), headerSize))] ^= 1 << rng.IntN(8)
			return framed(frame)
		},
		"a field of ones": func(rng *rand.Rand, frame []byte) []byte {
			at := rng.IntN(len(frame)-4) &^ 1
			copy(frame[at:], "\xFF\xFF\xFF\xFF")
			return framed(frame)
		},
		"cut":          func(rng *rand.Rand, frame []byte) []byte { return framed(frame[:rng.IntN(len(frame))]) },
		"cut, no word": func(rng *rand.Rand, frame []byte) []byte { return framed(frame)[:rng.IntN(len(frame))] },
		"padded": func(rng *rand.Rand, frame []byte) []byte {
			return framed(append(frame, make([]byte, rng.IntN(100))...))
		},
		"NextCommand": func(rng *rand.Rand, frame []byte) []byte {
			binary.LittleEndian.PutUint32(frame[20:], uint32(rng.IntN(len(frame)+16)))
			return framed(frame)
		},
		"NextCommand, aligned": func(rng *rand.Rand, frame []byte) []byte {
			binary.LittleEndian.PutUint32(frame[20:], uint32(rng.IntN(len(frame)+16))&^7)
			return framed(frame)
		},
		"status": func(rng *rand.Rand, frame []byte) []byte {
			binary.LittleEndian.PutUint32(frame[8:], []uint32{0, 0x103, 0x80000005, 0xC0000016, 0xC0000022, 0x8000002D}[rng.IntN(6)])
			return framed(frame)
		},
		"two bytes": func(*rand.Rand, []byte) []byte { return framed([]byte{0xFE, 'S'}) },
		"16 MiB":    func(_ *rand.Rand, frame []byte) []byte { return append([]byte{0, 0xFF, 0xFF, 0xFF}, frame...) },
		"random bytes": func(rng *rand.Rand, frame []byte) []byte {
			for i := range frame {
				frame[i] = byte(rng.Uint32())
			}
			return framed(frame)
		},
		"random body": func(rng *rand.Rand, frame []byte) []byte {
			for i := headerSize; i < len(frame); i++ {
				frame[i] = byte(rng.Uint32())
			}
			return framed(frame)
		},
		"encrypted": func(rng *rand.Rand, frame []byte) []byte {
			crypted := make([]byte, 52, 52+len(frame))
			copy(crypted, "\xFDSMB")
			binary.LittleEndian.PutUint32(crypted[36:], uint32(len(frame)))
			crypted[42] = 1
			copy(crypted[44:], frame[40:48])
			return framed(append(crypted, frame...))
		},
		"twice": func(_ *rand.Rand, frame []byte) []byte { return append(framed(frame), framed(frame)...) },
		"never": func(*rand.Rand, []byte) []byte { return []byte{transportKeepAlive, 0, 0, 0} },
		"a stranger before": func(_ *rand.Rand, frame []byte) []byte {
			stranger := bytes.Clone(frame)
			binary.LittleEndian.PutUint64(stranger[24:], unsolicited)
			return append(framed(stranger), framed(frame)...)
		},
	}
}

// TestMutations has sessions with real servers, each with one frame changed. Each
// ends, well or with an error that a probe has a state for; what was read under
// signatures is what was written, and a status counts if it was signed. A panic
// in go-smb2's goroutine would end the test.
func TestMutations(t *testing.T) {
	const (
		perMutation = 26
		frames      = 12              // what a session hears at most
		loginFrames = 3               // the first of them, which are not signed
		limit       = time.Second / 2 // of a session that hears nothing
		workers     = 8               // mostly waiting
		seed        = 0x5241_5350_42  // of all of them
	)
	plain := startSamba(t, smbtest.SambaOptions{})
	signed := startSamba(t, smbtest.SambaOptions{SigningMandatory: true})
	message := bindRequest(t)
	for _, samba := range []*smbtest.Samba{plain, signed} { // without a change all is well
		if _, err := wholeSession(testContext(t), dialTCP(t, samba.Addr()), samba.Credentials(), Options{}, message); err != nil {
			t.Fatalf("a session as it should be: %v", err)
		}
	}
	type job struct {
		name     string
		number   uint64
		mutate   func(rng *rand.Rand, frame []byte) []byte
		samba    *smbtest.Samba
		required bool
	}
	jobs := make(chan job)
	var good, bad atomic.Int32
	var running sync.WaitGroup
	for range workers {
		running.Go(func() {
			for j := range jobs {
				what := fmt.Sprintf("%q, seed %#x/%d", j.name, seed, j.number)
				rng := rand.New(rand.NewPCG(seed, j.number))
				nc := &mutatingConn{Conn: dialTCP(t, j.samba.Addr()), rng: rng, at: rng.IntN(frames), mutate: j.mutate}
				ctx, cancel := context.WithTimeout(t.Context(), limit)
				data, err := wholeSession(ctx, nc, j.samba.Credentials(), Options{RequireSigning: j.required}, message)
				cancel()
				switch {
				case err != nil && !explained(err):
					t.Errorf("%s: %v", what, err)
				case err == nil && j.required && !bytes.Equal(data, smbtest.Phonebook()):
					t.Errorf("%s: %d bytes that were not signed", what, len(data))
				case j.samba == signed && nc.at >= loginFrames && smb.StatusOf(err) != smb.StatusOK:
					t.Errorf("%s: a status that was not signed: %v", what, err)
				}
				if err != nil {
					bad.Add(1)
				} else {
					good.Add(1)
				}
			}
		})
	}
	number := uint64(0)
	ways := mutations()
	for _, name := range slices.Sorted(maps.Keys(ways)) {
		for i := range perMutation {
			samba := plain
			if i%2 == 1 {
				samba = signed
			}
			number++
			jobs <- job{name, number, ways[name], samba, i%4 < 2}
		}
	}
	close(jobs)
	running.Wait()
	t.Logf("%d sessions ended well, %d with an error", good.Load(), bad.Load())
	if bad.Load() == 0 {
		t.Error("the changes did not make a difference")
	}
}

// TestFlippedBits changes one bit of one answer in sessions with real servers that
// require signing. Each ends at once, with an error that fits, or it made no
// difference because nothing was left to do.
func TestFlippedBits(t *testing.T) {
	const (
		first, last = 3, 11 // the answers that are signed: tree connect to close
		step        = 8     // bytes
		workers     = 8
	)
	message := bindRequest(t)
	for _, protocol := range []string{"SMB2_10", "SMB3_11"} {
		samba := startSamba(t, smbtest.SambaOptions{MinProtocol: protocol, SigningMandatory: true})
		type job struct{ frame, at int }
		jobs := make(chan job)
		var running sync.WaitGroup
		var unsigned, other, none atomic.Int32
		for range workers {
			running.Go(func() {
				for j := range jobs {
					var was header
					nc := &mutatingConn{Conn: dialTCP(t, samba.Addr()), at: j.frame, mutate: func(_ *rand.Rand, frame []byte) []byte {
						was = bytes.Clone(frame)
						if j.at < len(frame) {
							frame[j.at] ^= 1 << ((j.frame + j.at/step) % 8)
						}
						return framed(frame)
					}}
					data, err := wholeSession(testContext(t), nc, samba.Credentials(), Options{}, message)
					switch {
					case err == nil && bytes.Equal(data, smbtest.Phonebook()):
						none.Add(1)
					case errors.Is(err, smb.ErrSigning):
						unsigned.Add(1)
					case errors.Is(err, smb.ErrProtocol) && (j.at < 48 || j.at >= headerSize):
						other.Add(1) // not an answer to the request, or malformed
					default:
						t.Errorf("%s, answer %d, byte %d of % X: %d bytes, %v", protocol, j.frame, j.at, was, len(data), err)
					}
				}
			})
		}
		for frame := first; frame <= last; frame++ {
			for at := frame % step; at < headerSize+24; at += step {
				jobs <- job{frame, at}
			}
		}
		close(jobs)
		running.Wait()
		t.Logf("%s: %d signatures did not verify, %d answers were malformed, %d sessions ended well",
			protocol, unsigned.Load(), other.Load(), none.Load())
		if unsigned.Load() == 0 {
			t.Errorf("%s: no signature failed", protocol)
		}
	}
}

// wholeSession does all that a probe does.
func wholeSession(ctx context.Context, nc net.Conn, creds smb.Credentials, o Options, message []byte) (data []byte, err error) {
	s, err := login(ctx, nc, creds, o)
	if err != nil {
		return nil, err
	}
	defer func() {
		if closing := s.Close(ctx); err == nil {
			err = closing
		}
	}()
	tree, err := s.Connect(ctx, "ADMIN$")
	if err != nil {
		return nil, err
	}
	file, err := tree.Open(ctx, smbtest.PhonebookName)
	if err != nil {
		return nil, err
	}
	if file.Info().Size > 1<<20 {
		return nil, smb.Protocolf("open", "a size that a probe would refuse")
	}
	if data, err = file.ReadAll(ctx); err != nil {
		return nil, err
	}
	if err := file.Close(ctx); err != nil {
		return nil, err
	}
	ipc, err := s.Connect(ctx, "IPC$")
	if err != nil {
		return nil, err
	}
	pipe, err := ipc.OpenPipe(ctx, "srvsvc")
	if err != nil {
		return nil, err
	}
	if _, err := pipe.Transact(ctx, message, 4280); err != nil {
		return nil, err
	}
	return data, pipe.Close(ctx)
}

// explained reports whether an error is one that a probe makes a state of.
func explained(err error) bool {
	if smb.StatusOf(err) != smb.StatusOK {
		return true
	}
	for _, known := range []error{
		smb.ErrProtocol, smb.ErrSigning, smb.ErrConnectionLost, smb.ErrNotSMB, smb.ErrNotOffered,
		smb.ErrGuest, smb.ErrEncryptionRequired, context.DeadlineExceeded, io.ErrUnexpectedEOF,
	} {
		if errors.Is(err, known) {
			return true
		}
	}
	return false
}
