package peer_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
)

// chain is a session setup with a tree connect chained to it, as an SMB message.
const chain = "" +
	"ff534d4273000000001801c000000000000000000000000000003412000001000d7500a800044101000100000000001800180000000000" +
	"5c00000069004c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4c4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e4e00" +
	"730076006300700072006f00620065000000450058004300480044004f004d00000055006e00690078000000700072006f006200650000" +
	"00000004ff000000000001002100005c005c00450058004300480031005c00490050004300240000003f3f3f3f3f00" +
	""

func framed(message string) string { return fmt.Sprintf("%08x", len(message)/2) + message }

// TestChains has tshark decode the answers to a chain.
func TestChains(t *testing.T) {
	tests := []struct {
		name   string
		change func(*peer.Script)
		want   string // commands, status, UID, TID, words of the answer
	}{
		{"healthy", func(*peer.Script) {}, "0x73,0x75,0xff 0x00000000 2048 2049 3,3"},
		{"cut short", func(s *peer.Script) { s.ChainCutShort = true }, "0x73,0xff 0x00000000 2048 0 3"},
		{"login refused", func(s *peer.Script) { s.Login.Status = 0xC000006D }, "0x73 0xc000006d 0 0 0"},
		{"share refused", func(s *peer.Script) { s.Shares["IPC$"] = 0xC0000022 }, "0x73,0x75 0xc0000022 2048 0 3,0"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := peer.Healthy(nil)
			test.change(&script)
			p := peer.Start(t, script)
			capture := smbtest.StartCapture(t, p.Port())
			if _, err := say(t, p, negotiate+framed(chain)); err != nil {
				t.Fatal(err)
			}
			out := capture.Tshark("-Y", "smb.cmd == 0x73 && smb.flags.response == 1", "-T", "fields", "-E", "separator= ",
				"-e", "smb.cmd", "-e", "smb.nt_status", "-e", "smb.uid", "-e", "smb.tid", "-e", "smb.wct")
			if diff := cmp.Diff(test.want, strings.TrimSpace(out)); diff != "" {
				t.Errorf("answer (-want +got):\n%s", diff)
			}
			if out := capture.Tshark("-Y", "_ws.malformed"); out != "" {
				t.Errorf("tshark cannot decode: %s", out)
			}
			c := p.Finished()[0]
			commands := []peer.Step{peer.StepNegotiate, peer.StepSessionSetup, peer.StepTreeConnect}
			if test.name == "login refused" {
				commands = commands[:2]
			}
			if diff := cmp.Diff(commands, c.Commands); diff != "" {
				t.Errorf("commands (-want +got):\n%s", diff)
			}
			if c.Frames != 2 || len(c.Logins) != 1 || c.Logins[0].VcNumber != 1 {
				t.Errorf("record: %+v", c)
			}
		})
	}
}

// TestRequestsInFlight sends requests without waiting for answers.
func TestRequestsInFlight(t *testing.T) {
	script := peer.Healthy(nil)
	script.Faults = map[peer.Step]peer.Fault{peer.StepNegotiate: {Kind: peer.Hang}}
	p := peer.Start(t, script)
	if _, err := say(t, p, strings.Repeat(negotiate, 3)); err != nil {
		t.Fatal(err)
	}
	if c := p.Finished()[0]; c.MaxInFlight != 3 || c.Frames != 3 {
		t.Errorf("record: %+v", c)
	}
}
