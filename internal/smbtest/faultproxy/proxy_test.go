package faultproxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"net/netip"
	"slices"
	"syscall"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// heard is what one side of a conversation got until it ended.
type heard struct {
	bytes []byte
	err   error // nil: FIN
}

// listenTo says nothing and takes all that comes.
func listenTo(conn *net.TCPConn) heard {
	defer conn.Close()
	_ = conn.CloseWrite() // fails where the connection was reset, which ReadAll says
	b, err := io.ReadAll(conn)
	return heard{b, err}
}

// say says something, and waits until the other side has ended too.
func say(conn *net.TCPConn, messages ...[]byte) error {
	defer conn.Close()
	if _, err := conn.Write(bytes.Join(messages, nil)); err != nil {
		return err
	}
	if err := conn.CloseWrite(); err != nil {
		return err
	}
	_, err := io.Copy(io.Discard, conn)
	return err
}

// server is a server that does one thing with each connection, one after the other,
// until the end of the test.
func server(t *testing.T, serve func(*net.TCPConn)) netip.AddrPort {
	t.Helper()
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		for {
			conn, err := l.AcceptTCP()
			if err != nil {
				return
			}
			serve(conn)
		}
	}()
	t.Cleanup(func() {
		_ = l.Close()
		<-ended
	})
	return l.Addr().(*net.TCPAddr).AddrPort()
}

// answering has a server say messages once the client has done with connecting: a reset
// may otherwise come while it does.
func answering(t *testing.T, messages ...[]byte) func(*net.TCPConn) {
	return func(conn *net.TCPConn) {
		if _, err := io.Copy(io.Discard, conn); err != nil {
			t.Errorf("the server: waiting for the client: %v", err)
		}
		if err := say(conn, messages...); err != nil {
			t.Errorf("the server: %v", err)
		}
	}
}

func dial(t *testing.T, p *Proxy) *net.TCPConn {
	t.Helper()
	conn, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	return conn.(*net.TCPConn)
}

// converse has one side of a new connection say messages through a proxy, and returns
// what the other side heard.
func converse(t *testing.T, f Fault, messages ...[]byte) (heard, *Proxy) {
	t.Helper()
	if f.Toward == FromServer {
		p := Start(t, server(t, answering(t, messages...)), f)
		return listenTo(dial(t, p)), p
	}
	got := make(chan heard, 1)
	p := Start(t, server(t, func(conn *net.TCPConn) { got <- listenTo(conn) }), f)
	if err := say(dial(t, p), messages...); err != nil {
		t.Errorf("the client: %v", err)
	}
	return <-got, p
}

// conversation is what is said in most tests, with what does not count in it.
func conversation(t *testing.T) (messages [][]byte, counted []int) {
	t.Helper()
	s := samples(t)
	pending := smb2Message(t, 11, true, statusPending, bytesOf(t, "0900000000000000"))
	return [][]byte{s["session response"], s["SMB1 login"], {typeKeepAlive, 0, 0, 0}, pending, s["SMB2 open"], s["SMB1 open"]}, []int{0, 1, 4, 5}
}

// TestFaults: each kind in each direction does to a message of a conversation what
// spoil and reordered say, and nothing to the others.
func TestFaults(t *testing.T) {
	messages, counted := conversation(t)
	const at, seed = 2, 7
	for _, toward := range []Direction{FromServer, FromClient} {
		for _, k := range append(Kinds(), None) {
			t.Run(k.String()+" "+toward.String(), func(t *testing.T) {
				f := Fault{Kind: k, At: at, Toward: toward, Seed: seed, Interval: time.Microsecond}
				got, p := converse(t, f, messages...)

				place := Place{Direction: toward, Number: at, Index: at}
				spoiled := counted[at]
				random := place.random(seed)
				d, fires := spoil(k, messages[spoiled], random)
				next := spoiled + 1
				if k == Reorder {
					d, fires, next = reordered(messages[spoiled], messages[next]), true, next+1
				}
				want, total := slices.Concat(messages[:spoiled], d.chunks), at+1
				if d.then == goesOn {
					want, total = append(want, messages[next:]...), len(counted)
				}
				checkHeard(t, got, bytes.Join(want, nil), d.then == resets)
				if p.Fired() != fires || p.Messages() != total {
					t.Errorf("fired %t, %d messages; want %t, %d", p.Fired(), p.Messages(), fires, total)
				}
				if struck, _ := p.Struck(); fires && struck != place {
					t.Errorf("struck %s, want %s", struck, place)
				}
			})
		}
	}
}

