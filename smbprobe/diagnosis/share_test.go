package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// causeTest changes a healthy result and says which causes it then has, "name severity".
type causeTest struct {
	name   string
	change func(*smbprobe.Result)
	want   []string
	says   string // is in the text of a cause
	not    string // is in none
}

func runCauseTests(t *testing.T, tests []causeTest) {
	t.Helper()
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := healthy()
			test.change(r)
			causes := Causes(r)
			wantComplete(t, r, causes)
			var got []string
			for _, c := range causes {
				got = append(got, c.Name+" "+string(c.Severity))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Errorf("causes (-want +got):\n%s", diff)
			}
			text := textOf(causes)
			if !strings.Contains(text, test.says) {
				t.Errorf("no %q in\n%s", test.says, text)
			}
			if test.not != "" && strings.Contains(text, test.not) {
				t.Errorf("%q is in\n%s", test.not, text)
			}
		})
	}
}

// textOf is everything that causes say.
func textOf(causes []smbprobe.Cause) string {
	var b strings.Builder
	for _, c := range causes {
		fmt.Fprintf(&b, "%s\n%s\n%s\n%s\n", c.Title, c.Headline, strings.Join(c.Evidence, "\n"), c.Explanation)
		for _, s := range c.Remedy {
			fmt.Fprintf(&b, "%s: %s\n%s\n%s\n", s.Kind, s.Text, s.Dialog, strings.Join(s.Commands, "\n"))
			if s.Registry != nil {
				fmt.Fprintf(&b, "%s: now %s, set %s\n", s.Registry.Name, s.Registry.Now, s.Registry.Set)
			}
		}
	}
	return b.String()
}

// all makes one change of several.
func all(changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) {
		for _, change := range changes {
			change(r)
		}
	}
}

func TestAdminShare(t *testing.T) {
	missing := shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)
	server := func(n *smbprobe.RegistryNumber) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.AutoShareServer = n }
	}
	wks := func(r *smbprobe.Result) { r.Registry.AutoShareWks = &smbprobe.RegistryNumber{Set: true} }
	product := func(name string) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.ProductType = &smbprobe.RegistryText{Set: true, Value: name} }
	}
	noC := func(r *smbprobe.Result) { r.Host.SystemShare = new(false) }
	terminal := func(r *smbprobe.Result) {
		r.Registry.ProductSuite = &smbprobe.RegistryText{Set: true, Value: "Enterprise Terminal Server"}
	}
	named := func(name string) func(*smbprobe.Result) { return func(r *smbprobe.Result) { r.ShareName = name } }
	zero, one := &smbprobe.RegistryNumber{Set: true}, &smbprobe.RegistryNumber{Set: true, Value: 1}
	text := &smbprobe.RegistryNumber{WrongType: "REG_SZ", Text: "0"}
	runCauseTests(t, []causeTest{
		{"0", all(missing, server(zero)), []string{"admin_share_disabled critical"}, "AutoShareServer: now 0, set 1", ""},
		{"1", all(missing, server(one)), []string{"admin_share_removed critical"}, "AutoShareServer is 1.", "system policy"},
		{"absent", missing, []string{"admin_share_removed critical"}, "AutoShareServer is not set", ""},
		{"a text 0, which Windows ignores", all(missing, server(text)), []string{"admin_share_removed critical"}, `"0" of type REG_SZ`, ""},
		{"not known", all(missing, server(nil)), []string{"admin_share_missing critical"}, "removed by hand, or switched off by AutoShareServer=0", ""},
		{"the workstation's value is not a server's", all(missing, wks), []string{"admin_share_removed critical"}, "AutoShareServer", ""},
		{"workstation", all(missing, wks, product("WinNT")), []string{"admin_share_disabled critical"}, "AutoShareWks=0", ""},
		{"both lost, domain controller", all(missing, noC, product("LanmanNT")), []string{"admin_share_removed critical"}, "Create hidden drive shares", ""},
		{"both lost, Terminal Server", all(missing, noC, terminal), []string{"admin_share_removed critical"}, "This Terminal Server has lost Admin$ and C$", ""},
		{"both lost, member server", all(missing, noC), []string{"admin_share_removed critical"}, "removed by hand", "has lost"},
		{"another share", all(missing, named("C$")), []string{"admin_share_missing critical"}, "There is no share C$", "net share admin$"},
		{"there, 0", server(zero), []string{"admin_share_not_automatic warning"}, "AutoShareServer=0", ""},
		{"there, a text", server(text), nil, "", ""},
		{"there, 1", server(one), nil, "", ""},
		{"calls fail as well", all(missing, failsWith("5"), failsWith("67")), []string{"admin_share_removed critical"}, "[67] ERROR_BAD_NET_NAME", ""},
	})
}

