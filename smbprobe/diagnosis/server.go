package diagnosis

import (
	"fmt"
	"slices"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// serverRules are about a server that answers, and refuses whatever the account.
var serverRules = []rule{
	{KnownCause: KnownCause{
		Name: "server_out_of_resources", Title: "The server is out of resources", Severities: onlyCritical,
		Articles: []string{"Q106167", "Q225782", "Q230283", "Q156211", "Q198386"},
		Evidence: "The server answers STATUS_INSUFF_SERVER_RESOURCES, STATUS_INSUFFICIENT_RESOURCES or STATUS_NO_MEMORY, at any step.",
		fix:      "Set IRPStackSize to 11, or to 12 if 11 holds already, never higher, and restart the server",
	}, find: outOfResources, remedy: outOfResourcesRemedy, explains: []string{"1130"}},
	{KnownCause: KnownCause{
		Name: "licences_used_up", Title: "The server takes no more sessions", Severities: onlyWarning,
		Articles: []string{"Q149522"},
		Evidence: "The server refuses because licences or sessions are used up.",
		fix:      "End sessions that are not needed (net session lists them), or add licences",
	}, find: stateFinding(licencesUsedUp, smbprobe.ShareServerFull), remedy: licencesRemedy},
	{KnownCause: KnownCause{
		Name: "server_paused", Title: "The Server service is paused", Severities: onlyWarning,
		Articles: []string{"Q110061"},
		Evidence: "The server refuses with STATUS_SHARING_PAUSED, or the service LanmanServer is paused.",
	}, find: serverPaused, remedy: serverPausedRemedy, services: []string{"LanmanServer"}},
	{KnownCause: KnownCause{
		Name: "services_exe_not_answering", Title: "services.exe has crashed or hangs", Severities: onlyCritical,
		Articles: []string{"Q178741"},
		Evidence: "The share works, and none of the pipes has a listener.",
		fix:      "Restart the server; Exchange cannot be stopped first",
	}, find: servicesDead, remedy: servicesDeadRemedy, ruledOut: servicesDeadRuledOut},
	{KnownCause: KnownCause{
		Name: "rpc_refused", Title: "The server refuses the exporter's remote queries", Severities: onlyWarning,
		Articles: []string{"Q140058", "Q155076", "Q245128"},
		Evidence: "The share works, and every pipe or every call is refused for access, or all of the registry's or the services' are.",
	}, find: rpcRefused, remedy: rpcRefusedRemedy, explainedBy: []string{"services_exe_not_answering"}},
}

// outOfResourcesStatus returns the status with which the server refused for lack of
// resources, and where; StatusOK: it did not.
func (c *evidence) outOfResourcesStatus() (status smb.Status, where string) {
	short := []smb.Status{smb.StatusInsuffServerResources, smb.StatusInsufficientResources, smb.StatusNoMemory}
	switch {
	case c.Share == smbprobe.ShareOutOfResources:
		if c.ShareStatus == smb.StatusOK {
			return smb.StatusInsuffServerResources, "the share"
		}
		return c.ShareStatus, "the share"
	case slices.Contains(short, c.Phonebook.Status):
		return c.Phonebook.Status, "the phone book, although it opened the share"
	case slices.Contains(short, c.Eventlog.Status):
		return c.Eventlog.Status, "the event log"
	}
	return smb.StatusOK, ""
}

// Limits of IRPStackSize.
const (
	defaultIRP = 11 // of Service Pack 6; the value that is set if a smaller one holds
	maxIRP     = 12 // a larger one causes the same error
	leastIRP   = 7  // Service Packs 5 and 6 ignore less, and use their default (Q198386)
)

// irpStackSize returns the value of IRPStackSize that holds, and how it comes about; 0: not
// known.
func (c *evidence) irpStackSize() (effective uint32, why string) {
	pack, packKnown := c.servicePack()
	defaults := map[int]uint32{3: 4, 4: 11, 5: 7, 6: 11} // by service pack
	ofPack, hasDefault := defaults[pack]
	v, unset := c.Registry.IRPStackSize, "IRPStackSize is not set"
	if v != nil && v.WrongType != "" {
		unset = fmt.Sprintf("IRPStackSize is %q of type %s, which Windows ignores", v.Text, v.WrongType)
	}
	switch {
	case v == nil:
		return 0, ""
	case v.Set && !(packKnown && pack >= 5 && v.Value < leastIRP):
		return v.Value, fmt.Sprintf("IRPStackSize is %d.", v.Value)
	case !packKnown || !hasDefault || !c.maybeNT4():
		if v.Set {
			return v.Value, fmt.Sprintf("IRPStackSize is %d.", v.Value)
		}
		if !c.maybeNT4() {
			return 0, unset + "."
		}
		return 0, unset + ", so the default of the service pack holds (SP3: 4, SP4: 11, SP5: 7, SP6: 11)."
	case v.Set:
		return ofPack, fmt.Sprintf("IRPStackSize is %d, too small for SP%d, which uses its default of %d.", v.Value, pack, ofPack)
	}
	return ofPack, fmt.Sprintf("%s: %d holds, the default of SP%d.", unset, ofPack, pack)
}

// newIRP returns the value of IRPStackSize to set for the one that holds.
func newIRP(effective uint32) uint32 {
	if effective == defaultIRP {
		return maxIRP
	}
	return defaultIRP
}

func outOfResources(c *evidence, _ []dialFailure) *finding {
	status, where := c.outOfResourcesStatus()
	if status == smb.StatusOK {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityCritical,
		headline:    "The server is out of resources: often IRPStackSize is too small",
		evidence:    []string{withStatus(fmt.Sprintf("%s refused to open %s", c.host(), where), status)},
		explanation: "Anti-virus and similar drivers need room in each request; IRPStackSize is that room, and it has run out. Certain folders may be affected alone. The Internet Mail Service cannot open its phone book then.",
	}
	effective, why := c.irpStackSize()
	if why != "" {
		f.evidence = append(f.evidence, why)
	}
	switch {
	case status != smb.StatusInsuffServerResources:
		f.headline = "The server is out of resources: its memory pool is used up, or IRPStackSize is too small"
		f.explanation = "Either a program has used up the paged or the nonpaged pool, or the drivers need more room in each request than IRPStackSize gives them. " +
			"The Internet Mail Service cannot open its phone book then."
	case effective > 0:
		f.headline = fmt.Sprintf("The server is out of resources: an IRPStackSize of %d is in use", effective)
	}
	return f
}

func outOfResourcesRemedy(c *evidence) []smbprobe.RemedyStep {
	status, _ := c.outOfResourcesStatus()
	steps := []smbprobe.RemedyStep{c.lookFor2011()}
	if c.general || status != smb.StatusInsuffServerResources {
		pool := look(fmt.Sprintf("At %s, look in the System log for events 2019, 2020 and 2022: paged or nonpaged pool is used up (Q272568). Then a larger IRPStackSize does not help; find the program that uses it up.", c.host()), "eventvwr")
		steps = append([]smbprobe.RemedyStep{pool}, steps...)
	}
	return append(append(steps, c.setIRPStackSize()...),
		fix("If the error stays: update or remove the anti-virus program or other file system driver that was installed last."),
		checkProbe())
}

func (c *evidence) lookFor2011() smbprobe.RemedyStep {
	return look(fmt.Sprintf("At %s, look in the System log for event 2011 (source Srv): it names IRPStackSize.", c.host()), "eventvwr")
}

const setIRP = "Set IRPStackSize to 11 (decimal); if 11 holds already, to 12, which is the maximum: more gives the same error (Q225782). The default is 4 in SP3, 11 in SP4, 7 in SP5, 11 in SP6; SP5 and SP6 ignore less than 7."

// wrongType reports whether a value of the registry is there, and not a number.
func wrongType(n *smbprobe.RegistryNumber) bool { return n != nil && n.WrongType != "" }

// setIRPStackSize are the steps that set it, and restart the server.
func (c *evidence) setIRPStackSize() []smbprobe.RemedyStep {
	effective, _ := c.irpStackSize()
	now, set := numberNow(c.Registry.IRPStackSize), newIRP(effective)
	text := fmt.Sprintf("Set IRPStackSize to %d (decimal).", set)
	switch {
	case effective == 0 && wrongType(c.Registry.IRPStackSize):
		text = fmt.Sprintf("Delete IRPStackSize, whose type is %s, so that Windows ignores it. ", c.Registry.IRPStackSize.WrongType) + setIRP
	case effective == 0:
		text = setIRP
	case now == notSet:
		text += fmt.Sprintf(" It is %d now, the default.", effective)
	case wrongType(c.Registry.IRPStackSize):
		text += fmt.Sprintf(" Delete the value that is there first: its type is %s, and Windows ignores it. %d holds now, the default.", c.Registry.IRPStackSize.WrongType, effective)
	case fmt.Sprint(effective) != now:
		text += fmt.Sprintf(" It is %s now, which is too small: the default of %d is in use.", now, effective)
	case effective >= maxIRP:
		text += fmt.Sprintf(" It is %d now; the maximum causes the same error (Q225782), so the driver that needs so much has to go.", effective)
	default:
		text += fmt.Sprintf(" It is %d now.", effective)
	}
	return append(changeRegistry(text, smbprobe.RegistryChange{Key: keyLanmanServer, Name: "IRPStackSize", Type: typeDWORD, Now: now, Set: fmt.Sprint(set)}),
		c.restart("The change takes effect at the next start.")...)
}

func licencesUsedUp(c *evidence) finding {
	return finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server takes no more sessions: licences or connections are used up",
		evidence:    []string{c.statusSentence(c.host() + " refused")},
		explanation: "Nothing is known to be wrong with share or phone book. The exporter could not look at them, and other clients are turned away as well.",
	}
}

func licencesRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, see who is connected:", c.host()), "net session"),
		fix("Disconnect a session that is not needed; that cuts its user off:", `net session \\COMPUTER /delete`),
		c.in(fix("Or add licences."), "Start, Settings, Control Panel, Licensing", "Start, Programs, Administrative Tools, Licensing"),
		checkProbe(),
	}
}

func serverPaused(c *evidence, _ []dialFailure) *finding {
	paused := c.serviceIs("LanmanServer", smbprobe.ServicePaused, smbprobe.ServicePausePending)
	if c.Share != smbprobe.ShareServerPaused && !paused {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The Server service is paused",
		explanation: "A paused Server service lets only administrators open its shares (Q110061). The Internet Mail Service's account may be one or not; while it is not, it cannot open its phone book.",
	}
	if c.Share == smbprobe.ShareServerPaused {
		f.evidence = append(f.evidence, c.statusSentence(c.host()+" refused"),
			fmt.Sprintf("Administrators are still let in, so %s is not one.", c.account()))
	}
	if paused {
		f.evidence = append(f.evidence, serviceSentence(c.service("LanmanServer")))
	}
	return f
}

func serverPausedRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		look(fmt.Sprintf("Ask whether it was paused on purpose, for work on %s.", c.host())),
		fix(fmt.Sprintf("At %s, resume the Server service:", c.host()), "net continue server"),
		checkProbe(),
	}
}

