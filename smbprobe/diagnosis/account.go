package diagnosis

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// accountRules are about the account that the exporter logs in with.
var accountRules = []rule{
	{KnownCause: KnownCause{
		Name: "account_not_administrator", Title: "The exporter's account may not open Admin$", Severities: criticalOrWarning,
		Articles: []string{"Q153655", "Q164854"},
		Evidence: "The login was accepted, and the share refused for access; critical beside an ongoing [5].",
	}, find: notAdministrator, remedy: notAdministratorRemedy, explains: []string{"5"}},
	{KnownCause: KnownCause{
		Name: "account_refused", Title: "The server refuses the exporter's login", Severities: onlyWarning,
		Articles: []string{"Q147706", "Q175641"},
		Evidence: "The server refused the login; the status tells why.",
		fix:      "Correct the account, or the auth, by the status of the refusal",
	}, find: accountRefused, remedy: accountRefusedRemedy, ruledOut: loginRuledOut},
	{KnownCause: KnownCause{
		Name: "guest_only", Title: "The exporter's account is unknown to the server, and becomes a guest", Severities: onlyWarning,
		Articles: []string{"Q103390"},
		Evidence: "The server answered the login with a guest session.",
	}, find: stateFinding(guestOnly, smbprobe.ShareGuestOnly), remedy: guestOnlyRemedy},
	{KnownCause: KnownCause{
		Name: "ntlmv2_may_crash_lsass", Title: "The exporter's login may crash lsass.exe after a restart", Severities: onlyInfo,
		Articles: []string{"Q241338"},
		Evidence: "Windows NT 4.0 with Service Pack 4 or 5, and ntlm: v2.",
	}, find: mayCrashLsass, remedy: mayCrashLsassRemedy},
	{KnownCause: KnownCause{
		Name: "encryption_required", Title: "The server demands SMB3 encryption", Severities: onlyWarning,
		Evidence: "The server accepts encrypted connections only.",
		fix:      "See whether this is the Exchange server; let it accept connections that are not encrypted",
	}, find: stateFinding(encryptionRequired, smbprobe.ShareEncryptionRequired), remedy: encryptionRemedy},
	{KnownCause: KnownCause{
		Name: "signing_not_offered", Title: "The server does not sign, and the exporter requires it", Severities: onlyWarning,
		Evidence: "The module has signing: required, and the server does not sign or signs wrongly.",
	}, find: stateFinding(signingNotOffered, smbprobe.ShareSigningRefused), remedy: signingRemedy},
}

const exporterOnly = "This concerns the exporter's account. Whether the Internet Mail Service, which has an account of its own, can open share and phone book is not known."

func notAdministrator(c *evidence, _ []dialFailure) *finding {
	if c.Share != smbprobe.ShareAccessDenied {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    fmt.Sprintf("The exporter's account may not open %s: it is not an administrator there", c.share()),
		evidence:    []string{c.statusSentence(fmt.Sprintf("%s accepted the login of %s and refused the share %s", c.host(), c.account(), c.share()))},
		explanation: "Only administrators of the server may open an administrative share. " + exporterOnly,
	}
	if c.deniedNow() {
		f.severity = smbprobe.SeverityCritical
		f.headline = fmt.Sprintf("Calls fail with \"access denied\" (5), and the exporter's account may not open %s either", c.share())
	}
	return f
}

func notAdministratorRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see who is an administrator:", c.host()), "net localgroup Administrators"),
		fix(fmt.Sprintf("Add %s, with your domain and user name, or put an administrator's account into the auth:", c.account()), `net localgroup Administrators DOMAIN\user /add`),
		fix("If calls fail with [5]: see that the account of the Internet Mail Service is an administrator, too."),
		checkProbe(),
	}
}

// refusal is why a login was refused, and what to do.
type refusal struct {
	statuses []smb.Status
	why      string
	fix      string
	commands []string
}

const userManager = "In User Manager for Domains "

