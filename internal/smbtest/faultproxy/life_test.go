package faultproxy

import (
	"bytes"
	"errors"
	"io"
	"net"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestNumbersGoOnOverConnections, and Repeat spoils all from one on.
func TestNumbersGoOnOverConnections(t *testing.T) {
	messages, _ := conversation(t)
	answers := [][]byte{messages[1], messages[4], messages[5]}
	for _, test := range []struct {
		repeat  bool
		doubled [][]bool // of each connection, each message
	}{
		{false, [][]bool{{false, false, false}, {false, true, false}, {false, false, false}}},
		{true, [][]bool{{false, false, false}, {false, true, true}, {true, true, true}}},
	} {
		addr := server(t, answering(t, answers...))
		p := Start(t, addr, Fault{Kind: Duplicate, At: 4, Repeat: test.repeat})
		for i, doubled := range test.doubled {
			var want []byte
			for j, twice := range doubled {
				want = append(want, answers[j]...)
				if twice {
					want = append(want, answers[j]...)
				}
			}
			checkHeard(t, listenTo(dial(t, p)), want, false)
			if fired := p.Fired(); fired != (i > 0) {
				t.Errorf("fired after connection %d: %t", i, fired)
			}
		}
		want := Place{Direction: FromServer, Number: 4, Connection: 1, Index: 1}
		if place, _ := p.Struck(); place != want || p.Messages() != 9 {
			t.Errorf("struck %s, want %s; %d messages", place, want, p.Messages())
		}
		if diff := cmp.Diff("message 4 from the server: connection 1, message 1", want.String()); diff != "" {
			t.Error(diff)
		}
	}
}

// TestReorderOfTheLast: there is none to go before it.
func TestReorderOfTheLast(t *testing.T) {
	messages, counted := conversation(t)
	got, p := converse(t, Fault{Kind: Reorder, At: len(counted) - 1}, messages...)
	checkHeard(t, got, bytes.Join(messages, nil), false)
	if p.Fired() {
		t.Error("it says that it has fired")
	}
}

// TestCloseEndsWhatHangs: a client that waits, and a message that would take hours.
func TestCloseEndsWhatHangs(t *testing.T) {
	for _, f := range []Fault{{Kind: HangBefore}, {Kind: HangMiddle}, {Kind: Trickle, Interval: time.Hour}} {
		message := smb1Message(t, "04", true, closed)
		release := make(chan struct{})
		p := Start(t, server(t, func(conn *net.TCPConn) {
			defer conn.Close()
			if _, err := conn.Write(message); err != nil {
				t.Errorf("the server: %v", err)
			}
			<-release // and stays
		}), f)
		client := dial(t, p)
		reading := make(chan error, 1)
		go func() {
			_, err := io.ReadAll(client)
			reading <- err
		}()
		for !p.Fired() { // then it hangs
			time.Sleep(time.Millisecond)
		}
		p.Close()
		p.Close()
		close(release)
		<-reading // it would wait indefinitely
		_ = client.Close()
	}
}

// TestNoServer: the client's connection ends.
func TestNoServer(t *testing.T) {
	l, err := net.ListenTCP("tcp4", &net.TCPAddr{IP: net.IPv4(127, 0, 0, 1)})
	if err != nil {
		t.Fatal(err)
	}
	addr := l.Addr().(*net.TCPAddr).AddrPort()
	_ = l.Close()
	p := Start(t, addr, Fault{})
	if got := listenTo(dial(t, p)); len(got.bytes) != 0 || got.err != nil {
		t.Errorf("heard %x, %v", got.bytes, got.err)
	}
	p.Close()
	if conn, err := net.Dial("tcp", p.Addr().String()); err == nil {
		conn.Close()
		t.Error("it listens after it was closed")
	}
}

// TestReadMessage: what is whole is read, what is not is an error.
func TestReadMessage(t *testing.T) {
	message := smb1Message(t, "04", true, closed)
	for n := range len(message) + 1 {
		got, err := readMessage(bytes.NewReader(message[:n]))
		if n == len(message) {
			if diff := cmp.Diff(message, got); diff != "" || err != nil {
				t.Errorf("whole: %v\n%s", err, diff)
			}
			continue
		}
		if !errors.Is(err, io.EOF) && !errors.Is(err, io.ErrUnexpectedEOF) {
			t.Errorf("%d bytes of %d: %v", n, len(message), err)
		}
	}
}
