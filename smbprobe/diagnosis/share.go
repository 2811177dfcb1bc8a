package diagnosis

import (
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	wayToBook = `The Internet Mail Service opens its phone book through \\server\Admin$, even on its own computer. Without the share it cannot dial, and mail waits.`

	noPermissions = "Set no permissions on the share: before Service Pack 3 that crashes services.exe (Q158433)."
)

// shareRules are about the administrative share itself.
var shareRules = []rule{
	{KnownCause: KnownCause{
		Name:       "admin_share_disabled",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q245117", "Q156365", "Q172767"},
		Evidence:   "There is no such share, and AutoShareServer (on a server) or AutoShareWks (on a workstation) is 0.",
		Remedy:     "Make the share with net share admin$, and set the value to 1 or delete it: else it is gone again after each restart.",
	}, find: shareDisabled},
	{KnownCause: KnownCause{
		Name:       "admin_shares_lost_at_start",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q246752"},
		Evidence:   "Neither Admin$ nor the system drive's share is there, on a domain controller or Terminal Server that does not forbid them.",
		Remedy:     "Make it with net share admin$ at a prompt; Explorer refuses.",
	}, find: sharesLost},
	{KnownCause: KnownCause{
		Name:       "admin_share_removed",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q155345"},
		Evidence:   "There is no such share, and the registry does not keep it away: somebody removed it by hand.",
		Remedy:     "Make it with net share admin$, or restart the server. Set no permissions on it.",
	}, find: shareRemoved},
	{KnownCause: KnownCause{
		Name:       "admin_share_missing",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical},
		Articles:   []string{"Q155345"},
		Evidence:   "There is no such share, and the registry could not be read: removed by hand, or switched off.",
		Remedy:     "Make it with net share admin$, and look whether AutoShareServer or AutoShareWks is 0.",
	}, find: shareMissing},
	{KnownCause: KnownCause{
		Name:       "admin_share_not_automatic",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q245117"},
		Evidence:   "The share is there, and AutoShareServer or AutoShareWks is 0.",
		Remedy:     "Set the value to 1 or delete it before the next restart takes the share away.",
	}, find: shareNotAutomatic},
}

// adminShareMissing reports whether the server has no Admin$, and that was the share asked for.
func (c *evidence) adminShareMissing() bool {
	return c.isAdminShare() && c.Share == smbprobe.ShareMissing
}

// autoShareText writes the value that holds for this server, which is known.
func (c *evidence) autoShareText() string {
	name, value := c.AutoShare()
	if !value.Set {
		return name + " is not set: the shares are made at each start."
	}
	return fmt.Sprintf("%s is %d.", name, value.Value)
}

// autoShareOff reports whether the registry keeps the administrative shares from being
// made; known false: it could not be read.
func (c *evidence) autoShareOff() (off, known bool) {
	_, value := c.AutoShare()
	if value == nil {
		return false, false
	}
	return value.Set && value.Value == 0, true
}

// shareRefused says that the share is not there.
func (c *evidence) shareRefused() string {
	return c.statusSentence(fmt.Sprintf("%s accepted the login and refused the share %s", c.host(), c.share()))
}

// missingEvidence says that Admin$ is not there, and what events confirm it.
func (c *evidence) missingEvidence() []string {
	return append([]string{c.shareRefused()}, c.accessDeniedEvents()...)
}

// makeShare are the steps that bring Admin$ back at once.
func (c *evidence) makeShare() []string {
	return []string{
		fmt.Sprintf("At %s, logged on as an administrator, make the share at a command prompt:", c.host()),
		command("net share admin$"),
		noPermissions,
	}
}

// allowShare are the steps that let Admin$ be made at each start.
func (c *evidence) allowShare() []string {
	name, _ := c.AutoShare()
	return []string{
		fmt.Sprintf("At %s, start the registry editor:", c.host()),
		command("regedt32"),
		fmt.Sprintf("Under %s set %s to 1, or delete it.", serverParameters, name),
		"Find out who set it, a policy or a hardening script: it would do so again.",
		"Restart the server when mail allows it, and see that the share is there by itself.",
	}
}

