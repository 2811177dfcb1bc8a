package diagnosis

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	wayToPhonebook = `The Internet Mail Service opens its phone book through \\server\Admin$, even on its own computer. Without the share it cannot dial, and mail waits.`

	policyShares = "the system policy \"Create hidden drive shares\" (System Policy Editor, Default Computer, Windows NT Network, Sharing)"
)

// deniedCodes are those with which calls fail while Admin$ or the phone book is at fault.
var shareCodes = []string{"5", "53", "67"}

// shareRules are about the administrative share.
var shareRules = []rule{
	{KnownCause: KnownCause{
		Name: "admin_share_disabled", Title: "Admin$ is gone, and the registry keeps Windows from making it again", Severities: onlyCritical,
		Articles: []string{"Q245117", "Q156365", "Q172767"},
		Evidence: "There is no share Admin$, and AutoShareServer (on a server) or AutoShareWks (on a workstation) is 0.",
	}, find: shareDisabled, remedy: shareDisabledRemedy, explains: shareCodes, ruledOut: autoShareRuledOut},
	{KnownCause: KnownCause{
		Name: "admin_share_removed", Title: "Admin$ is gone", Severities: onlyCritical,
		Articles: []string{"Q155345", "Q246752"},
		Evidence: "There is no share Admin$, and the registry does not forbid it: it was removed, or lost at the last start.",
	}, find: shareRemoved, remedy: shareRemovedRemedy, explains: shareCodes, ruledOut: shareRuledOut},
	{KnownCause: KnownCause{
		Name: "admin_share_missing", Title: "Admin$ is gone, and the reason could not be read", Severities: onlyCritical,
		Articles: []string{"Q155345"},
		Evidence: "There is no such share, and the registry could not be read; or the share of that name is no disk.",
	}, find: shareMissing, remedy: shareMissingRemedy, explains: shareCodes, ruledOut: shareRuledOut},
	{KnownCause: KnownCause{
		Name: "share_leads_elsewhere", Title: "Admin$ leads to another folder than that of Windows", Severities: onlyCritical,
		Articles: []string{"Q168292", "Q168514"},
		Evidence: "The phone book or its folder is missing, and the path of Admin$ is not SystemRoot.",
	}, find: shareElsewhere, remedy: shareElsewhereRemedy, explains: phonebookCodes, ruledOut: sharePathRuledOut},
	{KnownCause: KnownCause{
		Name: "admin_share_not_automatic", Title: "Admin$ will be gone after the next restart", Severities: onlyWarning,
		Articles: []string{"Q245117"},
		Evidence: "The share is there, and AutoShareServer or AutoShareWks is 0.",
	}, find: shareNotAutomatic, remedy: shareNotAutomaticRemedy, ruledOut: autoShareRuledOut},
}

// adminShareGone reports whether the server has no Admin$, and that was the share asked for.
func (c *evidence) adminShareGone() bool {
	return c.isAdminShare() && c.Share == smbprobe.ShareMissing && !c.noDisk()
}

// noDisk reports whether there is a share of the name that is no disk.
func (c *evidence) noDisk() bool {
	return c.Share == smbprobe.ShareMissing && c.ShareStatus == smb.StatusBadDeviceType
}

// autoShareSentence describes the value that holds for this server, which is known.
func (c *evidence) autoShareSentence() string {
	name, value := c.AutoShare()
	switch {
	case value.WrongType != "":
		return fmt.Sprintf("%s is %q of type %s, and Windows ignores a value of that type: the shares are made at each start.", name, value.Text, value.WrongType)
	case !value.Set:
		return name + " is not set: the shares are made at each start."
	}
	return fmt.Sprintf("%s is %d.", name, value.Value)
}

// autoShareOff reports whether the registry keeps Windows from making the administrative
// shares; known false: it could not be read.
func (c *evidence) autoShareOff() (off, known bool) {
	_, value := c.AutoShare()
	if value == nil {
		return false, false
	}
	return value.Set && value.Value == 0, true
}

func autoShareRuledOut(c *evidence) string {
	if off, known := c.autoShareOff(); !known || off || !c.isAdminShare() {
		return ""
	}
	return "registry: " + strings.TrimSuffix(c.autoShareSentence(), ".")
}

func shareRuledOut(c *evidence) string {
	if c.Share != smbprobe.ShareOK {
		return ""
	}
	return "share " + c.share() + ": opened"
}

// missingEvidence says that the share is not there.
func (c *evidence) missingEvidence() []string {
	return []string{c.statusSentence(fmt.Sprintf("%s accepted the login and has no share %s: it answered", c.host(), c.share()))}
}

