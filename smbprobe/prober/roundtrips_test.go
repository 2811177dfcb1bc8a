package prober_test

import (
	"fmt"
	"net"
	"net/netip"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// maxRounds is what a cold probe of share and file may wait for over SMB1 with a
// NetBIOS session, the connection included.
const maxRounds = 8

// TestRoundTrips compares what a probe says of its round trips with a packet
// capture, and lets Wireshark look for errors in what we send.
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
				t.Errorf("the result says %d round trips, and the capture %d", r.RoundTrips, got)
			}
			if r.RoundTrips > tt.most {
				t.Errorf("%d round trips, want at most %d", r.RoundTrips, tt.most)
			}

			ours := fmt.Sprintf("tcp.dstport == %d && (smb || smb2)", server.Port())
			frames := func(filter string) int { return strings.Count(capture.Tshark("-Y", ours+" && "+filter), "\n") }
			if frames("frame") == 0 {
				t.Fatal("the capture has no request of ours")
			}
			if bad := capture.Tshark("-Y", ours+" && "+wrong); bad != "" {
				t.Errorf("tshark finds errors in what we send:\n%s", bad)
			}
			if tt.signed == "" {
				if n := frames("(smb.flags2.sec_sig == 1 || smb2.flags.signature == 1)"); n != 0 {
					t.Errorf("%d signed requests, want none", n)
				}
			} else if n := frames(tt.signed); n < 4 {
				t.Errorf("%d signed requests, want the open, the read, the close and more", n)
			}
			if signed := r.Server != nil && r.Server.Signed; signed != (tt.signed != "") {
				t.Errorf("the result says that the session is signed: %t", signed)
			}
		})
	}
}

func onSambaWith(protocol string) func(*testing.T) netip.AddrPort {
	return func(t *testing.T) netip.AddrPort {
		return smbtest.StartSamba(t, smbtest.SambaOptions{MinProtocol: protocol}).Addr()
	}
}

// wrong is tshark's filter for frames in which it finds an error.
const wrong = "(_ws.malformed || _ws.expert.severity >= 8388608)"

// TestWrongIsFound: the filter finds what is wrong.
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
	if _, err := c.Write(framed(append(negotiate, 0, 99, 0, 2))); err != nil { // 99 bytes follow, and 1 does
		t.Fatal(err)
	}
	server.Finished() // the peer hangs up
	if capture.Tshark("-Y", "smb && "+wrong) == "" {
		t.Error("tshark finds nothing wrong with a message cut short")
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
		// Messages of one frame are in flight together.
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