func shareDisabled(c *evidence) *finding {
	if off, _ := c.autoShareOff(); !off || !c.adminShareMissing() {
		return nil
	}
	name, _ := c.AutoShare()
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("Admin$ was removed and %s=0 keeps it away", name),
		evidence:    append(c.missingEvidence(), c.autoShareText()),
		explanation: wayToBook,
		remedy:      append(c.makeShare(), c.allowShare()...),
	}
}

// lostAtStart reports whether the server lost its administrative shares when it started.
// Of the host's list and the probe's own attempt, one has to miss Admin$ and neither
// may have it.
func (c *evidence) lostAtStart() bool {
	off, known := c.autoShareOff()
	if !known || off || !c.isAdminShare() || c.Share == smbprobe.ShareOK {
		return false
	}
	listed := c.Host.AdminShare
	if listed == nil && c.Share != smbprobe.ShareMissing || listed != nil && *listed {
		return false
	}
	return c.Host.SystemShare != nil && !*c.Host.SystemShare && (c.isDomainController() || c.isTerminalServer())
}

// systemShare is the name of the share of the system's drive.
func (c *evidence) systemShare() string {
	if c.Host.SystemDrive == "" {
		return "the system drive's share"
	}
	return c.Host.SystemDrive
}

func sharesLost(c *evidence) *finding {
	if !c.lostAtStart() {
		return nil
	}
	kind := "domain controller"
	if !c.isDomainController() {
		kind = "Terminal Server"
	}
	missing := fmt.Sprintf("%s has neither Admin$ nor %s.", c.host(), c.systemShare())
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("This %s lost Admin$ and %s when it started", kind, c.systemShare()),
		evidence:    append([]string{missing, "It is a " + kind + ".", c.autoShareText()}, c.accessDeniedEvents()...),
		explanation: wayToBook,
		remedy:      append(c.makeShare(), "Explorer refuses to make it: type the command."),
	}
}

func shareRemoved(c *evidence) *finding {
	off, known := c.autoShareOff()
	if !known || off || !c.adminShareMissing() || c.lostAtStart() {
		return nil
	}
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "Admin$ was removed by hand; the next restart brings it back",
		evidence:    append(c.missingEvidence(), c.autoShareText()),
		explanation: wayToBook,
		remedy:      append(c.makeShare(), "A restart of the server makes it as well."),
	}
}

func shareMissing(c *evidence) *finding {
	if c.Share != smbprobe.ShareMissing {
		return nil
	}
	if !c.isAdminShare() {
		return &finding{
			severity:    smbprobe.SeverityCritical,
			headline:    fmt.Sprintf("There is no share %s on the server", c.share()),
			evidence:    []string{c.shareRefused()},
			explanation: "The exporter looks for the phone book through this share, which the module names, and cannot see the book. The Internet Mail Service itself goes through Admin$.",
			remedy: []string{
				fmt.Sprintf("At %s, see which shares there are:", c.host()),
				command("net share"),
				fmt.Sprintf("Make the share %s again, or correct the name in module %q.", c.share(), c.Module),
			},
		}
	}
	if _, known := c.autoShareOff(); known {
		return nil
	}
	name, _ := c.AutoShare()
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("Admin$ is missing: removed by hand, or switched off by %s=0", name),
		evidence:    append(c.missingEvidence(), fmt.Sprintf("%s is not known: the registry could not be read.", name)),
		explanation: wayToBook,
		remedy: append(c.makeShare(),
			"Start the registry editor:",
			command("regedt32"),
			fmt.Sprintf("See whether %s is 0 under %s. If so, the share is gone again after each restart: set it to 1, or delete it.", name, serverParameters)),
	}
}

func shareNotAutomatic(c *evidence) *finding {
	if off, _ := c.autoShareOff(); !off || !c.isAdminShare() || c.Share != smbprobe.ShareOK {
		return nil
	}
	name, _ := c.AutoShare()
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    fmt.Sprintf("%s=0: Admin$ is there, and will be gone after the next restart", name),
		evidence:    []string{fmt.Sprintf("The share %s was opened.", c.share()), c.autoShareText()},
		explanation: "Somebody made the share by hand. After the next restart the Internet Mail Service cannot open its phone book through it, and mail stops.",
		remedy:      c.allowShare(),
	}
}