func servicesDead(c *evidence, _ []dialFailure) *finding {
	if c.Share != smbprobe.ShareOK || c.RPC != smbprobe.RPCDead {
		return nil
	}
	return &finding{
		severity: smbprobe.SeverityCritical,
		headline: "services.exe does not answer, while the share still works",
		evidence: []string{
			c.openedSentence(),
			"None of the pipes that were tried (event log, registry, services) has a listener.",
		},
		explanation: "services.exe holds the event log, the service controller and much else. Once it is gone no service can be started or stopped, RasMan included, and RAS cannot dial.",
	}
}

func servicesDeadRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look(fmt.Sprintf("At %s, look in Task Manager (Ctrl+Shift+Esc) whether services.exe is among the processes.", c.host())),
		fix(fmt.Sprintf("Close all programs and restart %s (Start, Shut Down). Exchange cannot be stopped first: no service can be while services.exe does not answer. "+
			"The shutdown may hang; if the server has not gone down after 10 minutes, switch it off. Exchange repairs its databases at the next start.", c.host())),
	}
	if c.general || c.maybePackBelow(4) {
		steps = append(steps, fix("Before Service Pack 4, damaged event logs and several faults make services.exe crash early: install Service Pack 6a."),
			fix("If it happens again: save the event logs. Clear them last of all, with every program closed that has one open, Event Viewer on other computers too: otherwise clearing makes services.exe crash as well (Q159840)."))
	}
	return append(steps, checkProbe())
}

func servicesDeadRuledOut(c *evidence) string {
	if c.RPC != smbprobe.RPCAnswers {
		return ""
	}
	return "services.exe: answers"
}

// refusedChecks returns what was asked over RPC, and what of it was refused for access as a
// whole.
func (c *evidence) refusedChecks() (asked int, refused []string) {
	count := func(isAsked, isRefused bool, what string) {
		if isAsked {
			asked++
			if isRefused {
				refused = append(refused, what)
			}
		}
	}
	count(c.Eventlog.Readable != nil, c.logRefused(), "the event log")
	count(c.Registry.Readable != nil, c.Registry.Refused, "the registry")
	count(len(c.Services) > 0, len(c.Services) > 0 && !slices.ContainsFunc(c.Services, func(s smbprobe.ServiceResult) bool { return !s.Refused }), "the services")
	count(c.Host.Known || c.Host.Error != "", c.Host.Refused, "the Server service's own data")
	return asked, refused
}

