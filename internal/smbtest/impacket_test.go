package smbtest_test

import (
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// TestImpacketChecksPasswordsAndSignatures proves the server with Samba's client,
// which verifies the signatures of the answers.
func TestImpacketChecksPasswordsAndSignatures(t *testing.T) {
	book := string(smbtest.Phonebook())
	signed := []string{"client signing=required"}
	ntlmv1 := []string{"client ntlmv2 auth=no"}
	tests := []struct {
		name     string
		signing  bool
		options  []string
		user     string
		password string
		want     string
		login    smbtest.ImpacketEvent
	}{
		{name: "NTLMv2", want: book, login: smbtest.ImpacketEvent{OK: true, Kind: "NTLMv2", LM: "none"}},
		{name: "NTLMv1", options: ntlmv1, want: book, login: smbtest.ImpacketEvent{OK: true, Kind: "NTLMv1", LM: "copy"}},
		{name: "wrong password", password: "wrong", want: "NT_STATUS_LOGON_FAILURE",
			login: smbtest.ImpacketEvent{Kind: "NTLMv2", LM: "none"}},
		{name: "wrong password with NTLMv1", password: "wrong", options: ntlmv1, want: "NT_STATUS_LOGON_FAILURE",
			login: smbtest.ImpacketEvent{Kind: "NTLMv1", LM: "copy"}},
		{name: "unknown user", user: "nosuch", want: "NT_STATUS_LOGON_FAILURE",
			login: smbtest.ImpacketEvent{Kind: "NTLMv2", LM: "none"}},
		{name: "NTLMv2 signed", signing: true, options: signed, want: book,
			login: smbtest.ImpacketEvent{OK: true, Kind: "NTLMv2", LM: "none"}},
		{name: "NTLMv1 signed", signing: true, options: append(ntlmv1, signed...), want: book,
			login: smbtest.ImpacketEvent{OK: true, Kind: "NTLMv1", LM: "copy"}},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			s := smbtest.StartImpacket(t, smbtest.ImpacketOptions{SigningRequired: test.signing})
			c := client{port: s.Port(), protocol: "NT1", user: smbtest.Username, password: smbtest.Password,
				share: "ADMIN$", options: test.options}
			if test.user != "" {
				c.user = test.user
			}
			if test.password != "" {
				c.password = test.password
			}
			if diff := cmp.Diff(test.want, c.read(t)); diff != "" {
				t.Errorf("phone book or status (-want +got):\n%s", diff)
			}
			if n := s.Logins(); n != 1 {
				t.Fatalf("logins = %d, want 1: %+v", n, s.Events())
			}
			got := s.Events()[1]
			want := test.login
			want.Event, want.User, want.Domain, want.VcNumber = "login", c.user, "TESTDOM", got.VcNumber
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("login (-want +got):\n%s", diff)
			}
			right, wrong := s.Signatures()
			if wrong > 0 || (right > 0) != test.signing {
				t.Errorf("signatures: %d right, %d wrong", right, wrong)
			}
		})
	}
}

// wrongSequence logs in and connects to the share with a signature whose sequence
// number is so much too high.
const wrongSequence = `
import sys
from impacket import nmb, ntlm, smb
transport = nmb.NetBIOSTCPSession('TESTER', 'EXCH01', '127.0.0.1', sess_port=int(sys.argv[1]))
s = smb.SMB('EXCH01', '127.0.0.1', session=transport)
s.login('rasphone', 'Pa$$w0rd-1998', 'TESTDOM')
nt_hash = ntlm.compute_nthash('Pa$$w0rd-1998')
s._SigningSessionKey = ntlm.generateSessionKeyV1('Pa$$w0rd-1998', b'', nt_hash)
s._SigningChallengeResponse = ntlm.get_ntlmv1_response(nt_hash, s.get_encryption_key())
s._SignSequenceNumber = 2 + int(sys.argv[2])
s._SignatureEnabled = True
try:
    s.tree_connect_andx('\\\\EXCH01\\ADMIN$', None)
    print('connected')
except smb.SessionError as e:
    print('%08X' % e.get_error_code())
`

func TestImpacketRefusesWrongSignatures(t *testing.T) {
	for _, test := range []struct {
		offset, want string
		right, wrong int
	}{
		{"0", "connected", 1, 0},
		{"2", "C0000022", 0, 1},
	} {
		s := smbtest.StartImpacket(t, smbtest.ImpacketOptions{SigningRequired: true})
		out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", "-c", wrongSequence, fmt.Sprint(s.Port()), test.offset).CombinedOutput()
		if err != nil {
			t.Fatalf("impacket's client: %v\n%s", err, out)
		}
		if diff := cmp.Diff(test.want, strings.TrimSpace(string(out))); diff != "" {
			t.Errorf("offset %s: answer to the tree connect (-want +got):\n%s", test.offset, diff)
		}
		if right, wrong := s.Signatures(); right != test.right || wrong != test.wrong {
			t.Errorf("offset %s: signatures: %d right, %d wrong", test.offset, right, wrong)
		}
	}
}
