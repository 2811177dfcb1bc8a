package diagnosis

import (
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// TestVerdictOfEachCause: the exit status comes from the causes alone.
func TestVerdictOfEachCause(t *testing.T) {
	want := map[smbprobe.Severity]smbprobe.Verdict{
		smbprobe.SeverityCritical: smbprobe.VerdictCritical, smbprobe.SeverityWarning: smbprobe.VerdictWarning, smbprobe.SeverityInfo: smbprobe.VerdictOK,
	}
	for _, test := range causeCases() {
		r := healthy()
		test.change(r)
		r.Causes = Causes(r)
		if v := r.Verdict(); v != want[test.severity] {
			t.Errorf("%s: %s, want %s", test.cause, v, want[test.severity])
		}
		r.Success = false // another check got no answer
		if v := r.Verdict(); test.severity != smbprobe.SeverityInfo && v != want[test.severity] || test.severity == smbprobe.SeverityInfo && v != smbprobe.VerdictUnknown {
			t.Errorf("%s, and a check without an answer: %s", test.cause, v)
		}
	}
}

// TestVerdictOfEachState: every state but those without an answer of the server's, and that
// are not the server's either, has a cause.
func TestVerdictOfEachState(t *testing.T) {
	const ok, warning, critical, unknown = smbprobe.VerdictOK, smbprobe.VerdictWarning, smbprobe.VerdictCritical, smbprobe.VerdictUnknown
	shares := map[smbprobe.ShareState]smbprobe.Verdict{
		smbprobe.ShareOK: ok, smbprobe.ShareNameNotResolved: critical, smbprobe.ShareHostUnreachable: critical, smbprobe.SharePortClosed: critical,
		smbprobe.ShareSessionRefused: critical, smbprobe.ShareTimeout: critical, smbprobe.ShareNotSMB: critical, smbprobe.ShareSigningRefused: warning,
		smbprobe.ShareEncryptionRequired: warning, smbprobe.ShareLoginFailed: warning, smbprobe.ShareAccountRestricted: warning,
		smbprobe.ShareGuestOnly: warning, smbprobe.ShareAccessDenied: warning, smbprobe.ShareMissing: critical, smbprobe.ShareServerFull: warning,
		smbprobe.ShareOutOfResources: critical, smbprobe.ShareServerPaused: warning, smbprobe.ShareConnectionLost: critical,
		smbprobe.ShareProtocolError: critical, smbprobe.ShareNotProbed: unknown,
	}
	for _, state := range smbprobe.ShareStates() {
		r := healthy()
		if state != smbprobe.ShareOK {
			shareIs(state, smb.StatusUnsuccessful)(r)
			r.Success = state.Definite()
		}
		r.Causes = Causes(r)
		if v, listed := shares[state]; !listed || r.Verdict() != v {
			t.Errorf("share %s: %s, want %s", state, r.Verdict(), v)
		}
		if state.Meaning() == "" {
			t.Errorf("share %s has no meaning", state)
		}
	}
	books := map[smbprobe.PhonebookState]smbprobe.Verdict{
		smbprobe.PhonebookOK: ok, smbprobe.PhonebookMissing: critical, smbprobe.PhonebookElsewhere: warning, smbprobe.PhonebookFolderMissing: critical,
		smbprobe.PhonebookAccessDenied: critical, smbprobe.PhonebookLocked: warning, smbprobe.PhonebookTooLarge: critical,
		smbprobe.PhonebookDamaged: critical, smbprobe.PhonebookDiskError: critical, smbprobe.PhonebookUnknown: unknown,
	}
	for _, state := range smbprobe.PhonebookStates() {
		r := healthy()
		if state != smbprobe.PhonebookOK {
			bookIs(state, smb.StatusUnsuccessful)(r)
			r.Success = state != smbprobe.PhonebookUnknown
		}
		r.Causes = Causes(r)
		if v, listed := books[state]; !listed || r.Verdict() != v {
			t.Errorf("phone book %s: %s, want %s", state, r.Verdict(), v)
		}
		if state.Meaning() == "" {
			t.Errorf("phone book %s has no meaning", state)
		}
	}
}

// TestSigningMayBeWrong: the module need not require signing if the server does, and signs
// wrongly after the login.
func TestSigningMayBeWrong(t *testing.T) {
	causes := Causes(&smbprobe.Result{Share: smbprobe.ShareSigningRefused, ShareError: "the signature of an answer does not verify"})
	if len(causes) != 1 || !strings.Contains(causes[0].Headline, "signs wrongly") || strings.Contains(causes[0].Explanation, "Before the login") {
		t.Errorf("%+v", causes)
	}
}
