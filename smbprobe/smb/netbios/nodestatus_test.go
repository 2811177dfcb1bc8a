package netbios

import (
	"context"
	"encoding/binary"
	"errors"
	"net"
	"net/netip"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// question is a query as the peer sees it.
type question struct {
	id     uint16
	number int // from 1 on
	name   [EncodedNameSize]byte
}

// nodeStatusFrom runs NodeStatus against a peer that answers each query with
// datagrams. It runs in a bubble of package synctest: its clock stands still but
// where everybody waits.
func nodeStatusFrom(ctx context.Context, t *testing.T, answer func(question) [][]byte) (names []Name, rounds int, err error) {
	t.Helper()
	client, server := net.Pipe() // one write is one read: good enough for datagrams
	incoming, outgoing := make(chan question, 8), make(chan [][]byte, 8)
	go func() { // reads the queries
		defer close(incoming)
		b := make([]byte, 512)
		for n := 1; ; n++ {
			size, err := server.Read(b)
			if err != nil {
				return
			}
			if size != 50 {
				t.Errorf("query of %d bytes, want 50", size)
				return
			}
			incoming <- question{binary.BigEndian.Uint16(b), n, [EncodedNameSize]byte(b[12:])}
		}
	}()
	go func() { // thinks
		defer close(outgoing)
		for q := range incoming {
			outgoing <- answer(q)
		}
	}()
	done := make(chan struct{})
	go func() { // writes the answers, as long as the client listens
		defer close(done)
		for datagrams := range outgoing {
			for _, d := range datagrams {
				_, _ = server.Write(d)
			}
		}
	}()

	var counted smb.Rounds
	dial := func(_ context.Context, network, address string) (net.Conn, error) {
		if network != "udp" || address != "10.1.2.3:137" {
			t.Errorf("dialled %s %s", network, address)
		}
		return client, nil
	}
	names, err = NodeStatus(ctx, dial, netip.MustParseAddrPort("10.1.2.3:137"), &counted)
	_ = server.Close()
	<-done
	return names, counted.Count(), err
}

func TestNodeStatus(t *testing.T) {
	const entry = "SRV            \x20\x04\x00"
	ok := []Name{{Name: "SRV", Suffix: 0x20, Active: true}}
	good := func(q question) [][]byte { return [][]byte{answerWith(q.id, entry)} }
	strays := func(n int) [][]byte {
		many := make([][]byte, n)
		for i := range many {
			many[i] = []byte("stray")
		}
		return many
	}
	tests := map[string]struct {
		answer func(question) [][]byte
		want   []Name
		err    error
		took   time.Duration
		rounds int
	}{
		"at once": {good, ok, nil, 0, 1},
		"to the second try": {func(q question) [][]byte {
			if q.number == 1 {
				return nil
			}
			return good(q)
		}, ok, nil, answerWait, 1},
		"to the name of domain master browsers alone": {func(q question) [][]byte {
			if q.name != mastersName() {
				return nil
			}
			return good(q)
		}, ok, nil, answerWait, 1},
		"to the first try, late": {func(q question) [][]byte {
			if q.number > 1 {
				return nil
			}
			time.Sleep(answerWait + time.Millisecond) // of the test's own clock
			return good(q)
		}, ok, nil, answerWait + time.Millisecond, 1},
		"never":             {func(question) [][]byte { return nil }, nil, context.DeadlineExceeded, 2 * answerWait, 0},
		"with another id":   {func(q question) [][]byte { return [][]byte{answerWith(q.id+3, entry)} }, nil, context.DeadlineExceeded, 2 * answerWait, 0},
		"with an id before": {func(q question) [][]byte { return [][]byte{answerWith(q.id-3, entry)} }, nil, context.DeadlineExceeded, 2 * answerWait, 0},
		"behind strays": {func(q question) [][]byte {
			return append(strays(maxStrays), answerWith(q.id+9, entry), answerWith(q.id, entry))[1:]
		}, ok, nil, 0, 1},
		"too many strays": {func(question) [][]byte { return strays(maxStrays + 1) }, nil, smb.ErrProtocol, 0, 0},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				start := time.Now()
				got, rounds, err := nodeStatusFrom(t.Context(), t, tt.answer)
				took := time.Since(start)
				if !errors.Is(err, tt.err) {
					t.Errorf("error %v, want %v", err, tt.err)
				}
				if diff := cmp.Diff(tt.want, got); diff != "" {
					t.Errorf("(-want +got):\n%s", diff)
				}
				if took != tt.took {
					t.Errorf("took %s, want %s", took, tt.took)
				}
				if rounds != tt.rounds {
					t.Errorf("%d round trips, want %d", rounds, tt.rounds)
				}
			})
		})
	}
}

