package peer_test

import (
	"encoding/hex"
	"fmt"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/peer"
)

const book = "[Synthetic]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=555-0100\r\n"

// smbclient asks for the phone book with Samba's client over direct TCP, and
// returns the status that the client names. The book itself it does not get: it
// asks for attributes first, with a command that a peer does not know.
func smbclient(t *testing.T, p *peer.Peer) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "smbclient", "//127.0.0.1/ADMIN$", fmt.Sprintf("--port=%d", p.Port()),
		"--user=TESTDOM/probe%secret", "--max-protocol=NT1", "--option=client min protocol=NT1",
		"--option=client use spnego=no", `--command=get \System32\Ras\rasphone.pbk `+filepath.Join(t.TempDir(), "got")).CombinedOutput()
	for word := range strings.FieldsSeq(string(out)) {
		if strings.HasPrefix(word, "NT_STATUS_") {
			return strings.TrimRight(word, ".)")
		}
	}
	t.Fatalf("smbclient (apt-get install smbclient) names no status: %v\n%s", err, out)
	return ""
}

func TestSambaClientSeesTheStatus(t *testing.T) {
	tests := []struct {
		name   string
		change func(*peer.Script)
		want   string
	}{
		{"login refused", func(s *peer.Script) { s.Login.Status = 0xC0000072 }, "NT_STATUS_ACCOUNT_DISABLED"},
		{"share missing", func(s *peer.Script) { delete(s.Shares, "ADMIN$") }, "NT_STATUS_BAD_NETWORK_NAME"},
		{"share refused", func(s *peer.Script) { s.Shares["ADMIN$"] = 0xC00000D0 }, "NT_STATUS_REQUEST_NOT_ACCEPTED"},
		{"file missing", func(s *peer.Script) { s.Files = nil }, "NT_STATUS_OBJECT_NAME_NOT_FOUND"},
		{"file locked", func(s *peer.Script) { s.Files[peer.PhonebookPath] = peer.File{OpenStatus: 0xC0000043} },
			"NT_STATUS_SHARING_VIOLATION"},
		{"DOS error", func(s *peer.Script) { s.DOSErrors = true; s.Shares["ADMIN$"] = peer.DOS(2, 6) },
			"NT_STATUS_BAD_NETWORK_NAME"},
		{"no common dialect", func(s *peer.Script) { s.Negotiate.NoCommonDialect = true }, "NT_STATUS_INVALID_NETWORK_RESPONSE"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := peer.Healthy([]byte(book))
			test.change(&script)
			p := peer.Start(t, script)
			if diff := cmp.Diff(test.want, smbclient(t, p)); diff != "" {
				t.Errorf("phone book or status (-want +got):\n%s", diff)
			}
			for _, c := range p.Finished() {
				if diff := cmp.Diff([]string(nil), c.Malformed); diff != "" {
					t.Errorf("malformed requests (-want +got):\n%s", diff)
				}
			}
		})
	}
}

// python runs a script with the Python that Debian's packages belong to.
func python(t *testing.T, script string, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "/usr/bin/python3", append([]string{"-c", script}, args...)...).CombinedOutput()
	if err != nil {
		t.Fatalf("impacket's client (apt-get install python3-impacket): %v\n%s", err, out)
	}
	return strings.TrimSpace(string(out))
}

// impacketRead logs in and reads the phone book, optionally over a NetBIOS session.
const impacketRead = `
import sys
from impacket import nmb, smb
transport = nmb.NetBIOSTCPSession('TESTER', 'EXCH01', '127.0.0.1', sess_port=int(sys.argv[1]))
if sys.argv[2] == 'true':  # of itself it does so on port 139 alone
    transport._request_session(nmb.TYPE_SERVER, nmb.TYPE_WORKSTATION, 5)
s = smb.SMB('EXCH01', '127.0.0.1', session=transport)
s.login('probe', 'secret', 'TESTDOM')
tree = s.tree_connect_andx('\\\\EXCH01\\ADMIN$', None)
fid = s.nt_create_andx(tree, 'System32\\Ras\\rasphone.pbk', accessMask=0x81)
print(s.read_andx(tree, fid, 0, 4096).hex())
s.close(tree, fid)
s.disconnect_tree(tree)
s.logoff()
s.close_session()
`

