package peer_test

import (
	"encoding/hex"
	"io"
	"net"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"
	"go.uber.org/goleak"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// negotiate is a NEGOTIATE that offers NT LM 0.12, in its frame.
const negotiate = "0000002f" + "ff534d42" + "72" + "00000000" + "18" + "0140" + "0000" + "0000000000000000" + "0000" +
	"0000" + "3412" + "0000" + "0700" + "00" + "0c00" + "024e54204c4d20302e313200"

// sessionRequest asks for *SMBSERVER, calling as A.
const sessionRequest = "81000044" +
	"20" + "434b4644454e4543464445464643464745464643434143414341434143414341" + "00" +
	"20" + "4542434143414341434143414341434143414341434143414341434143414141" + "00"

// say sends hex bytes to the peer and no more, and returns all that it answers. A
// reset is an error, the end of the connection is none.
func say(t *testing.T, p *peer.Peer, text string) ([]byte, error) {
	t.Helper()
	message, err := hex.DecodeString(text)
	if err != nil {
		t.Fatal(err)
	}
	conn, err := net.Dial("tcp", p.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	if _, err := conn.Write(message); err != nil {
		return nil, err
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		return nil, err
	}
	return io.ReadAll(conn)
}

func TestFaults(t *testing.T) {
	healthy := func(t *testing.T) []byte {
		t.Helper()
		answer, err := say(t, peer.Start(t, fixed()), negotiate)
		if err != nil || len(answer) < 69 {
			t.Fatalf("the healthy peer answers %x, %v", answer, err)
		}
		return answer
	}(t)
	truncated := append([]byte{0, 0, 0, byte((len(healthy) - 4) / 2)}, healthy[4:4+(len(healthy)-4)/2]...)
	wrongMID := append([]byte{}, healthy...)
	wrongMID[4+30], wrongMID[4+31] = ^healthy[4+30], ^healthy[4+31]

	tests := []struct {
		name  string
		fault peer.Fault
		want  []byte
	}{
		{"hang", peer.Fault{Kind: peer.Hang}, []byte{}},
		{"close", peer.Fault{Kind: peer.Close}, []byte{}},
		{"huge frame", peer.Fault{Kind: peer.HugeFrame}, []byte("\x00\xFF\xFF\xFF")},
		{"SMB2 stub", peer.Fault{Kind: peer.SMB2Stub}, []byte("\x00\x00\x00\x02\xFES")},
		{"truncate", peer.Fault{Kind: peer.Truncate}, truncated},
		{"close in the frame", peer.Fault{Kind: peer.CloseMidFrame}, healthy[:len(healthy)/2]},
		{"wrong MID", peer.Fault{Kind: peer.WrongMID}, wrongMID},
		{"later than this", peer.Fault{Kind: peer.Hang, After: 1}, healthy},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := fixed()
			script.Faults = map[peer.Step]peer.Fault{peer.StepNegotiate: test.fault}
			got, err := say(t, peer.Start(t, script), negotiate)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("reset", func(t *testing.T) {
		script := fixed()
		script.Faults = map[peer.Step]peer.Fault{peer.StepNegotiate: {Kind: peer.Reset}}
		if got, err := say(t, peer.Start(t, script), negotiate); err == nil {
			t.Errorf("no reset, but the answer %x", got)
		}
	})
	t.Run("delay", func(t *testing.T) {
		script := fixed()
		script.Faults = map[peer.Step]peer.Fault{peer.StepNegotiate: {Kind: peer.Delay, Delay: time.Millisecond}}
		conn, err := net.Dial("tcp", peer.Start(t, script).Addr().String())
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := io.Copy(conn, hex.NewDecoder(strings.NewReader(negotiate))); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(healthy))
		if _, err := io.ReadFull(conn, got); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(healthy, got); diff != "" {
			t.Errorf("answer (-want +got):\n%s", diff)
		}
	})
	t.Run("random bytes", func(t *testing.T) {
		script := fixed()
		script.Faults = map[peer.Step]peer.Fault{peer.StepNegotiate: {Kind: peer.RandomBytes, Seed: 7}}
		first, err := say(t, peer.Start(t, script), negotiate)
		if err != nil {
			t.Fatal(err)
		}
		again, err := say(t, peer.Start(t, script), negotiate)
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(first, again); len(first) != 512 || diff != "" {
			t.Errorf("%d bytes; one seed gives different bytes:\n%s", len(first), diff)
		}
	})
}

// fixed is a healthy script whose answers do not change with the time.
func fixed() peer.Script {
	s := peer.Healthy(nil)
	modified := s.Files[peer.PhonebookPath].Modified
	s.Negotiate.Time = func() time.Time { return modified }
	return s
}

func TestSessionService(t *testing.T) {
	tests := []struct {
		name    string
		netbios peer.NetBIOS
		want    string
	}{
		{"accepted", peer.NetBIOS{}, "82000000"},
		{"name not present", peer.NetBIOS{Others: 0x82}, "8300000182"},
		{"by name", peer.NetBIOS{Names: map[string]byte{"*SMBSERVER": 0x83}}, "8300000183"},
		{"retarget", peer.NetBIOS{Retarget: netip.MustParseAddrPort("127.0.0.9:139")}, "840000067f000009008b"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			p := peer.Start(t, peer.Script{NetBIOS: &test.netbios})
			got, err := say(t, p, sessionRequest)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(test.want, hex.EncodeToString(got)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			want := []peer.Connection{{Commands: []peer.Step{peer.StepSessionRequest}, Frames: 1, MaxInFlight: 1,
				CalledNames: []string{"*SMBSERVER"}, CallingName: "A", Ended: true}}
			if diff := cmp.Diff(want, p.Finished(), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("record (-want +got):\n%s", diff)
			}
		})
	}
}

func TestMalformedRequestsAreRecorded(t *testing.T) {
	p := peer.Start(t, peer.Healthy(nil))
	got, err := say(t, p, "00000004"+"ff534d42")
	if err != nil || len(got) > 0 {
		t.Errorf("answer %x, %v", got, err)
	}
	if c := p.Finished(); len(c) != 1 || len(c[0].Malformed) != 1 {
		t.Errorf("record: %+v", c)
	}
}

func TestSilentPeerSaysNothing(t *testing.T) {
	p := peer.Silent(t)
	got, err := say(t, p, negotiate)
	if err != nil || len(got) > 0 {
		t.Errorf("answer %x, %v", got, err)
	}
	if n := p.Accepted(); n != 1 {
		t.Errorf("accepted = %d, want 1", n)
	}
}

// TestStopEndsOpenConnections leaves a connection open at the end of a test.
func TestStopEndsOpenConnections(t *testing.T) {
	var conn net.Conn
	t.Run("peer", func(t *testing.T) {
		var err error
		if conn, err = net.Dial("tcp", peer.Silent(t).Addr().String()); err != nil {
			t.Fatal(err)
		}
	})
	defer conn.Close()
	if b, err := io.ReadAll(conn); len(b) > 0 {
		t.Errorf("after the stop: %x, %v", b, err)
	}
}