const makeAtStart = "Delete the value %s, or set it to 1: Windows makes Admin$ at each start then."

// allowShare are the steps that let Admin$ be made at each start.
func (c *evidence) allowShare(text string) []smbprobe.RemedyStep {
	name, value := c.AutoShare()
	if c.general {
		name = "AutoShareServer (on Workstation: AutoShareWks)"
	}
	steps := changeRegistry(fmt.Sprintf(text, name),
		smbprobe.RegistryChange{Key: keyLanmanServer, Name: name, Type: typeDWORD, Now: numberNow(value), Set: "1"})
	return append(steps, look("Find out who set it, a policy or a hardening checklist: it would be set again."))
}

func shareDisabled(c *evidence, _ []dialFailure) *finding {
	if off, _ := c.autoShareOff(); !off || !c.adminShareGone() {
		return nil
	}
	name, _ := c.AutoShare()
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("Admin$ is gone, and %s=0 stops Windows from making it again", name),
		evidence:    append(c.missingEvidence(), c.autoShareSentence()),
		explanation: wayToPhonebook,
	}
}

func shareDisabledRemedy(c *evidence) []smbprobe.RemedyStep {
	return slices.Concat([]smbprobe.RemedyStep{c.makeShare()}, c.allowShare(makeAtStart), []smbprobe.RemedyStep{checkShare(), c.checkCall()})
}

// lostAtStart reports whether the server may have lost all its administrative shares when it
// started, and what kind of server it is.
func (c *evidence) lostAtStart() (kind string, lost bool) {
	if c.Host.SystemShare == nil || *c.Host.SystemShare {
		return "", false
	}
	switch {
	case c.isDomainController():
		return "domain controller", true
	case c.isTerminalServer():
		return "Terminal Server", true
	}
	return "", false
}

// systemShare is the name of the share of the system's drive.
func (c *evidence) systemShare() string {
	if c.Host.SystemDrive == "" {
		return "the share of the system's drive"
	}
	return c.Host.SystemDrive
}

func shareRemoved(c *evidence, _ []dialFailure) *finding {
	off, known := c.autoShareOff()
	if !known || off || !c.adminShareGone() {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "Admin$ is gone: it was removed by hand; the next restart brings it back",
		evidence:    append(c.missingEvidence(), c.autoShareSentence()),
		explanation: wayToPhonebook,
	}
	if kind, lost := c.lostAtStart(); lost {
		f.headline = fmt.Sprintf("This %s has lost Admin$ and %s, probably at its last start", kind, c.systemShare())
		f.evidence = append(f.evidence, fmt.Sprintf("%s has no %s either, and is a %s: such servers may lose their administrative shares at a start (Q246752).", c.host(), c.systemShare(), kind))
	}
	return f
}

// lookAtPolicy is the step that looks at the system policy; general: for each server.
func lookAtPolicy(general bool) smbprobe.RemedyStep {
	text := "Look at " + policyShares + ": it may be off. Without it, the shares may be lost again at the next start (Q246752)."
	if general {
		text = "If it is a domain controller or Terminal Server, and C$ is gone as well: look at " + policyShares + " too; it may be off. Without it, the shares may be lost again at the next start (Q246752)."
	}
	return look(text)
}

func shareRemovedRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{c.makeShare()}
	if _, lost := c.lostAtStart(); lost || c.general {
		steps = append(steps, lookAtPolicy(c.general))
	}
	if _, value := c.AutoShare(); value != nil && value.WrongType != "" {
		steps = append(steps, look("The share was meant to be switched off, with a registry value of the wrong type. Find out who, before it is done with the right one."))
	}
	return append(steps, checkShare(), c.checkCall())
}

func shareMissing(c *evidence, _ []dialFailure) *finding {
	if c.Share != smbprobe.ShareMissing {
		return nil
	}
	if !c.isAdminShare() {
		return &finding{
			severity:    smbprobe.SeverityCritical,
			headline:    fmt.Sprintf("There is no share %s on the server", c.share()),
			evidence:    c.missingEvidence(),
			explanation: "The exporter looks for the phone book through this share, which its module names, and cannot see the phone book. The Internet Mail Service itself goes through Admin$.",
		}
	}
	if c.noDisk() {
		return &finding{
			severity:    smbprobe.SeverityCritical,
			headline:    "The share Admin$ is not the folder of Windows: it is a printer's, or another one that is no disk",
			evidence:    []string{c.statusSentence(fmt.Sprintf("%s has a share %s that is no disk: it answered", c.host(), c.share()))},
			explanation: wayToPhonebook,
		}
	}
	if _, known := c.autoShareOff(); known {
		return nil
	}
	name, _ := c.AutoShare()
	notKnown := name + " is not known: the registry could not be read."
	if r := c.Registry.Readable; r != nil && *r {
		notKnown = name + " is not known: it could not be read, or is no number."
	}
	return &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    fmt.Sprintf("Admin$ is gone: removed by hand, or switched off by %s=0", name),
		evidence:    append(c.missingEvidence(), notKnown),
		explanation: wayToPhonebook,
	}
}

