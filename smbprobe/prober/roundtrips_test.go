package prober_test

import (
	"context"
	"encoding/binary"
	"fmt"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxRounds are the most round trips of a first probe of share and file over SMB1 with a
// NetBIOS session, the connection included.
const maxRounds = 8

// TestRoundTrips compares the round trips that a result states with a packet capture, and
// lets Wireshark look for errors in the requests.
func TestRoundTrips(t *testing.T) {
	t.Parallel()
	const smb1Signed, smb2Signed = "smb.flags2.sec_sig == 1 && smb.cmd != 0x73", "smb2.flags.signature == 1 && smb2.cmd > 1"
	tests := []struct {
		name   string
		start  func(*testing.T) netip.AddrPort
		module []string
		most   int
		signed string // the filter for a signed request; empty: none is signed
	}{
		{"SMB1, NetBIOS", onSambaWith("NT1"), []string{"transport: netbios"}, maxRounds, ""},
		{"SMB1, direct", onSambaWith("NT1"), []string{"transport: direct"}, maxRounds - 1, ""},
		{"SMB1, signed", func(t *testing.T) netip.AddrPort {
			return smbtest.StartImpacket(t, smbtest.ImpacketOptions{SigningRequired: true}).Addr()
		}, []string{"transport: direct"}, 10, smb1Signed}, // one request at a time, and no chain
		{"SMB 3.1.1, found out", onSambaWith("SMB3_11"), []string{"transport: netbios"}, 12, smb2Signed},
		{"SMB 3.1.1", onSambaWith("SMB3_11"), []string{"transport: direct", "dialect: smb2"}, 8, smb2Signed},
		{"SMB 2.0.2", onSambaWith("SMB2_02"), []string{"transport: netbios", "dialect: smb2"}, 9, smb2Signed},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			server := tt.start(t)
			s := site{hosts: []string{server.String()}, module: tt.module}
			p, target := newProber(t, prober.Options{}), s.target(t)
			capture := smbtest.StartCapture(t, server.Port())
			r := probe(t, p, target)
			wantOutcome(t, tt.name, allWell(), r)
			if got := captured(t, capture, server.Port()); r.RoundTrips != got {
				t.Errorf("%d round trips in the result, %d in the capture", r.RoundTrips, got)
			}
			if r.RoundTrips > tt.most {
				t.Errorf("%d round trips, want at most %d", r.RoundTrips, tt.most)
			}

			ours := fmt.Sprintf("tcp.dstport == %d && (smb || smb2)", server.Port())
			frames := func(filter string) int { return strings.Count(capture.Tshark("-Y", ours+" && "+filter), "\n") }
			if frames("frame") == 0 {
				t.Fatal("the capture has no request")
			}
			if bad := capture.Tshark("-Y", ours+" && "+wrong); bad != "" {
				t.Errorf("tshark finds errors in requests:\n%s", bad)
			}
			if tt.signed == "" {
				if n := frames("(smb.flags2.sec_sig == 1 || smb2.flags.signature == 1)"); n != 0 {
					t.Errorf("%d signed requests, want none", n)
				}
			} else if n := frames(tt.signed); n < 4 {
				t.Errorf("%d signed requests, want 4 or more", n)
			}
			if signed := r.Server != nil && r.Server.Signed; signed != (tt.signed != "") {
				t.Errorf("the session is signed in the result: %t", signed)
			}
		})
	}
}

func onSambaWith(protocol string) func(*testing.T) netip.AddrPort {
	return func(t *testing.T) netip.AddrPort {
		return smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol}).Addr()
	}
}

// wrong is tshark's filter for frames with errors.
const wrong = "(_ws.malformed || _ws.expert.severity >= 8388608)"