// refusals are the reasons that have a status of their own.
var refusals = []refusal{
	{[]smb.Status{smb.StatusLogonFailure, smb.StatusWrongPassword, smb.StatusNoSuchUser}, "wrong user name, domain or password", "Correct user name, domain and password of the auth.", nil},
	{[]smb.Status{smb.StatusAccountLockedOut}, "the account is locked out", userManager + "clear Account Locked Out, and find which program tries a wrong password.", nil},
	{[]smb.Status{smb.StatusAccountDisabled}, "the account is disabled", userManager + "clear Account Disabled.", nil},
	{[]smb.Status{smb.StatusAccountExpired}, "the account has expired", userManager + "give the account a later date of expiry.", nil},
	{[]smb.Status{smb.StatusPasswordExpired, smb.StatusPasswordMustChange}, "the password has expired or must be changed", "Set a new password for the account, and the same in the exporter's configuration.", nil},
	{[]smb.Status{smb.StatusInvalidLogonHours}, "outside of the account's logon hours", userManager + "allow the account all hours.", nil},
	{[]smb.Status{smb.StatusInvalidWorkstation}, "the account may not log on from this computer", userManager + "let the account log on from all workstations, or add the exporter's.", nil},
	{[]smb.Status{smb.StatusLogonTypeNotGranted}, "no right to log on over the network", userManager + `(Policies, User Rights) give the account the right "Access this computer from network" on the server.`, nil},
	{[]smb.Status{smb.StatusAccountRestriction}, "a restriction of the account", userManager + "look for an empty password or another restriction of the account.", nil},
	{[]smb.Status{smb.StatusNoLogonServers}, "no domain controller answers the server", "See that a domain controller runs, and that the server reaches it.", nil},
	{[]smb.Status{smb.StatusNoTrustSAMAccount, smb.StatusTrustedDomainFailure, smb.StatusTrustedRelationshipFailure}, "the trust with the domain is broken", "Repair the trust: let the server join its domain again, or set up the trust between the domains again.", nil},
	{[]smb.Status{smb.StatusNetlogonNotStarted, smb.StatusInvalidServerState}, "the server's Net Logon service is not running", "At the server, start the service Net Logon:", []string{"net start netlogon"}},
}

// refusalOf returns the reason for a status; nil: none of its own.
func refusalOf(s smb.Status) *refusal {
	for i := range refusals {
		for _, status := range refusals[i].statuses {
			if status == s {
				return &refusals[i]
			}
		}
	}
	return nil
}

func accountRefused(c *evidence, _ []dialFailure) *finding {
	if c.Share != smbprobe.ShareLoginFailed && c.Share != smbprobe.ShareAccountRestricted {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The login was refused",
		evidence:    []string{c.statusSentence(fmt.Sprintf("%s refused %s", c.host(), c.account()))},
		explanation: exporterOnly,
	}
	if r := refusalOf(c.ShareStatus); r != nil {
		f.headline += ": " + r.why
	} else if c.ShareStatus != smb.StatusOK {
		f.headline += fmt.Sprintf(" (%s)", c.ShareStatus)
	}
	if c.LoginHeldBack {
		held := "No login was tried this time, to keep the account from being locked; this is the last refusal."
		if !c.HeldBackUntil.IsZero() {
			held += " The next login is after " + timeText(c.HeldBackUntil) + "."
		}
		f.evidence = append(f.evidence, held)
	}
	return f
}

func accountRefusedRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	known := refusalOf(c.ShareStatus)
	for i := range refusals {
		r := &refusals[i]
		switch {
		case known == r:
			steps = append(steps, fix(r.fix, r.commands...))
		case c.general:
			steps = append(steps, fix(fmt.Sprintf("If the report says %q: %s", r.why, r.fix), r.commands...))
		}
	}
	if known == nil && !c.general {
		steps = append(steps, look("See what the status says of the account. The System log of the server may have more."),
			fix("Correct the account, or name another one in the exporter's configuration."))
	}
	if password := c.ShareStatus == smb.StatusLogonFailure || c.ShareStatus == smb.StatusWrongPassword; c.general || password {
		if c.general || c.NTLMv1 {
			steps = append(steps, look("With ntlm: v1 and the right password: LMCompatibilityLevel 4 or 5 under "+keyLsa+" of the server, or of its domain controller, refuses NTLMv1 (Q175641). Then use ntlm: v2."))
		}
		if c.general || !c.NTLMv1 && c.maybePackBelow(4) {
			steps = append(steps, look("With ntlm: v2 and the right password: Windows NT 4.0 before Service Pack 4 does not know NTLMv2 (Q147706). Install a service pack, or put ntlm: v1 into the auth. Clocks that differ by more than 30 minutes make NTLMv2 fail as well."))
		}
	}
	if c.general || c.ShareStatus == smb.StatusLogonTypeNotGranted && c.maybePackBelow(6) {
		steps = append(steps, look("Before Service Pack 6, a server that signs refuses a wrong password as if the right to log on over the network were missing (Q223497)."))
	}
	if c.general || c.LoginHeldBack || c.LoginRefused {
		steps = append(steps, fix("After a refusal the exporter holds logins back for a while. If user name, domain or password of the auth changed, reload its configuration. If not, choose Forget on this server's page of the exporter, which permits one login, or wait."))
	}
	return append(steps, checkProbe())
}

