package diagnosis

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	// fullLogSlack is how far below its limit a full log's file may be: a record that does not
	// fit is dropped whole, and one may have almost as much.
	fullLogSlack = 64 << 10
	// quietLog is how old the newest record of a full log is at least.
	quietLog = time.Hour
	// stalledLog is how old the newest record is at least of a log that drops events although
	// it is below its limit.
	stalledLog = 24 * time.Hour
	// neverOverwrite is the retention of a log that is to be cleared by hand.
	neverOverwrite = math.MaxUint32

	maxClockOffset  = 5 * time.Minute
	maxNTLMv2Offset = 30 * time.Minute
)

// aroundRules are about what is neither the way to the phone book nor a call.
var aroundRules = slices.Concat(servicesRules, []rule{
	{KnownCause: KnownCause{
		Name: "event_log_full", Title: "The event log is full and drops events", Severities: onlyWarning,
		Articles: []string{"Q131605", "Q159840"},
		Evidence: "The log has the size that it may have, may not overwrite its oldest record yet, and has no new one for an hour.",
	}, find: eventLogFull, remedy: eventLogFullRemedy},
	{KnownCause: KnownCause{
		Name: "event_log_stalled", Title: "The event log takes no new events", Severities: onlyWarning,
		Articles: []string{"Q142032", "Q175386"},
		Evidence: "The log may not overwrite, is below its limit, and has no record of the last 24 hours although Exchange runs.",
	}, find: eventLogStalled, remedy: eventLogFullRemedy, explainedBy: []string{"event_log_full"}},
	{KnownCause: KnownCause{
		Name: "event_log_not_readable", Title: "The event log cannot be read", Severities: onlyWarning,
		Articles: []string{"Q168464", "Q245128"},
		Evidence: "The log is refused, or gives no definite answer while other pipes answer.",
	}, find: eventLogNotReadable, remedy: eventLogNotReadableRemedy,
		explainedBy: []string{"services_exe_not_answering", "rpc_refused", "server_out_of_resources"}, ruledOut: logRuledOut},
	{KnownCause: KnownCause{
		Name: "clock_off", Title: "The server's clock is wrong", Severities: onlyWarning,
		Articles: []string{"Q147706"},
		Evidence: "The clocks of server and exporter differ by more than 5 minutes.",
		fix:      "Set the clock that is wrong, the server's or the exporter's",
	}, find: clockOff, remedy: clockOffRemedy, ruledOut: clockRuledOut},
})

// mayNotOverwrite describes why a log may not overwrite its oldest record now; empty: it may,
// or that is not known.
func (c *evidence) mayNotOverwrite(now time.Time) string {
	retention := c.Registry.LogRetention
	if retention == nil || !retention.Set || retention.Value == 0 {
		return "" // overwrites as needed; a value that is not there is not known
	}
	if retention.Value == neverOverwrite {
		return "It never overwrites."
	}
	keep := time.Duration(retention.Value) * time.Second
	if c.Eventlog.Oldest == nil || now.Sub(*c.Eventlog.Oldest) >= keep {
		return "" // it may overwrite, and drops nothing
	}
	return fmt.Sprintf("It keeps records for %.4g days, and its oldest is of %s.", keep.Hours()/24, timeText(*c.Eventlog.Oldest))
}

// logRoom returns the size of the log's file and its limit; known false: one of them is not
// known. The file of a log that may have no more than the slack is as large when it is empty.
func (c *evidence) logRoom() (size int64, limit uint32, known bool) {
	e, l := &c.Eventlog, c.Registry.LogMaxSize
	if e.Size == nil || l == nil || !l.Set || l.Value <= fullLogSlack {
		return 0, 0, false
	}
	return *e.Size, l.Value, true
}