func TestShareLeadsElsewhere(t *testing.T) {
	path := func(p string) func(*smbprobe.Result) { return func(r *smbprobe.Result) { r.Host.SharePath = p } }
	gone := bookIs(smbprobe.PhonebookMissing, smb.StatusObjectNameNotFound)
	is, missing := []string{"share_leads_elsewhere critical"}, []string{"phonebook_missing critical"}
	runCauseTests(t, []causeTest{
		{"elsewhere", all(gone, path(`D:\WINNT`)), is, `Admin$ leads to D:\WINNT, and Windows is in C:\WINNT`, ""},
		{"no folder", all(bookIs(smbprobe.PhonebookFolderMissing, 0), path(`C:\OLD`)), is, "net share admin$ /delete", ""},
		{"case and backslash", all(gone, path(`c:\winnt\`)), missing, "", ""},
		{"an 8.3 name", all(gone, path(`C:\WINDOW~1`)), missing, "", ""},
		{"path not known", all(gone, path("")), missing, "", ""},
		{"SystemRoot not known", all(gone, path(`D:\X`), func(r *smbprobe.Result) { r.Registry.SystemRoot = nil }), missing, "", ""},
		{"the phone book is there", path(`D:\WINNT`), nil, "", ""},
		{"another share", all(gone, path(`C:\`), func(r *smbprobe.Result) { r.ShareName = "C$" }), missing, "", ""},
	})
}

func TestServerStates(t *testing.T) {
	resources := func(pack int, n *smbprobe.RegistryNumber) func(*smbprobe.Result) {
		return all(shareIs(smbprobe.ShareOutOfResources, smb.StatusInsuffServerResources), servicePack(pack), func(r *smbprobe.Result) { r.Registry.IRPStackSize, r.NTLMv1 = n, true })
	}
	irp := func(n uint32) *smbprobe.RegistryNumber { return &smbprobe.RegistryNumber{Set: true, Value: n} }
	unset := &smbprobe.RegistryNumber{}
	lanman := func(state smbprobe.ServiceState) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { service(r, "LanmanServer").State = state }
	}
	out := []string{"server_out_of_resources critical"}
	failed := func(text string) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.ShareError = text }
	}
	runCauseTests(t, []causeTest{
		{"SP6, default", resources(6, unset), out, "Set IRPStackSize to 12 (decimal). It is 11 now, the default.", "set 11"},
		{"SP6, ignored", resources(6, irp(4)), out, "Set IRPStackSize to 12 (decimal). It is 4 now, which is too small: the default of 11 is in use.", ""},
		{"SP5, default", resources(5, unset), out, "Set IRPStackSize to 11 (decimal). It is 7 now, the default.", ""},
		{"SP3, default", resources(3, unset), out, "Set IRPStackSize to 11 (decimal). It is 4 now, the default.", ""},
		{"SP3, 4 is not ignored", resources(3, irp(4)), out, "It is 4 now.", "ignored"},
		{"11", resources(6, irp(11)), out, "IRPStackSize: now 11, set 12", ""},
		{"the maximum", resources(6, irp(12)), out, "IRPStackSize: now 12, set 11", ""},
		{"beyond it", resources(6, irp(15)), out, "the driver that needs so much has to go", ""},
		{"not known", resources(6, nil), out, "if 11 holds already, to 12", ""},
		{"at the opening of the file", bookIs(smbprobe.PhonebookUnknown, smb.StatusInsuffServerResources), out, "although it opened the share", ""},
		{"the pool is used up", bookIs(smbprobe.PhonebookUnknown, smb.StatusInsufficientResources), out, "events 2019, 2020 and 2022", ""},
		{"and calls fail with 1130", all(resources(6, irp(4)), failsWith("1130")), out, "[1130]", ""},
		{"LanmanServer stops", lanman(smbprobe.ServiceStopPending), []string{"server_service_stopped critical"}, "net start netlogon", ""},
		{"LanmanServer paused", lanman(smbprobe.ServicePaused), []string{"server_paused warning"}, "net continue server", "service_not_running"},
		{"paused, by both", all(shareIs(smbprobe.ShareServerPaused, smb.StatusSharingPaused), lanman(smbprobe.ServicePaused)), []string{"server_paused warning"}, "is not one", ""},
		{"stopped", shareIs(smbprobe.SharePortClosed, 0), []string{"server_service_stopped critical"}, "net start MSExchangeSA\nnet start MSExchangeDS\nnet start MSExchangeIS\nnet start MSExchangeMTA\nnet start MSExchangeIMC", "net stop"},
		{"stopped, at a port that Windows NT 4.0 does not have", all(shareIs(smbprobe.SharePortClosed, 0), targetIs("exch01:445")), []string{"server_service_stopped critical"}, "write the target without a port", ""},
		{"stopped, at the port of Windows NT 4.0", all(shareIs(smbprobe.SharePortClosed, 0), targetIs("exch01:139")), []string{"server_service_stopped critical"}, "net start server", "without a port"},
		{"stopped, an IPv6 address without a port", all(shareIs(smbprobe.SharePortClosed, 0), targetIs("2001:db8::1:445")), []string{"server_service_stopped critical"}, "net start server", "without a port"},
		{"names refused", shareIs(smbprobe.ShareSessionRefused, 0), []string{"server_not_answering_by_name critical"}, "nbtstat -n", ""},
		{"a web server", all(shareIs(smbprobe.ShareNotSMB, 0), failed("what answers is not an SMB server: it sent 48 54 54 50")), []string{"not_an_smb_server critical"}, "a web server (HTTP)", ""},
		{"no route", shareIs(smbprobe.ShareHostUnreachable, 0), []string{"no_answer critical"}, "has no route", ""},
		{"hangs up", shareIs(smbprobe.ShareConnectionLost, 0), []string{"server_breaks_protocol critical"}, "hangs up", ""},
		{"services.exe gone, early service pack", func(r *smbprobe.Result) { r.RPC, r.Registry.ServicePack = smbprobe.RPCDead, nil }, []string{"services_exe_not_answering critical"}, "install Service Pack 6a", ""},
		{"services.exe gone, SP6", func(r *smbprobe.Result) { r.RPC = smbprobe.RPCDead }, []string{"services_exe_not_answering critical"}, "after 10 minutes, switch it off", "Q159840"},
		{"services.exe gone explains the log", all(func(r *smbprobe.Result) { r.RPC = smbprobe.RPCDead }, refusesLog), []string{"services_exe_not_answering critical"}, "", ""},
		{"the log alone is refused", refusesLog, []string{"event_log_not_readable warning"}, "The event log is refused", ""},
		{"the registry alone is refused", func(r *smbprobe.Result) { r.Registry = smbprobe.RegistryResult{Readable: new(false), Refused: true} }, []string{"rpc_refused warning"}, "refuses the registry", ""},
		{"the log gave no answer, other pipes did", func(r *smbprobe.Result) { r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Error: "late"} }, []string{"event_log_not_readable warning"}, "late.", ""},
		{"no pipe answered", func(r *smbprobe.Result) {
			r.RPC, r.Eventlog = "", smbprobe.EventlogResult{Readable: new(false), Error: "late"}
		}, nil, "", ""},
		{"the security log is full", all(refusesLog, func(r *smbprobe.Result) { r.Registry.CrashOnAuditFail = irp(2) }), []string{"event_log_not_readable warning"}, "CrashOnAuditFail is 2", ""},
	})
}

func targetIs(target string) func(*smbprobe.Result) {
	return func(r *smbprobe.Result) { r.Target = target }
}

func refusesLog(r *smbprobe.Result) {
	r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Status: smb.StatusAccessDenied, Error: "denied"}
}

func TestAccount(t *testing.T) {
	denied := shareIs(smbprobe.ShareAccessDenied, smb.StatusAccessDenied)
	failed := shareIs(smbprobe.ShareLoginFailed, smb.StatusLogonFailure)
	v1 := func(r *smbprobe.Result) { r.NTLMv1 = true }
	refused := []string{"account_refused warning"}
	unknown := func(r *smbprobe.Result) { r.Host, r.Registry = smbprobe.HostResult{}, smbprobe.RegistryResult{} }
	runCauseTests(t, []causeTest{
		{"not an administrator", denied, []string{"account_not_administrator warning"}, `net localgroup Administrators DOMAIN\user /add`, ""},
		{"and calls are denied", all(denied, failsWith("5")), []string{"account_not_administrator critical"}, "[5] ERROR_ACCESS_DENIED", ""},
		{"and calls were denied", all(denied, func(r *smbprobe.Result) { dials(r, "Provider", "5", 3*60*60*1e9) }), []string{"account_not_administrator warning"}, "rasphone, auth", ""},
		{"wrong password, v2", all(failed, unknown), refused, "before Service Pack 4 does not know NTLMv2", "LMCompatibilityLevel"},
		{"wrong password, v2, SP6", failed, refused, "wrong user name, domain or password", "before Service Pack 4"},
		{"wrong password, v1", all(failed, v1), refused, "LMCompatibilityLevel 4 or 5", "NTLMv2 (Q147706)"},
		{"another status", shareIs(smbprobe.ShareLoginFailed, smb.StatusUnsuccessful), refused, "The login was refused (STATUS_UNSUCCESSFUL (0xC0000001))", "see the status"},
		{"SP4, v1", all(servicePack(4), v1), nil, "", ""},
		{"SP4, v2", servicePack(4), []string{"ntlmv2_may_crash_lsass info"}, "can be cracked", ""},
		{"SP3", servicePack(3), nil, "", ""},
		{"Windows 2000, SP4", windows2000(""), nil, "", ""},
	})
	for i := range refusals {
		for _, status := range refusals[i].statuses {
			r := healthy()
			shareIs(smbprobe.ShareAccountRestricted, status)(r)
			c, ok := causeOf(Causes(r), "account_refused")
			if !ok || !strings.Contains(c.Headline, refusals[i].why) || !slices.ContainsFunc(c.Remedy, func(s smbprobe.RemedyStep) bool { return s.Text == refusals[i].fix }) {
				t.Errorf("%s: %+v", status, c)
			}
		}
	}
}
