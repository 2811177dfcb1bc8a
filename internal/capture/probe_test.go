package capture

import (
	"context"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/config"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/prober"
)

// patience ends what hangs.
const patience = 2 * time.Minute

// captured is the capture of a probe.
type captured struct {
	path    string
	file    string // what is in it
	port    uint16
	secrets secrets
	result  *smbprobe.Result
}

// probe captures a probe of a server with the account of the test servers.
func probe(t *testing.T, server netip.AddrPort, password, ntlm string, module ...string) captured {
	t.Helper()
	text := "auths:\n  corp: {username: " + smbtest.Username + ", domain: TESTDOM, password: '" + password + "', ntlm: " + ntlm + "}\n" +
		"modules:\n  default:\n    timeout: " + patience.String() + "\n    eventlog: {enabled: false}\n    " + strings.Join(module, "\n    ") + "\n" +
		"targets:\n  - auth: corp\n    hosts: ['" + server.String() + "']\n"
	c, err := config.Parse("rasphone.yml", []byte(text), nil)
	if err != nil {
		t.Fatal(err)
	}
	target, err := c.Target(server.String(), "")
	if err != nil {
		t.Fatal(err)
	}
	capture, file, _ := start(t)
	taps := new(tap)
	prober, err := prober.New(prober.Options{Dial: capture.Dial(taps.dial)})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	result := prober.Probe(ctx, target)
	t.Logf("share %s, phone book %s\n%s", result.Share, result.Phonebook.State, strings.Join(result.Trace.Lines(), "\n"))
	return captured{path: save(t, capture, file), file: file.String(), port: server.Port(), secrets: taps.secrets(t), result: result}
}

// check checks that Wireshark understands a capture and that no secret is in it. It also checks
// that the test has seen secrets, without which it would prove nothing.
func (c captured) check(t *testing.T, responses int, signed, sealed bool) {
	t.Helper()
	checkSound(t, c.path, c.port)
	if got := len(c.secrets.responses); got < responses {
		t.Errorf("%d responses were sent, want %d or more", got, responses)
	}
	if got := len(c.secrets.signatures) > 0; got != signed {
		t.Errorf("signatures were sent: %v, want %v", got, signed)
	}
	if got := len(c.secrets.sealed) > 0; got != sealed {
		t.Errorf("encrypted messages were sent: %v, want %v", got, sealed)
	}
	checkAbsent(t, c.file, "responses", c.secrets.responses)
	checkAbsent(t, c.file, "signatures", c.secrets.signatures)
	checkAbsent(t, c.file, "cipher texts", c.secrets.sealed)
}

// tshark lists a field of the packets that a filter finds.
func (c captured) tshark(t *testing.T, filter string, fields ...string) []string {
	t.Helper()
	args := []string{"-Y", filter, "-T", "fields"}
	for _, field := range fields {
		args = append(args, "-e", field)
	}
	return strings.Split(strings.TrimSuffix(tshark(t, c.path, c.port, args...), "\n"), "\n")
}

// checkZero checks that fields, where the capture has them, hold zeros alone.
func (c captured) checkZero(t *testing.T, filter string, fields ...string) {
	t.Helper()
	for _, field := range fields {
		for _, packet := range c.tshark(t, filter+" && "+field, "frame.number", field) {
			number, value, _ := strings.Cut(packet, "\t")
			switch {
			case number == "":
				t.Errorf("no %s in the capture", field)
			case value == "" || strings.Trim(value, "0:x,") != "":
				t.Errorf("%s is %q, want zeros in\n%s", field, value, tshark(t, c.path, c.port, "-Y", "frame.number == "+number, "-V"))
			}
		}
	}
}

