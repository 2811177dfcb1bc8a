package prober_test

import (
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestSignedSession: impacket's server signs, and verifies what we sign.
func TestSignedSession(t *testing.T) {
	t.Parallel()
	for _, ntlm := range []string{"v1", "v2"} {
		for _, signing := range []string{"signing: auto", "signing: required"} {
			t.Run("NTLM"+ntlm+", "+signing, func(t *testing.T) {
				server := smbtest.StartImpacket(t, smbtest.ImpacketOptions{SigningRequired: true})
				s := direct(server.Addr(), signing)
				s.ntlm = ntlm
				r := probeOnce(t, s)
				wantOutcome(t, "signed", allWell(), r)
				if r.Server == nil || !r.Server.Signed {
					t.Errorf("server %+v, want a signed session", r.Server)
				}
				if right, wrong := server.Signatures(); right == 0 || wrong != 0 {
					t.Errorf("%d right and %d wrong signatures", right, wrong)
				}
				if got := server.Logins(); got != 1 {
					t.Errorf("%d logins, want 1", got)
				}
			})
		}
	}
}

// TestSambaWantsSigningAndDoesNotSign: SMB1 without extended security. The
// session goes on unsigned unless signing is required.
func TestSambaWantsSigningAndDoesNotSign(t *testing.T) {
	t.Parallel()
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{SigningMandatory: true})
	r := probeOnce(t, direct(samba.Addr()))
	wantOutcome(t, "auto", allWell(), r)
	if r.Server == nil || r.Server.Signed {
		t.Errorf("server %+v, want a session that is not signed", r.Server)
	}
	wantOutcome(t, "required", share(smbprobe.ShareSigningRefused, smb.StatusOK), probeOnce(t, direct(samba.Addr(), "signing: required")))
}

// TestServerWithoutSigning: where signing is required, a server that says that it
// cannot sign is shown no password, and nothing is held back.
func TestServerWithoutSigning(t *testing.T) {
	t.Parallel()
	server := peer.Start(t, peer.Healthy(smbtest.Phonebook()))
	p := newProber(t, prober.Options{})
	for range 2 {
		r := probe(t, p, direct(server.Addr(), "signing: required").target(t))
		wantOutcome(t, "required", share(smbprobe.ShareSigningRefused, smb.StatusOK), r)
	}
	for _, c := range server.Finished() {
		if len(c.Logins) != 0 {
			t.Errorf("logins to a server that does not sign: %+v", c.Logins)
		}
	}
	wantOutcome(t, "auto", allWell(), probe(t, p, direct(server.Addr()).target(t)))
}