func eventLogFull(c *evidence, _ []dialFailure) *finding {
	now, clockKnown := c.serverTime()
	size, limit, known := c.logRoom()
	if !known || !clockKnown || size < int64(limit)-fullLogSlack {
		return nil
	}
	kept, newest := c.mayNotOverwrite(now), c.Eventlog.Newest
	if kept == "" || newest == nil || now.Sub(*newest) <= quietLog {
		return nil
	}
	return &finding{
		severity: smbprobe.SeverityWarning,
		headline: "The event log is full and drops new events",
		evidence: []string{
			fmt.Sprintf("The log file on %s has %d bytes, and its limit is %d.", c.host(), size, limit), kept,
			fmt.Sprintf("Its newest record is of %s, and the server's clock is at %s.", timeText(*newest), timeText(now)),
		},
		explanation: "Failed calls are no longer written down, so that none is seen proves nothing.",
	}
}

func eventLogFullRemedy(c *evidence) []smbprobe.RemedyStep {
	return []smbprobe.RemedyStep{
		fix(fmt.Sprintf("At %s, in Event Viewer (Log, Log Settings), first choose Overwrite Events as Needed; a larger size, up to 4 MB, keeps more.", c.host()), "eventvwr"),
		fix("Save the log (Log, Save As), so that nothing is lost that is needed later."),
		check("New events appear within some minutes, and the probe no longer reports the cause. A larger size alone takes effect only once the log was cleared (Q142032)."),
		fix("Only if none appears, clear it (Log, Clear All Events). Before that, close every program that has it open, Event Viewer on other computers and this exporter among them: otherwise services.exe dies on Windows NT 3.51 and 4.0 (Q159840)."),
	}
}

// exchangeRuns returns a service of Exchange that is known to run.
func (c *evidence) exchangeRuns() string {
	for _, s := range c.Services {
		isExchange := func(name string) bool { return strings.EqualFold(name, s.Name) }
		if s.State == smbprobe.ServiceRunning && slices.ContainsFunc(exchangeServices, isExchange) {
			return s.Name
		}
	}
	return ""
}

func eventLogStalled(c *evidence, _ []dialFailure) *finding {
	now, clockKnown := c.serverTime()
	size, limit, known := c.logRoom()
	running, newest := c.exchangeRuns(), c.Eventlog.Newest
	if !known || !clockKnown || running == "" || newest == nil || size >= int64(limit)-fullLogSlack || now.Sub(*newest) <= stalledLog {
		return nil
	}
	retention := c.Registry.LogRetention
	if retention == nil || !retention.Set || retention.Value == 0 {
		return nil
	}
	return &finding{
		severity: smbprobe.SeverityWarning,
		headline: "The event log has taken no event for a day, although Exchange runs",
		evidence: []string{
			fmt.Sprintf("The newest record of the log on %s is of %s, and the server's clock is at %s.", c.host(), timeText(*newest), timeText(now)),
			fmt.Sprintf("The service %s is running, and logs events every day.", running),
			fmt.Sprintf("Its file has %d bytes, and its limit is %d; it may not overwrite as needed.", size, limit),
		},
		explanation: "A limit that was raised takes effect only once the log was cleared (Q142032), and a log that was moved may be stuck (Q175386). Failed calls are not written down, so that none is seen proves nothing.",
	}
}

func eventLogNotReadable(c *evidence, _ []dialFailure) *finding {
	e := &c.Eventlog
	if e.Readable == nil || *e.Readable || c.Share == smbprobe.ShareNotProbed {
		return nil
	}
	answered := c.Share == smbprobe.ShareOK && c.RPC == "" && e.Status != smb.StatusOK // with a status that tells nothing of the others
	if !c.logRefused() && c.RPC != smbprobe.RPCAnswers && !answered {
		return nil // no answer, or no listener, as from everything else
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    "The event log could not be read, while other remote queries are answered",
		evidence:    []string{fmt.Sprintf("The event log of %s could not be read.", c.host()), sentenceOf(e.Error, "Why is not known.")},
		explanation: "Whether calls fail is not known. Share and phone book were checked.",
	}
	switch {
	case c.logRefused():
		f.headline = "The event log is refused to the exporter's account"
	case e.Status != smb.StatusOK:
		f.headline = fmt.Sprintf("The event log cannot be read (%s)", e.Status)
	}
	if s := c.auditSentence(); s != "" {
		f.evidence = append(f.evidence, s)
	}
	return f
}