// checkHeard checks what came. A reset may overtake what was sent before it.
func checkHeard(t *testing.T, got heard, want []byte, reset bool) {
	t.Helper()
	if reset {
		if !errors.Is(got.err, syscall.ECONNRESET) || !bytes.HasPrefix(want, got.bytes) {
			t.Errorf("heard %x, error %v; want a reset after no more than %x", got.bytes, got.err, want)
		}
		return
	}
	if got.err != nil {
		t.Errorf("the connection ended with %v", got.err)
	}
	if diff := cmp.Diff(want, got.bytes); diff != "" {
		t.Errorf("heard (-want +got):\n%s", diff)
	}
}

// TestExactly: what goes out for the kinds in which nothing is random.
func TestExactly(t *testing.T) {
	m := smb1Message(t, "04", true, closed) // 39 bytes
	second := []byte{0, 0, 0, 1, 'x'}
	parts := func(p ...[]byte) [][]byte { return p }
	for k, want := range map[Kind]delivery{
		CloseBefore: {then: closes}, CloseMiddle: {parts(m[:19]), false, closes}, CloseAfter: {parts(m), false, closes},
		ResetBefore: {then: resets}, ResetMiddle: {parts(m[:19]), false, resets}, ResetAfter: {parts(m), false, resets},
		HangBefore: {then: hangs}, HangMiddle: {parts(m[:19]), false, hangs}, HangAfter: {parts(m), false, hangs},
		Trickle: {parts(m), true, goesOn}, Duplicate: {parts(m, m), false, goesOn},
		KeepAlive: {parts([]byte{0x85, 0, 0, 0}, m), false, goesOn},
	} {
		got, _ := spoil(k, m, seeded(1))
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(delivery{})); diff != "" {
			t.Errorf("%s (-want +got):\n%s", k, diff)
		}
	}
	if diff := cmp.Diff(delivery{chunks: parts(second, m)}, reordered(m, second), cmp.AllowUnexported(delivery{})); diff != "" {
		t.Errorf("reordered (-want +got):\n%s", diff)
	}
}

// TestLengthsOfFrames: what the header says, and what follows it.
func TestLengthsOfFrames(t *testing.T) {
	m := samples(t)["SMB2 read"]
	body := len(m) - headerSize
	for seed := range uint64(seeds) {
		sent := func(k Kind) (announced, follow int, then ending) {
			d, _ := spoil(k, m, seeded(seed))
			b := bytes.Join(d.chunks, nil)
			return lengthOf(b), len(b) - headerSize, d.then
		}
		if says, has, then := sent(Truncate); says != has || has >= body || then != goesOn {
			t.Errorf("Truncate: %d of %d bytes", has, says)
		}
		if says, has, then := sent(TruncateSMB); says != body || has >= body || then != closes && then != hangs {
			t.Errorf("TruncateSMB: %d of %d bytes", has, says)
		}
		if says, has, _ := sent(LengthLonger); says <= body || has != body {
			t.Errorf("LengthLonger: %d of %d bytes", has, says)
		}
		if says, has, _ := sent(LengthShorter); says >= body || has != body {
			t.Errorf("LengthShorter: %d of %d bytes", has, says)
		}
		if says, has, then := sent(HugeFrame); says < 128<<10 || says >= 16<<20 || has > 1024 || has == 0 || then != hangs {
			t.Errorf("HugeFrame: %d of %d bytes", has, says)
		}
		d, _ := spoil(EmptyFrame, m, seeded(seed))
		if empty := d.chunks[0]; len(empty)%4 != 0 || len(empty) == 0 || len(empty) > 64 || !bytes.Equal(empty, make([]byte, len(empty))) || !bytes.Equal(d.chunks[1], m) {
			t.Errorf("EmptyFrame: %x", empty)
		}
		if d, _ := spoil(Insert, m, seeded(seed)); len(d.chunks[0]) == 0 || len(d.chunks[0]) > 64 || !bytes.Equal(d.chunks[1], m) {
			t.Errorf("Insert: %x", d.chunks[0])
		}
	}
}