func TestImpacketClientReadsThePhonebook(t *testing.T) {
	tests := []struct {
		name   string
		change func(*peer.Script)
	}{
		{"healthy", func(*peer.Script) {}},
		{"NetBIOS", func(s *peer.Script) { s.NetBIOS = &peer.NetBIOS{Names: map[string]byte{"EXCH01": 0}, Others: 0x82} }},
		{"keep-alives", func(s *peer.Script) { s.KeepAlives = true }},
		{"OEM strings", func(s *peer.Script) { s.Negotiate.Capabilities &^= peer.CapUnicode }},
		{"no domain", func(s *peer.Script) { s.Negotiate.NoDomain = true }},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			script := peer.Healthy([]byte(book))
			test.change(&script)
			p := peer.Start(t, script)
			out := python(t, impacketRead, fmt.Sprint(p.Port()), fmt.Sprint(script.NetBIOS != nil))
			content, err := hex.DecodeString(out)
			if err != nil {
				t.Fatal(err)
			}
			if diff := cmp.Diff(book, string(content)); diff != "" {
				t.Errorf("phone book (-want +got):\n%s", diff)
			}
			commands := []peer.Step{peer.StepNegotiate, peer.StepSessionSetup, peer.StepTreeConnect,
				peer.StepOpen, peer.StepRead, peer.StepClose, peer.StepTreeDisconnect, peer.StepLogoff}
			want := peer.Connection{Dialects: []string{"NT LM 0.12"}, Paths: []string{`System32\Ras\rasphone.pbk`},
				Shares: []string{`\\127.0.0.1\ADMIN$`}, MaxInFlight: 1, Ended: true}
			if script.NetBIOS != nil {
				commands = slices.Insert(commands, 0, peer.StepSessionRequest)
				want.CalledNames, want.CallingName = []string{"EXCH01"}, "TESTER"
			}
			want.Commands, want.Frames = commands, len(commands)
			logins := cmpopts.IgnoreFields(peer.Connection{}, "Logins")
			got := p.Finished()
			if diff := cmp.Diff([]peer.Connection{want}, got, logins, cmpopts.EquateEmpty()); diff != "" {
				t.Fatalf("record (-want +got):\n%s", diff)
			}
			attempts := got[0].Logins
			if len(attempts) != 1 || attempts[0].Username != "probe" || attempts[0].Domain != "TESTDOM" || len(attempts[0].NTResponse) != 24 {
				t.Errorf("logins: %+v", attempts)
			}
		})
	}
}

const impacketNodeStatus = `
import sys
from impacket import nmb
n = nmb.NetBIOS()
n._NetBIOS__servport = int(sys.argv[1])  # its argument for this is ignored
for e in n.getnodestatus('*', '127.0.0.1'):
    print('%s %02x %04x' % (e['NAME'].decode().strip(), ord(e['TYPE']) if isinstance(e['TYPE'], (bytes, str)) else e['TYPE'], e['NAME_FLAGS']))
`

func TestImpacketReadsTheNodeStatus(t *testing.T) {
	addr := peer.StartNodeStatus(t,
		peer.NodeName{Name: "EXCH01"}, peer.NodeName{Name: "TESTDOM", Group: true},
		peer.NodeName{Name: "EXCH01", Suffix: 0x20, Conflict: true})
	got := python(t, impacketNodeStatus, fmt.Sprint(addr.Port()))
	if diff := cmp.Diff("EXCH01 00 0400\nTESTDOM 00 8400\nEXCH01 20 0c00", got); diff != "" {
		t.Errorf("names (-want +got):\n%s", diff)
	}
}