// logRefused reports whether the event log was refused for access.
func (c *evidence) logRefused() bool {
	e := &c.Eventlog
	return e.Readable != nil && !*e.Readable && (e.Status == smb.StatusAccessDenied || e.Status == smb.StatusNetworkAccessDenied)
}

func rpcRefused(c *evidence, _ []dialFailure) *finding {
	asked, refused := c.refusedChecks()
	all := len(refused) == asked
	logAlone := len(refused) == 1 && c.logRefused()
	if c.Share != smbprobe.ShareOK || len(refused) == 0 || logAlone && !(all && asked > 1) {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The server refuses " + joinAnd(refused) + " to the exporter's account",
		explanation: "What the exporter could not read may hold the cause of a fault. The Internet Mail Service itself need not be affected.",
	}
	if all {
		f.headline = "The share opens, and every remote query is refused"
	}
	f.evidence = []string{
		fmt.Sprintf("The share %s of %s was opened with %s.", c.share(), c.host(), c.account()),
		fmt.Sprintf("Refused for access: %s.", joinAnd(refused)),
	}
	if s := c.auditSentence(); s != "" {
		f.evidence = append(f.evidence, s)
	}
	return f
}

// auditSentence says that the security log filled up, if that is known.
func (c *evidence) auditSentence() string {
	if v := c.Registry.CrashOnAuditFail; v != nil && v.Set && v.Value == auditFailed {
		return "CrashOnAuditFail is 2: the security log filled up, and only administrators may log on since (Q140058)."
	}
	return ""
}

func rpcRefusedRemedy(c *evidence) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	if c.general || c.Registry.Refused {
		steps = append(steps, look(fmt.Sprintf("At %s, see who may read the key winreg (Security, Permissions in regedt32): it decides who may read the registry from another computer (Q245128).", c.host()), "regedt32"))
		steps = append(steps, changeRegistry(fmt.Sprintf("Give %s, or Administrators, Full Control on the key winreg (Security, Permissions).", c.account()), smbprobe.RegistryChange{Key: keyWinreg})...)
	}
	if c.general || !c.Registry.Refused {
		steps = append(steps,
			look(fmt.Sprintf("At %s, see whether %s is an administrator:", c.host(), c.account()), "net localgroup Administrators"),
			fix("If it is not, make it one, with your domain and user name:", `net localgroup Administrators DOMAIN\user /add`))
	}
	return append(append(steps, c.emptySecurityLog()...), checkProbe())
}

// emptySecurityLog are the steps for a security log that filled up; none if it is known not to
// have. While it is full, only administrators may log on.
func (c *evidence) emptySecurityLog() []smbprobe.RemedyStep {
	v := c.Registry.CrashOnAuditFail
	isFull := v != nil && v.Set && v.Value == auditFailed
	if !c.general && v != nil && !isFull {
		return nil
	}
	var steps []smbprobe.RemedyStep
	if !isFull {
		steps = append(steps, look("See whether the security log is full, and whether CrashOnAuditFail under "+keyLsa+" is 2: a full security log lets only administrators in (Q140058, Q155076, Q242361). If neither is so, leave out the steps about it.", "eventvwr"))
	}
	steps = append(steps, fix("Save the security log, and let it overwrite as needed (Event Viewer, Log, Log Settings). Clear it only if that is not enough, last of all, with every program closed that has it open (Q159840).", "eventvwr"))
	steps = append(steps, changeRegistry("Set CrashOnAuditFail back from 2, which it has been since the log filled up.", smbprobe.RegistryChange{
		Key: keyLsa, Name: "CrashOnAuditFail", Type: typeDWORD, Now: numberNow(v), Set: "1"})...)
	return append(steps, c.restart("It takes effect at the next start.")...)
}

// auditFailed is the value of CrashOnAuditFail once the security log has filled up.
const auditFailed = 2

// joinAnd lists texts with commas, and "and" before the last.
func joinAnd(all []string) string {
	text := ""
	for i, s := range all {
		switch {
		case i == 0:
			text = s
		case i == len(all)-1:
			text += " and " + s
		default:
			text += ", " + s
		}
	}
	return text
}