func shareMissingRemedy(c *evidence) []smbprobe.RemedyStep {
	if !c.isAdminShare() {
		return []smbprobe.RemedyStep{
			look(fmt.Sprintf("At %s, see which shares there are:", c.host()), "net share"),
			fix("Make the share again, or correct its name in the module of the exporter's configuration."),
			checkProbe(),
		}
	}
	again := fix("Remove the share, and let Windows make it again with its own folder:", "net share admin$ /delete", "net share admin$")
	if c.noDisk() {
		return []smbprobe.RemedyStep{look(fmt.Sprintf("At %s, see what the share is:", c.host()), "net share admin$"), again, checkShare(), c.checkCall()}
	}
	var other []smbprobe.RemedyStep
	if c.general {
		again.Text = "If there is a share of that name that is no disk: " + lowerFirst(again.Text)
		other = append(other, again)
	}
	return slices.Concat([]smbprobe.RemedyStep{c.makeShare()}, other,
		c.allowShare("Look at %s. If it is 0, the share is gone again after each restart: delete the value, or set it to 1. If it is not 0, the share was removed by hand, and nothing more is to be done."),
		[]smbprobe.RemedyStep{checkShare(), c.checkCall()})
}

// shareLeads returns where Admin$ leads and where Windows is, folded to compare; known
// false: one of them is not known. An 8.3 name may stand for any folder.
func (c *evidence) shareLeads() (path, root string, known bool) {
	fold := func(s string) string { return strings.ToLower(strings.TrimRight(strings.TrimSpace(s), `\`)) }
	r := c.Registry.SystemRoot
	if !c.isAdminShare() || r == nil || !r.Set || c.Host.SharePath == "" {
		return "", "", false
	}
	path, root = fold(c.Host.SharePath), fold(r.Value)
	return path, root, path != "" && root != "" && !strings.Contains(path, "~") && !strings.Contains(root, "~")
}

func shareElsewhere(c *evidence, _ []dialFailure) *finding {
	path, root, known := c.shareLeads()
	if !known || path == root || c.Share != smbprobe.ShareOK {
		return nil
	}
	if c.Phonebook.State != smbprobe.PhonebookMissing && c.Phonebook.State != smbprobe.PhonebookFolderMissing {
		return nil
	}
	return &finding{
		severity: smbprobe.SeverityCritical,
		headline: fmt.Sprintf("Admin$ leads to %s, and Windows is in %s", c.Host.SharePath, c.Registry.SystemRoot.Value),
		evidence: append(c.openEvidence("The phone book is not there"),
			fmt.Sprintf("%s gives %s as the path of Admin$; SystemRoot in its registry is %s.", c.host(), c.Host.SharePath, c.Registry.SystemRoot.Value)),
		explanation: "The Internet Mail Service opens its phone book through Admin$, and looks in the wrong folder. The phone book itself may be in order.",
	}
}

func shareElsewhereRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see where Admin$ leads, and where Windows is:", c.host()), "net share admin$", "echo %SystemRoot%"),
		fix("Remove the share, which may end what is open through it, and let Windows make it again with its own folder:", "net share admin$ /delete", "net share admin$"),
		checkShare(),
		c.checkCall(),
	}
}

func sharePathRuledOut(c *evidence) string {
	path, root, known := c.shareLeads()
	if !known || path != root {
		return ""
	}
	return "Admin$: leads to the folder of Windows"
}

func shareNotAutomatic(c *evidence, _ []dialFailure) *finding {
	if off, _ := c.autoShareOff(); !off || !c.isAdminShare() || c.Share != smbprobe.ShareOK {
		return nil
	}
	name, _ := c.AutoShare()
	return &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    fmt.Sprintf("%s=0: Admin$ is there, and will be gone after the next restart", name),
		evidence:    []string{c.openedSentence(), c.autoShareSentence()},
		explanation: "The share was created by hand. After the next restart the Internet Mail Service cannot open its phone book through it, and mail stops.",
	}
}

func shareNotAutomaticRemedy(c *evidence) []smbprobe.RemedyStep {
	return append(c.allowShare(makeAtStart), check("After the next restart, the list of shares still has ADMIN$:", "net share"))
}