func TestProbeSMB1(t *testing.T) {
	samba := smbtest.StartSamba(t, smbtest.SambaOptions{})
	for _, transport := range []string{"direct", "netbios"} {
		for _, ntlm := range []string{"v1", "v2"} {
			t.Run(transport+", NTLM"+ntlm, func(t *testing.T) {
				c := probe(t, samba.Addr(), smbtest.Password, ntlm, "transport: "+transport)
				if c.result.Phonebook.State != smbprobe.PhonebookOK {
					t.Errorf("phone book %s", c.result.Phonebook.State)
				}
				c.check(t, 2, false, false)
				c.checkZero(t, "smb.cmd == 0x73 && smb.flags.response == 0", "smb.ansi_password", "smb.unicode_password")
				c.checkZero(t, "smb", "smb.signature")
				if !strings.Contains(c.file, "[Internet Dial-Up]") {
					t.Error("the phone book is not in the capture")
				}
				protocols := c.tshark(t, "smb.cmd == 0x73 && smb.flags.response == 0", "frame.protocols", "smb.path")
				if len(protocols) != 1 || !strings.HasPrefix(protocols[0], "raw:ip:tcp:nbss:smb") || !strings.Contains(protocols[0], "\t"+`\\127.0.0.1\`) {
					t.Errorf("the login is %q, want SMB with the tree connect", protocols)
				}
				if requests := c.tshark(t, "nbss.type == 0x81", "frame.number"); (requests[0] != "") != (transport == "netbios") {
					t.Errorf("session requests %q", requests)
				}
			})
		}
	}
	t.Run("refused", func(t *testing.T) {
		c := probe(t, samba.Addr(), "not the password", "v2", "transport: direct")
		if c.result.Share != smbprobe.ShareLoginFailed {
			t.Errorf("share %s", c.result.Share)
		}
		c.check(t, 2, false, false)
	})
}

// TestProbeSMB1Signed: impacket's server signs.
func TestProbeSMB1Signed(t *testing.T) {
	server := smbtest.StartImpacket(t, smbtest.ImpacketOptions{SigningRequired: true})
	c := probe(t, server.Addr(), smbtest.Password, "v2", "transport: direct")
	if c.result.Server == nil || !c.result.Server.Signed {
		t.Errorf("server %+v, want a signed session", c.result.Server)
	}
	c.check(t, 2, true, false)
	c.checkZero(t, "smb.flags2.sec_sig == 1", "smb.signature")
}

func TestProbeSMB3(t *testing.T) {
	tests := map[string]struct {
		samba     smbtest.SambaOptions
		transport string
	}{
		"signed":               {smbtest.SambaOptions{MinProtocol: "SMB3_11", SigningMandatory: true}, "direct"},
		"signed, over NetBIOS": {smbtest.SambaOptions{MinProtocol: "SMB2_10", SigningMandatory: true}, "netbios"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			samba := smbtest.StartSamba(t, tt.samba)
			c := probe(t, samba.Addr(), smbtest.Password, "v2", "transport: "+tt.transport)
			if c.result.Phonebook.State != smbprobe.PhonebookOK {
				t.Errorf("phone book %s", c.result.Phonebook.State)
			}
			c.check(t, 5, true, false) // LMv2 and NT response, session key, two mechListMICs
			login := "smb2.cmd == 1 && ntlmssp.messagetype == 3"
			c.checkZero(t, login, "ntlmssp.auth.lmresponse", "ntlmssp.auth.ntresponse",
				"ntlmssp.ntlmclientchallenge", "ntlmssp.ntlmv2_response.chal", "ntlmssp.auth.sesskey", "ntlmssp.authenticate.mic")
			c.checkZero(t, "smb2.cmd == 1", "ntlmssp.verf.body")
			c.checkZero(t, "smb2", "smb2.signature")
			names := c.tshark(t, login, "frame.protocols", "ntlmssp.auth.username", "ntlmssp.auth.domain")
			if len(names) != 1 || !strings.HasPrefix(names[0], "raw:ip:tcp:nbss:smb2:gss-api:spnego") ||
				!strings.HasSuffix(names[0], "\t"+smbtest.Username+"\tTESTDOM") {
				t.Errorf("the login is %q, want one with its names", names)
			}
			if challenges := c.tshark(t, "ntlmssp.ntlmserverchallenge", "ntlmssp.ntlmserverchallenge"); strings.Trim(challenges[0], "0:") == "" {
				t.Errorf("the challenge %q is not in the capture", challenges)
			}
			if !strings.Contains(c.file, "[Internet Dial-Up]") {
				t.Error("the phone book is not in the capture")
			}
		})
	}
}
