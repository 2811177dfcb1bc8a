package diagnosis

import (
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func TestAdminShare(t *testing.T) {
	missing := func(changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareMissing, smb.StatusBadNetworkName)(r)
			for _, change := range changes {
				change(r)
			}
		}
	}
	server := func(n *smbprobe.RegistryNumber) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.AutoShareServer = n }
	}
	wks := func(n *smbprobe.RegistryNumber) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.AutoShareWks = n }
	}
	product := func(p *smbprobe.RegistryText) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.ProductType = p }
	}
	workstation := func(r *smbprobe.Result) { r.Host.Server = false }
	noC := func(r *smbprobe.Result) { r.Host.SystemShare = new(false) }
	controller := product(&smbprobe.RegistryText{Set: true, Value: "LanmanNT"})
	terminal := func(r *smbprobe.Result) {
		r.Registry.ProductSuite = &smbprobe.RegistryText{Set: true, Value: "Enterprise Terminal Server"}
	}
	named := func(name string) func(*smbprobe.Result) { return func(r *smbprobe.Result) { r.ShareName = name } }
	zero, one := &smbprobe.RegistryNumber{Set: true}, &smbprobe.RegistryNumber{Set: true, Value: 1}
	runVerdicts(t, []verdictTest{
		{"0", missing(server(zero)), []string{"admin_share_disabled critical"}, "Admin$ was removed and AutoShareServer=0 keeps it away"},
		{"0, its name in small letters", missing(server(zero), named("admin$")), []string{"admin_share_disabled critical"}, "`net share admin$`"},
		{"0, its name not given", missing(server(zero), named("")), []string{"admin_share_disabled critical"}, "STATUS_BAD_NETWORK_NAME"},
		{"1", missing(server(one)), []string{"admin_share_removed critical"}, "AutoShareServer is 1."},
		{"absent", missing(), []string{"admin_share_removed critical"}, "AutoShareServer is not set"},
		{"not known", missing(server(nil)), []string{"admin_share_missing critical"}, "removed by hand, or switched off by AutoShareServer=0"},
		{"the workstation's value says nothing of a server", missing(wks(zero)), []string{"admin_share_removed critical"}, "AutoShareServer"},
		{"workstation by product", missing(wks(zero), product(&smbprobe.RegistryText{Set: true, Value: "WinNT"})), []string{"admin_share_disabled critical"}, "AutoShareWks=0"},
		{"workstation by host", missing(wks(zero), product(nil), workstation), []string{"admin_share_disabled critical"}, "AutoShareWks=0"},
		{"server by host", missing(server(zero), product(nil)), []string{"admin_share_disabled critical"}, "AutoShareServer=0"},
		{"server, where nothing says", missing(server(zero), product(nil), func(r *smbprobe.Result) { r.Host = smbprobe.HostResult{} }), []string{"admin_share_disabled critical"}, "AutoShareServer=0"},
		{"another share, value 0", missing(server(zero), named("C$")), []string{"admin_share_missing critical"}, "There is no share C$"},
		{"another share, value absent", missing(named("C$")), []string{"admin_share_missing critical"}, "`net share`"},
		{"both lost, by host", missing(noC, func(r *smbprobe.Result) { r.Host.DomainController = true }), []string{"admin_shares_lost_at_start critical"}, "This domain controller lost Admin$ and C$"},
		{"both lost, by product", missing(noC, controller), []string{"admin_shares_lost_at_start critical"}, "domain controller"},
		{"both lost, Terminal Server", missing(noC, terminal), []string{"admin_shares_lost_at_start critical"}, "This Terminal Server lost"},
		{"both lost, listed alone", missing(noC, controller, func(r *smbprobe.Result) { r.Share = smbprobe.ShareTimeout }), []string{"admin_shares_lost_at_start critical"}, "has neither Admin$ nor C$"},
		{"both lost, name of the drive not known", missing(noC, controller, func(r *smbprobe.Result) { r.Host.SystemDrive = "" }), []string{"admin_shares_lost_at_start critical"}, "the system drive's share"},
		{"both lost, value 0", missing(noC, controller, server(zero)), []string{"admin_share_disabled critical"}, "AutoShareServer=0"},
		{"both lost, value not known", missing(noC, controller, server(nil)), []string{"admin_share_missing critical"}, "is not known"},
		{"both lost, member server", missing(noC), []string{"admin_share_removed critical"}, "removed by hand"},
		{"C$ not known", missing(controller, func(r *smbprobe.Result) { r.Host.SystemShare = nil }), []string{"admin_share_removed critical"}, "removed by hand"},
		{"back in the list", missing(noC, controller, func(r *smbprobe.Result) { r.Host.AdminShare = new(true) }), []string{"admin_share_removed critical"}, "removed by hand"},
		{"C$ alone removed", func(r *smbprobe.Result) { noC(r); controller(r) }, nil, ""},
		{"there, 0", server(zero), []string{"admin_share_not_automatic warning"}, "AutoShareServer=0"},
		{"there, 1", server(one), nil, ""},
		{"there, not known", server(nil), nil, ""},
		{"another share there, 0", func(r *smbprobe.Result) { server(zero)(r); r.ShareName = "C$" }, nil, ""},
	})
}

