package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

// refusedWith makes a login with the right password fail with a status.
func refusedWith(status uint32) func(*simnt.Host) {
	return withAccount(simnt.Account{Administrator: true, Refusal: status})
}

// accountScenarios are about the exporter's account.
var accountScenarios = []scenario{
	{
		name: "the account is a backup operator", prepare: withAccount(simnt.Account{}),
		want: []string{"warning account_not_administrator"}, fix: `net localgroup Administrators DOMAIN\user /add`, says: []string{"it is not an administrator there"},
	},
	{
		name: "the account is not an administrator, and calls are denied", log: now("5"), prepare: withAccount(simnt.Account{}),
		want: []string{"critical account_not_administrator"}, fix: `net localgroup Administrators DOMAIN\user /add`,
		says: []string{"Calls fail with", "may not open ADMIN$ either", "[5]", "the account of the Internet Mail Service is an administrator, too"},
	},
	{
		name: "the account is not an administrator, and calls were denied yesterday", log: failed([]string{"5"}, 20*time.Hour), prepare: withAccount(simnt.Account{}),
		want: []string{"warning account_not_administrator"},
	},
	{
		name: "the password was changed", prepare: func(h *simnt.Host) { h.AddAccount(username, "another", simnt.Account{Administrator: true}) },
		want: []string{"warning account_refused"}, fix: "Correct user name, domain and password", says: []string{"wrong user name, domain or password", "reload its configuration"},
	},
	{
		name: "the account is locked", prepare: withAccount(simnt.Account{Administrator: true, LockedOut: true}),
		want: []string{"warning account_refused"}, fix: "In User Manager", says: []string{"the account is locked out", "clear Account Locked Out"},
	},
	{
		name: "the account is disabled", prepare: withAccount(simnt.Account{Administrator: true, Disabled: true}),
		want: []string{"warning account_refused"}, says: []string{"clear Account Disabled"},
	},
	{
		name: "the account has expired", prepare: withAccount(simnt.Account{Administrator: true, Expired: true}),
		want: []string{"warning account_refused"}, says: []string{"a later date of expiry"},
	},
	{
		name: "the password has expired", prepare: withAccount(simnt.Account{Administrator: true, PasswordExpired: true}),
		want: []string{"warning account_refused"}, says: []string{"the password has expired", "Set a new password"},
	},
	{
		name: "the password must be changed at the first logon", prepare: refusedWith(0xC0000224),
		want: []string{"warning account_refused"}, says: []string{"must be changed", "Set a new password"},
	},
	{
		name: "logon hours", prepare: refusedWith(0xC000006F),
		want: []string{"warning account_refused"}, says: []string{"outside of the account's logon hours", "allow the account all hours"},
	},
	{
		name: "logon workstations", prepare: refusedWith(0xC0000070),
		want: []string{"warning account_refused"}, says: []string{"may not log on from this computer", "all workstations"},
	},
	{
		name: "no right to log on over the network", prepare: refusedWith(0xC000015B),
		want: []string{"warning account_refused"}, says: []string{"Access this computer from network"},
	},
	{
		name: "an empty password", prepare: refusedWith(0xC000006E),
		want: []string{"warning account_refused"}, says: []string{"an empty password"},
	},
	{
		name: "no domain controller answers", prepare: refusedWith(0xC000005E),
		want: []string{"warning account_refused"}, says: []string{"no domain controller answers the server"},
	},
	{
		name: "the trust with the domain is broken", prepare: refusedWith(0xC000018D),
		want: []string{"warning account_refused"}, says: []string{"the trust with the domain is broken", "join its domain again"},
	},
	{
		name: "Net Logon is stopped", prepare: refusedWith(0xC0000192),
		want: []string{"warning account_refused"}, fix: "net start netlogon", says: []string{"Net Logon service"},
	},
	{
		name: "LMCompatibilityLevel 5, and ntlm: v1", options: simnt.Options{ServicePack: 6, LMCompatibility: 5}, ntlmV1: true,
		want: []string{"warning account_refused"}, says: []string{"LMCompatibilityLevel 4 or 5", "Then use ntlm: v2"}, never: []string{"before Service Pack 4"},
	},
	{
		name: "Service Pack 3, and ntlm: v2", options: servicePack(3),
		want: []string{"warning account_refused"}, says: []string{"before Service Pack 4 does not know NTLMv2", "ntlm: v1"}, never: []string{"LMCompatibilityLevel 4"},
	},
	{
		name: "the server makes a guest of the exporter", options: simnt.Options{ServicePack: 6, Guest: true}, guest: true,
		want: []string{"warning guest_only"}, fix: "In the auth, give user name and domain", says: []string{"does not know the user name", "net user guest /active:no"},
	},
	{
		name: "the account was deleted", guest: true, want: []string{"warning account_refused"}, says: []string{"wrong user name, domain or password"},
	},
	{
		name: "Service Pack 5, and NTLMv2", options: servicePack(5),
		want: []string{"info ntlmv2_may_crash_lsass"}, says: []string{"Q241338", "Service Pack 6a"},
	},
	{
		name: "Service Pack 5, and NTLMv1", options: servicePack(5), ntlmV1: true,
	},
	{
		name: "signing is required, and the server does not sign", module: []string{"signing: required"},
		want: []string{"warning signing_not_offered"}, says: []string{"EnableSecuritySignature", "set: 1", "signing: auto"},
	},
	{
		name: "signing is required, and the server signs", module: []string{"signing: required"}, options: simnt.Options{ServicePack: 6, Signing: simnt.SigningEnabled},
	},
}