// The context ends the query, at whatever moment.
func TestNodeStatusContext(t *testing.T) {
	for _, limit := range []time.Duration{0, answerWait / 2, answerWait, answerWait * 3 / 2} {
		synctest.Test(t, func(t *testing.T) {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			defer time.AfterFunc(limit, cancel).Stop()
			start := time.Now()
			_, _, err := nodeStatusFrom(ctx, t, func(question) [][]byte { return nil })
			if !errors.Is(err, context.Canceled) {
				t.Errorf("cancelled after %s: error %v, want %v", limit, err, context.Canceled)
			}
			if took := time.Since(start); took != limit {
				t.Errorf("cancelled after %s: took %s", limit, took)
			}
		})
	}
}

func TestNodeStatusDialError(t *testing.T) {
	dial := func(context.Context, string, string) (net.Conn, error) { return nil, syscall.ENETUNREACH }
	_, err := NodeStatus(t.Context(), dial, netip.MustParseAddrPort("10.1.2.3:137"), new(smb.Rounds))
	if !errors.Is(err, syscall.ENETUNREACH) {
		t.Errorf("error %v, want %v", err, syscall.ENETUNREACH)
	}
}

// Over real sockets: a datagram from another port is never read, and the answer
// of the one that was asked is.
func TestNodeStatusUDP(t *testing.T) {
	server, stranger := listenUDP(t), listenUDP(t)
	done := make(chan struct{})
	go func() {
		defer close(done)
		b := make([]byte, 512)
		n, from, err := server.ReadFrom(b)
		if err != nil || n != 50 {
			t.Errorf("query of %d bytes, %v", n, err)
			return
		}
		id := binary.BigEndian.Uint16(b)
		if _, err := stranger.WriteTo(answerWith(id, "EVIL           \x20\x04\x00"), from); err != nil {
			t.Error(err)
		}
		if _, err := server.WriteTo(answerWith(id, "SRV            \x20\x04\x00"), from); err != nil {
			t.Error(err)
		}
	}()
	var rounds smb.Rounds
	addr := netip.MustParseAddrPort(server.LocalAddr().String())
	names, err := NodeStatus(t.Context(), new(net.Dialer).DialContext, addr, &rounds)
	<-done
	if err != nil {
		t.Fatal(err)
	}
	if got, ok := ServerName(names); got != "SRV" || !ok || rounds.Count() != 1 {
		t.Errorf("name %q, %t in %d round trips", got, ok, rounds.Count())
	}
}

// A host without the service says so at once. The port is held by a socket
// that is connected elsewhere, so it is closed to us and no other socket, our
// own included, can get it meanwhile.
func TestNodeStatusPortClosed(t *testing.T) {
	holder, err := net.Dial("udp", listenUDP(t).LocalAddr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = holder.Close() }()
	addr := netip.MustParseAddrPort(holder.LocalAddr().String())
	var rounds smb.Rounds
	_, err = NodeStatus(t.Context(), new(net.Dialer).DialContext, addr, &rounds)
	if !errors.Is(err, syscall.ECONNREFUSED) || rounds.Count() != 1 {
		t.Errorf("error %v in %d round trips, want %v in 1", err, rounds.Count(), syscall.ECONNREFUSED)
	}
}

func listenUDP(t *testing.T) net.PacketConn {
	t.Helper()
	var config net.ListenConfig
	conn, err := config.ListenPacket(t.Context(), "udp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	return conn
}
