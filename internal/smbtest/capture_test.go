package smbtest_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

func TestCaptureHoldsTheWholeConversation(t *testing.T) {
	s := smbtest.StartSamba(t, smbtest.SambaOptions{})
	capture := smbtest.StartCapture(t, s.Port())
	if got := account(s, "NT1").read(t); got != string(smbtest.Phonebook()) {
		t.Fatalf("the phone book is not read: %s", got)
	}
	for _, test := range []struct{ what, filter string }{
		{"negotiate", "smb.cmd == 0x72 && smb.flags.response == 0"},
		{"session setup", "smb.cmd == 0x73 && smb.flags.response == 0"},
		{"phone book", `smb.cmd == 0x2e && smb contains "[Internet Dial-Up]"`},
		{"first packet", "tcp.flags.syn == 1 && tcp.flags.ack == 0"},
		{"last packet", fmt.Sprintf("tcp.flags.fin == 1 && tcp.dstport == %d", s.Port())},
	} {
		out := capture.Tshark("-Y", test.filter, "-T", "fields", "-e", "frame.number")
		if got := strings.Count(out, "\n"); got != 1 {
			t.Errorf("%s: %d packets, want 1", test.what, got)
		}
	}
	if out := capture.Tshark("-Y", "not tcp"); out != "" {
		t.Errorf("what does not belong to the conversation: %s", out)
	}
}