// TestWrongIsFound: the filter finds an error.
func TestWrongIsFound(t *testing.T) {
	t.Parallel()
	server := peer.Start(t, peer.Healthy(nil))
	capture := smbtest.StartCapture(t, server.Port())
	c, err := net.Dial("tcp", server.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	negotiate := append([]byte("\xFFSMB\x72"), make([]byte, 27)...)
	if _, err := c.Write(framed(append(negotiate, 0, 99, 0, 2))); err != nil { // announces 99 bytes, and has one
		t.Fatal(err)
	}
	server.Finished() // the peer hangs up
	if capture.Tshark("-Y", "smb && "+wrong) == "" {
		t.Error("tshark finds no error in a truncated message")
	}
}

// captured counts the round trips of a capture: a request's round is one more
// than the highest round that was answered before it was sent.
func captured(t *testing.T, capture *smbtest.Capture, port uint16) int {
	t.Helper()
	out := capture.Tshark("-T", "fields", "-E", "separator=;", "-E", "aggregator=,",
		"-e", "tcp.stream", "-e", "tcp.dstport", "-e", "tcp.flags.syn", "-e", "nbss.type", "-e", "smb.mid", "-e", "smb2.msg_id")
	var rounds smb.Rounds
	sent := map[string]int64{} // rounds by what the request has in common with its answer
	last := map[string]int64{} // of the last request of a stream
	for line := range strings.Lines(out) {
		fields := strings.Split(strings.TrimRight(line, "\n"), ";")
		if len(fields) != 6 {
			t.Fatalf("tshark writes %q", line)
		}
		stream, request := fields[0], fields[1] == fmt.Sprint(port)
		var messages []string
		if fields[2] == "1" || fields[2] == "True" {
			messages = append(messages, "connection")
		}
		if strings.Contains(fields[3], "0x81") || strings.Contains(fields[3], "0x82") {
			messages = append(messages, "session")
		}
		for i, ids := range fields[4:] {
			for id := range strings.SplitSeq(ids, ",") {
				if id != "" {
					messages = append(messages, fmt.Sprint("SMB", i+1, " ", id))
				}
			}
		}
		// The messages of one frame are in flight together.
		round := rounds.Sent()
		for _, m := range messages {
			switch key := stream + " " + m; {
			case request:
				sent[key], last[stream] = round, round
			case sent[key] == 0:
				rounds.Answered(last[stream]) // the SMB2 answer to an SMB1 negotiate
			default:
				rounds.Answered(sent[key])
			}
		}
	}
	return rounds.Count()
}

// requestCounter has a dial function that counts the messages that are sent.
type requestCounter struct {
	mu    sync.Mutex
	sent  int
	bytes int // both ways
}

func (c *requestCounter) dial(ctx context.Context, kind, address string) (net.Conn, error) {
	conn, err := (&net.Dialer{}).DialContext(ctx, kind, address)
	if err != nil {
		return nil, err
	}
	return &countedRequests{Conn: conn, counter: c}, nil
}

func (c *requestCounter) count(messages, bytes int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.sent += messages
	c.bytes += bytes
}

// sentSince returns how many messages were sent since the last call.
func (c *requestCounter) sentSince() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.sent
	c.sent = 0
	return n
}

// countedRequests counts the messages that are written, each behind a header of four bytes
// (RFC 1002 4.3.1).
type countedRequests struct {
	net.Conn
	counter *requestCounter
	left    int    // bytes of the message that is being written
	header  []byte // the part of the next header that is known
}

func (c *countedRequests) Read(b []byte) (int, error) {
	n, err := c.Conn.Read(b)
	c.counter.count(0, n)
	return n, err
}

func (c *countedRequests) Write(b []byte) (int, error) {
	c.counter.count(0, len(b))
	for rest := b; len(rest) > 0; {
		if c.left > 0 {
			n := min(c.left, len(rest))
			c.left, rest = c.left-n, rest[n:]
			continue
		}
		c.header, rest = append(c.header, rest[0]), rest[1:]
		if len(c.header) == 4 {
			c.left = int(binary.BigEndian.Uint32(c.header) & 0xFFFFFF)
			c.header = nil
			c.counter.count(1, 0)
		}
	}
	return c.Conn.Write(b)
}

// BenchmarkProbe probes the share and the phone book of a server on this machine, and an
// unchanged event log, as every probe but the first one does.
func BenchmarkProbe(b *testing.B) {
	for _, dialect := range []struct{ name, protocol string }{{"smb1", "NT1"}, {"smb2", "SMB3_11"}} {
		b.Run(dialect.name, func(b *testing.B) { benchmarkProbe(b, dialect.protocol, 0) })
		for _, records := range []int{10, 1000} {
			b.Run(fmt.Sprintf("%s-eventlog-%d", dialect.name, records), func(b *testing.B) { benchmarkProbe(b, dialect.protocol, records) })
		}
	}
}

// benchmarkProbe probes with an event log of that many records; 0: without it.
func benchmarkProbe(b *testing.B, protocol string, records int) {
	samba := smbtest.StartSamba(b, smbtest.SambaOptions{MinProtocol: protocol})
	s := direct(samba.Addr())
	if records > 0 {
		samba.WriteEvents(mixedEvents(records, 1)...)
		s = direct(samba.Addr(), withEventlog)
	}
	counter := new(requestCounter)
	p, target := newProber(b, prober.Options{Dial: counter.dial}), s.target(b)
	check := func(r *smbprobe.Result) {
		if !r.Success || r.Phonebook.State != smbprobe.PhonebookOK || records > 0 && (r.Eventlog.Records == nil || *r.Eventlog.Records != records) {
			b.Fatalf("share %s, phone book %s, event log %q: %q", r.Share, r.Phonebook.State, r.Eventlog.Error, r.Trace.Lines())
		}
	}
	check(p.Probe(b.Context(), target))
	b.ReportAllocs()
	rounds, probes := 0, 0
	counter.sent, counter.bytes = 0, 0
	for b.Loop() {
		r := p.Probe(b.Context(), target)
		check(r)
		rounds += r.RoundTrips
		probes++
	}
	b.ReportMetric(float64(rounds)/float64(probes), "round-trips/op")
	b.ReportMetric(float64(counter.sent)/float64(probes), "requests/op")
	b.ReportMetric(float64(counter.bytes)/float64(probes), "wire-bytes/op")
}