func TestServerStates(t *testing.T) {
	resources := func(n *smbprobe.RegistryNumber) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareOutOfResources, smb.StatusInsuffServerResources)(r)
			r.Registry.IRPStackSize = n
		}
	}
	service := func(state smbprobe.ServiceState) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Services[3].State = state }
	}
	runVerdicts(t, []verdictTest{
		{"IRPStackSize known", resources(&smbprobe.RegistryNumber{Set: true, Value: 4}), []string{"server_out_of_resources critical"}, "IRPStackSize is 4"},
		{"IRPStackSize absent", resources(&smbprobe.RegistryNumber{}), []string{"server_out_of_resources critical"}, "IRPStackSize is not set"},
		{"IRPStackSize not known", resources(nil), []string{"server_out_of_resources critical"}, "STATUS_INSUFF_SERVER_RESOURCES (0xC0000205)"},
		{"LanmanServer stopped", service(smbprobe.ServiceStopped), []string{"server_service_stopped critical", "service_not_running warning"}, "Service LanmanServer: stopped."},
		{"LanmanServer paused", service(smbprobe.ServicePaused), []string{"service_not_running warning"}, "`net continue LanmanServer`"},
		{"services.exe gone, early service pack", func(r *smbprobe.Result) { r.RPC, r.Registry.ServicePack = smbprobe.RPCDead, nil }, []string{"services_exe_not_answering critical"}, "Install Service Pack 4"},
		{"services.exe gone, share not open", func(r *smbprobe.Result) { r.RPC = smbprobe.RPCDead; shareIs(smbprobe.ShareTimeout, 0)(r) }, nil, ""},
	})
}

func TestAccountRefused(t *testing.T) {
	reasons := map[smb.Status]string{
		smb.StatusLogonFailure: "password", smb.StatusWrongPassword: "password", smb.StatusNoSuchUser: "user name",
		smb.StatusAccountLockedOut: "locked out", smb.StatusAccountDisabled: "disabled", smb.StatusAccountExpired: "expired",
		smb.StatusPasswordExpired: "password has expired", smb.StatusPasswordMustChange: "must be changed",
		smb.StatusInvalidLogonHours: "logon hours", smb.StatusInvalidWorkstation: "may not log on from this computer",
		smb.StatusLogonTypeNotGranted: "over the network", smb.StatusAccountRestriction: "restriction", smb.StatusNoLogonServers: "domain controller",
		smb.StatusNoTrustSAMAccount: "trust", smb.StatusTrustedDomainFailure: "trust", smb.StatusTrustedRelationshipFailure: "trust",
		smb.StatusNetlogonNotStarted: "Net Logon", smb.StatusInvalidServerState: "Net Logon", smb.StatusUnsuccessful: "see the status",
	}
	for status, reason := range reasons {
		for _, state := range []smbprobe.ShareState{smbprobe.ShareLoginFailed, smbprobe.ShareAccountRestricted} {
			r := healthy()
			shareIs(state, status)(r)
			c, ok := causeOf(Causes(r), "account_refused")
			if !ok || !strings.Contains(c.Headline, reason) || !strings.Contains(c.Evidence[0], status.String()) {
				t.Errorf("%s: %+v", status, c)
			}
		}
	}
	const heldBack = "it holds logins back"
	for status, counts := range map[smb.Status]bool{smb.StatusLogonFailure: true, smb.StatusNoLogonServers: false} {
		r := healthy()
		shareIs(smbprobe.ShareLoginFailed, status)(r)
		r.LoginRefused = counts
		if c, _ := causeOf(Causes(r), "account_refused"); len(c.Remedy) == 0 || strings.Contains(strings.Join(c.Remedy, " "), heldBack) != counts {
			t.Errorf("%s: %q, whether logins are held back: %v", status, c.Remedy, counts)
		}
	}
	held := func(until bool) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			shareIs(smbprobe.ShareLoginFailed, smb.StatusLogonFailure)(r)
			r.LoginHeldBack = true
			if until {
				r.HeldBackUntil = probedAt()
			}
		}
	}
	runVerdicts(t, []verdictTest{
		{"held back", held(true), []string{"account_refused warning"}, "The next login is after 1999-05-04 03:02:01 UTC."},
		{"held back for no known time", held(false), []string{"account_refused warning"}, "No login was tried this time"},
		{"NTLMv2 before Service Pack 4", shareIs(smbprobe.ShareLoginFailed, smb.StatusLogonFailure), []string{"account_refused warning"}, "ntlm: v1"},
	})
}