func eventLogNotReadableRemedy(c *evidence) []smbprobe.RemedyStep {
	full := c.auditSentence() != ""
	corrupt := c.general || c.Eventlog.Status == smb.StatusEventlogFileCorrupt || c.Eventlog.Status == smb.StatusEventlogCantStart
	var steps []smbprobe.RemedyStep
	steps = append(steps, look(fmt.Sprintf("At %s itself, does Event Viewer show the Application log?", c.host()), "eventvwr"))
	if c.general || full {
		steps = append(steps, c.emptySecurityLog()...)
	}
	if c.general || !corrupt {
		steps = append(steps,
			look("If it does: is the exporter's account an administrator, and is it not kept out by the rights on the key winreg (Q245128) or by RestrictGuestAccess (Q168464)?", "net localgroup Administrators"),
			fix("Make it an administrator, with your domain and user name:", `net localgroup Administrators DOMAIN\user /add`))
	}
	if corrupt {
		steps = append(steps, c.in(fix("If the log is damaged, do not clear it with Event Viewer: that can make services.exe crash. Set the startup type of the service EventLog to Disabled."), servicesNT4, servicesWin2000))
		steps = append(steps, c.restart("Then restart.")...)
		steps = append(steps, fix("Rename the log, and set the service EventLog to Automatic again:", `ren %SystemRoot%\System32\config\AppEvent.Evt AppEvent.bad`))
		steps = append(steps, c.restart("Restart a second time.")...)
	}
	return append(steps, checkProbe())
}

func logRuledOut(c *evidence) string {
	if c.Eventlog.Readable == nil || !*c.Eventlog.Readable {
		return ""
	}
	return "event log: readable"
}

func clockOff(c *evidence, _ []dialFailure) *finding {
	if c.ClockOffset == nil {
		return nil
	}
	offset, direction := c.ClockOffset.Abs(), "ahead of"
	if *c.ClockOffset < 0 {
		direction = "behind"
	}
	if offset <= maxClockOffset {
		return nil
	}
	f := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    fmt.Sprintf("The server's clock is %s %s the exporter's", durationText(offset), direction),
		evidence:    []string{fmt.Sprintf("The clock of %s is %s %s the exporter's.", c.host(), durationText(offset), direction)},
		explanation: "Mail and events carry wrong times, and the service dials at the wrong time.",
	}
	if offset > maxNTLMv2Offset {
		f.evidence = append(f.evidence, "That is more than 30 minutes, beyond which NTLMv2 logins fail.")
		f.explanation += " Computers that log in with NTLMv2 and their own time are refused beyond 30 minutes."
	}
	return f
}

func clockOffRemedy(c *evidence) []smbprobe.RemedyStep {
	steps := []smbprobe.RemedyStep{
		look("See which of the two clocks is wrong, the server's or the exporter's; then set that one."),
		look("Setting the clock moves the schedule of the Internet Mail Service: a call may come early or late once."),
	}
	if c.general || c.isDomainController() && !c.Host.BackupController {
		steps = append(steps, fix("On the primary domain controller itself, net time /domain finds no other server: set its clock by hand, hours, minutes and seconds as they are now:", "time"))
	}
	if c.general || !c.isDomainController() || c.Host.BackupController {
		steps = append(steps, fix("On any other server of the domain, take the domain's time:", "net time /domain /set /yes"))
	}
	return append(steps, check("The clocks agree to a minute, and the time zone and daylight saving are right (Control Panel, Date/Time)."))
}

func clockRuledOut(c *evidence) string {
	if c.ClockOffset == nil {
		return ""
	}
	return "clock: within 5 minutes of the exporter's"
}
