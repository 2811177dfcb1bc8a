package diagnosis

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// accountRules are about the account that the exporter logs in with.
var accountRules = []rule{
	{KnownCause: KnownCause{
		Name:       "account_refused",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Evidence:   "The server refused the login; the status says why: password, lockout, disabled, expired, hours, workstation, no network logon, or no domain controller to ask.",
		Remedy:     "Correct the account, or the configuration of the exporter. It says nothing of the mail service's own account.",
	}, find: accountRefused},
	{KnownCause: KnownCause{
		Name:       "guest_only",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q103390"},
		Evidence:   "The server does not know the user name, and logged the exporter in as a guest.",
		Remedy:     "Give the user name and domain of an account that the server knows.",
	}, find: guestOnly},
	{KnownCause: KnownCause{
		Name:       "account_not_administrator",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q153655", "Q164854"},
		Evidence:   "The login was accepted, and the share refused for lack of access.",
		Remedy:     "Use an account that is an administrator of the server.",
	}, find: notAdministrator},
}

// refusalReason says what a status means that refused a login, and what to do about it.
func refusalReason(s smb.Status) (why, remedy string) {
	const manager = "In User Manager for Domains "
	switch s {
	case smb.StatusLogonFailure, smb.StatusWrongPassword, smb.StatusNoSuchUser:
		return "wrong user name, domain or password", "Correct user name, domain and password of the auth."
	case smb.StatusAccountLockedOut:
		return "the account is locked out", manager + "clear Account Locked Out, and find who tries a wrong password."
	case smb.StatusAccountDisabled:
		return "the account is disabled", manager + "clear Account Disabled."
	case smb.StatusAccountExpired:
		return "the account has expired", manager + "give the account a later date of expiry."
	case smb.StatusPasswordExpired, smb.StatusPasswordMustChange:
		return "the password has expired or must be changed", "Set a new password for the account, and the same in the configuration."
	case smb.StatusInvalidLogonHours:
		return "outside of the account's logon hours", manager + "allow the account all hours."
	case smb.StatusInvalidWorkstation:
		return "the account may not log on from this computer", manager + "let the account log on from all workstations, or add the exporter's."
	case smb.StatusLogonTypeNotGranted:
		return "no right to log on over the network", manager + `give the account the right "Access this computer from network" on the server.`
	case smb.StatusAccountRestriction:
		return "a restriction of the account", manager + "look for an empty password or another restriction of the account."
	case smb.StatusNoLogonServers:
		return "no domain controller answers the server", "See that a domain controller runs and that the server reaches it."
	case smb.StatusNoTrustSAMAccount, smb.StatusTrustedDomainFailure, smb.StatusTrustedRelationshipFailure:
		return "the trust with the domain is broken", "Mend the trust: let the server join its domain again, or set the trust between the domains up anew."
	case smb.StatusNetlogonNotStarted, smb.StatusInvalidServerState:
		return "the server's Net Logon service cannot be asked", "At the server, see that the service Net Logon runs."
	}
	return "see the status", "See what the status says of the account."
}

func accountRefused(c *evidence) *finding {
	if c.Share != smbprobe.ShareLoginFailed && c.Share != smbprobe.ShareAccountRestricted {
		return nil
	}
	why, remedy := refusalReason(c.ShareStatus)
	j := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The login was refused: " + why,
		evidence:    []string{c.statusSentence(fmt.Sprintf("%s refused the account of auth %q", c.host(), c.Auth))},
		explanation: "The exporter cannot look at the share and the book. Whether the Internet Mail Service, which has an account of its own, can open them is not known.",
		remedy:      []string{remedy},
	}
	if c.ShareStatus == smb.StatusLogonFailure && c.maybeNT4() {
		j.remedy = append(j.remedy, "If the server runs Windows NT 4.0 before Service Pack 4, which does not know NTLMv2: put ntlm: v1 into the auth.")
	}
	if c.LoginHeldBack {
		held := "No login was tried this time, to keep the account from being locked; this is the last refusal."
		if !c.HeldBackUntil.IsZero() {
			held += " The next login is after " + timeText(c.HeldBackUntil) + "."
		}
		j.evidence = append(j.evidence, held)
	}
	if c.LoginHeldBack || c.LoginRefused {
		j.remedy = append(j.remedy, "Then reload the exporter's configuration: after a refusal it holds logins back for a while.")
	}
	return j
}

func guestOnly(c *evidence) *finding {
	if c.Share != smbprobe.ShareGuestOnly {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server does not know the user name and made it a guest",
		evidence:    []string{fmt.Sprintf("%s answered the login of auth %q with a guest session.", c.host(), c.Auth)},
		explanation: "A server whose Guest account is enabled takes unknown users as guests, and a guest may not open Admin$. The exporter could not look at the share and the book.",
		remedy: []string{
			fmt.Sprintf("In auth %q, give the user name and the domain of an account that the server knows.", c.Auth),
			"Disable the server's Guest account unless somebody needs it:",
			command("net user guest /active:no"),
		},
	}
}

func notAdministrator(c *evidence) *finding {
	if c.Share != smbprobe.ShareAccessDenied {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    fmt.Sprintf("The account may not open %s: it is no administrator there", c.share()),
		evidence:    append([]string{c.statusSentence(fmt.Sprintf("%s accepted the login of auth %q and refused the share %s", c.host(), c.Auth, c.share()))}, c.accessDeniedEvents()...),
		explanation: "Only administrators of the server may open an administrative share. Whether the Internet Mail Service's account may is not known; it must.",
		remedy: []string{
			fmt.Sprintf("At %s, see who is an administrator:", c.host()),
			command("net localgroup Administrators"),
			fmt.Sprintf("Add the account of auth %q, or put another account into the auth.", c.Auth),
		},
	}
}