func loginRuledOut(c *evidence) string {
	switch c.Share {
	case smbprobe.ShareOK, smbprobe.ShareAccessDenied, smbprobe.ShareMissing:
		return "login: accepted"
	}
	return ""
}

func guestOnly(c *evidence) finding {
	return finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server does not know the user name and made it a guest",
		evidence:    []string{fmt.Sprintf("%s answered the login of %s with a guest session.", c.host(), c.account())},
		explanation: "A server whose Guest account is enabled takes unknown users as guests, and a guest may not open Admin$. " + exporterOnly,
	}
}

func guestOnlyRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look("See whether the user name is spelled right, and whether the domain is that of the account."),
		fix("In the auth, give user name and domain of an account that the server knows, and reload the exporter's configuration."),
		fix("Disable the server's Guest account unless it is needed:", "net user guest /active:no"),
		checkProbe(),
	}
}

func mayCrashLsass(c *evidence, _ []dialFailure) *finding {
	pack, known := c.servicePack()
	if !known || pack != 4 && pack != 5 || !c.isNT4() || c.NTLMv1 || c.Account == "" {
		return nil
	}
	return &finding{
		severity: smbprobe.SeverityInfo,
		headline: fmt.Sprintf("The first login after a restart may crash lsass.exe (Service Pack %d and NTLMv2)", pack),
		evidence: []string{fmt.Sprintf("%s has Service Pack %d, and %s logs in with NTLMv2.", c.host(), pack, c.account())},
		explanation: "In Service Packs 4 and 5 the first login after a start crashes lsass.exe if it is NTLMv2 (Q241338), and the first one may be the exporter's. " +
			"Nothing is wrong now.",
	}
}

func mayCrashLsassRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		fix(fmt.Sprintf("Install Service Pack 6a on %s.", c.host())),
		fix("Until then, ntlm: v1 in an auth for this server alone avoids it. But the answer of NTLMv1 can be cracked by whoever sees the login, and this is an administrator's password."),
		checkProbe(),
	}
}

func encryptionRequired(c *evidence) finding {
	return finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server demands SMB3 encryption, which the exporter does not support",
		evidence:    []string{c.errorSentence()},
		explanation: "No server that Exchange 5.5 runs on encrypts, so this may be another server. " + exporterOnly,
	}
}

func encryptionRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("See whether %s is the Exchange server, and not another one that has its name or address now.", c.host())),
		fix("If it is the right one, let it accept connections that are signed and not encrypted."),
		checkProbe(),
	}
}

func signingNotOffered(c *evidence) finding {
	return finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server does not sign or signs wrongly, and signing is required",
		evidence:    []string{c.errorSentence()},
		explanation: "The exporter gave up, because its module has signing: required, or because the server itself requires signing and its signature is wrong. " + exporterOnly,
	}
}

func signingRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := changeRegistry("Switch signing on at the server; Windows NT 4.0 signs from Service Pack 3 on.",
		smbprobe.RegistryChange{Key: keyLanmanServer, Name: "EnableSecuritySignature", Type: typeDWORD, Set: "1"})
	steps = append(steps, c.restart("It takes effect at the next start.")...)
	return append(steps,
		fix("Or, if it cannot sign: set signing: auto in the module of the exporter's configuration, and reload. Others on the network can change the conversation then."),
		checkProbe())
}
