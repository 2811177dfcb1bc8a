package prober_test

import (
	"encoding/binary"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// noise are so many random bytes.
func noise(seed uint64, n int) []byte {
	random := rand.New(rand.NewPCG(seed, 0))
	b := make([]byte, n)
	for i := range b {
		b[i] = byte(random.Uint32())
	}
	return b
}

// framed puts the transport header in front of a message.
func framed(message []byte) []byte {
	return append(binary.BigEndian.AppendUint32(nil, uint32(len(message))), message...)
}

// spoiler changes the answers of a real server, the n-th of a connection, from 0.
// A nil answer in its place: silence from then on. More false: the connection ends
// behind it.
type spoiler func(n int, answer []byte) (instead []byte, more bool)

// interim reports whether a message is an interim answer of SMB2, STATUS_PENDING.
func interim(message []byte) bool {
	return len(message) >= 12 && string(message[:4]) == "\xfeSMB" && binary.LittleEndian.Uint32(message[8:]) == uint32(smb.StatusPending)
}

// spoiled is a server whose answers a spoiler changes. What it has to itself ends
// with the test.
type spoiled struct {
	addr netip.AddrPort

	mu     sync.Mutex
	opened int
	closed int // by the client
}

// spoil puts a spoiler before a server.
func spoil(t testing.TB, server netip.AddrPort, change spoiler) *spoiled {
	t.Helper()
	s := &spoiled{}
	s.addr = serve(t, func(client net.Conn) {
		s.mu.Lock()
		s.opened++
		s.mu.Unlock()
		upstream, err := net.Dial("tcp", server.String())
		if err != nil {
			t.Errorf("connecting to the server to spoil: %v", err)
			return
		}
		var answering sync.WaitGroup
		answering.Go(func() {
			for n := 0; ; n++ {
				message, err := readMessage(upstream)
				if err != nil {
					return
				}
				if interim(message) { // as a busy Samba sends: not the answer, and not counted
					n--
					if _, err := client.Write(framed(message)); err != nil {
						return
					}
					continue
				}
				instead, more := change(n, message)
				if instead == nil {
					return // and what the client sends is still taken
				}
				if _, err := client.Write(instead); err != nil {
					return
				}
				if !more {
					client.Close()
					return
				}
			}
		})
		_, _ = io.Copy(upstream, client) // ends as the client does, however that is
		s.mu.Lock()
		s.closed++
		s.mu.Unlock()
		upstream.Close()
		answering.Wait()
	})
	return s
}

// wantConnections waits until so many connections were made and the client has closed
// them all.
func (s *spoiled) wantConnections(t testing.TB, want int) {
	t.Helper()
	for deadline := time.Now().Add(patience); ; time.Sleep(time.Millisecond) {
		s.mu.Lock()
		opened, closed := s.opened, s.closed
		s.mu.Unlock()
		if opened == want && closed == want {
			return
		}
		if opened > want || time.Now().After(deadline) {
			t.Errorf("%d connections, %d of them closed; want %d", opened, closed, want)
			return
		}
	}
}

func readMessage(r io.Reader) ([]byte, error) {
	var head [4]byte
	if _, err := io.ReadFull(r, head[:]); err != nil {
		return nil, err
	}
	message := make([]byte, binary.BigEndian.Uint32(head[:])&0xFFFFFF)
	_, err := io.ReadFull(r, message)
	return message, err
}
