package simnt_test

import (
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// TestWireshark looks for errors in what is said in a whole probe.
func TestWireshark(t *testing.T) {
	t.Parallel()
	for name, o := range map[string]simnt.Options{
		"plain":  {ServicePack: 6},
		"signed": {ServicePack: 6, Signing: simnt.SigningRequired, NetBIOSOnly: true},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h, addr := start(t, o)
			addEvents(h, 100, time.Now().Add(-10*time.Minute))
			transport := map[bool]string{true: "transport: netbios", false: "transport: direct"}[o.NetBIOSOnly]
			capture := smbtest.StartCapture(t, addr.Port())
			if r := probe(t, addr, "v2", transport); r.Share != smbprobe.ShareOK || !r.Success {
				t.Fatalf("share %s, success %t", r.Share, r.Success)
			}
			answers := capture.Tshark("-Y", "smb.flags.response == 1")
			if n := strings.Count(answers, "\n"); n < 20 {
				t.Errorf("the capture has %d answers, want those of a whole probe", n)
			}
			if bad := capture.Tshark("-Y", "_ws.malformed || _ws.expert.severity >= 8388608"); bad != "" {
				t.Errorf("tshark finds errors:\n%s", bad)
			}
			if o.Signing != simnt.SigningRequired {
				return
			}
			if unsigned := capture.Tshark("-Y", "smb && smb.cmd != 0x72 && smb.flags.response == 1 && smb.flags2.sec_sig == 0"); unsigned != "" {
				t.Errorf("answers that are not signed:\n%s", unsigned)
			}
		})
	}
}
