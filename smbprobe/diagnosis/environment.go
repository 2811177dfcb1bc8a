package diagnosis

import (
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	// fullLogSlack is how far below its limit a full log's file may be: a record that
	// does not fit is dropped whole, and one may have almost as much.
	fullLogSlack = 64 << 10
	// quietLog is how old the newest record of a log is at least that drops events.
	quietLog = time.Hour
	// neverOverwrite is the retention of a log that is to be cleared by hand.
	neverOverwrite = math.MaxUint32

	maxClockOffset  = 5 * time.Minute
	maxNTLMv2Offset = 30 * time.Minute

	// neverStarted is the Win32 error ERROR_SERVICE_NEVER_STARTED.
	neverStarted = 1077

	mailService = "MSExchangeIMC"
)

// aroundRules are about what is neither the way to the book nor dialling.
var aroundRules = []rule{
	{KnownCause: KnownCause{
		Name:       "service_not_running",
		Severities: []smbprobe.Severity{smbprobe.SeverityCritical, smbprobe.SeverityWarning},
		Articles:   []string{"Q143380"},
		Evidence:   "A service that starts automatically does not run: critical for MSExchangeIMC.",
		Remedy:     "See in the event log why it stopped, and start it.",
	}, find: serviceNotRunning},
	{KnownCause: KnownCause{
		Name:       "event_log_full",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q131605"},
		Evidence:   "The log has the size that it may have, may not overwrite its oldest record yet, and has no new one for an hour.",
		Remedy:     "Events are dropped: clear the log, or let it overwrite as needed.",
	}, find: eventLogFull},
	{KnownCause: KnownCause{
		Name:       "clock_off",
		Severities: []smbprobe.Severity{smbprobe.SeverityWarning},
		Articles:   []string{"Q147706"},
		Evidence:   "The clocks of server and exporter differ by more than 5 minutes.",
		Remedy:     "Set the clock. Beyond 30 minutes NTLMv2 logins fail.",
	}, find: clockOff},
}

func serviceNotRunning(c *evidence) *finding {
	j := &finding{
		severity:    smbprobe.SeverityWarning,
		explanation: "Windows starts this service by itself, so somebody stopped it or it failed.",
		remedy:      []string{fmt.Sprintf("At %s, look in the System and Application logs for the reason, and start what does not run:", c.host())},
	}
	var names []string
	for _, s := range c.Services {
		if s.StartMode != smbprobe.StartAutomatic || !stopped(&s) {
			continue
		}
		names = append(names, s.Name)
		j.evidence = append(j.evidence, whyStopped(&s))
		verb := "start"
		if s.State == smbprobe.ServicePaused || s.State == smbprobe.ServicePausePending {
			verb = "continue"
		}
		j.remedy = append(j.remedy, command(fmt.Sprintf("net %s %s", verb, s.Name)))
		if strings.EqualFold(s.Name, mailService) {
			j.severity = smbprobe.SeverityCritical
			j.explanation = "While the Internet Mail Service does not run, no Internet mail leaves or arrives, whatever the share and the book are like."
			j.remedy = append(j.remedy, "MSExchangeIMC needs MSExchangeIS, MSExchangeMTA and TCP/IP: if it does not start, see whether these run.")
		}
	}
	switch len(names) {
	case 0:
		return nil
	case 1:
		j.headline = fmt.Sprintf("Service %s does not run though it starts automatically", names[0])
	default:
		j.headline = fmt.Sprintf("%d services do not run though they start automatically: %s", len(names), strings.Join(names, ", "))
	}
	return j
}

// whyStopped says what an automatic service does, and how it ended.
func whyStopped(s *smbprobe.ServiceResult) string {
	text := strings.TrimSuffix(serviceSentence(s), ".") + ", start mode automatic"
	switch s.ExitCode {
	case 0:
	case neverStarted:
		text += ", not started since the server was"
	default:
		text += fmt.Sprintf(", ended with Win32 error %d", s.ExitCode)
	}
	return text + "."
}

func eventLogFull(c *evidence) *finding {
	e, limit, retention := &c.Eventlog, c.Registry.LogMaxSize, c.Registry.LogRetention
	now, known := c.serverTime()
	// The file of a log that may have no more than the slack is as large when it is empty.
	if e.Size == nil || limit == nil || !limit.Set || limit.Value <= fullLogSlack || *e.Size < int64(limit.Value)-fullLogSlack {
		return nil
	}
	if retention == nil || !retention.Set || retention.Value == 0 {
		return nil // overwrites as needed; a value that is not there is not known
	}
	if !known || e.Newest == nil || now.Sub(*e.Newest) <= quietLog {
		return nil
	}
	kept := "never overwrites"
	if retention.Value != neverOverwrite {
		keep := time.Duration(retention.Value) * time.Second
		if e.Oldest == nil || now.Sub(*e.Oldest) >= keep {
			return nil // it may overwrite, and drops nothing
		}
		kept = fmt.Sprintf("keeps records for %.4g days, and its oldest is of %s", keep.Hours()/24, timeText(*e.Oldest))
	}
	return &finding{
		severity: smbprobe.SeverityWarning,
		headline: "The event log is full and drops new events",
		evidence: []string{
			fmt.Sprintf("Its file has %d bytes, and may have %d.", *e.Size, limit.Value),
			fmt.Sprintf("It %s.", kept),
			fmt.Sprintf("Its newest record is of %s, and the server's clock says %s.", timeText(*e.Newest), timeText(now)),
		},
		explanation: "Failures to dial are no longer written down, so that none is seen proves nothing.",
		remedy: []string{
			fmt.Sprintf("At %s, open Event Viewer:", c.host()),
			command("eventvwr"),
			"Save the log if somebody may need it, and clear it (Log, Clear All Events).",
			"In Log, Log Settings, choose Overwrite Events as Needed, and a larger size.",
		},
	}
}

func clockOff(c *evidence) *finding {
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
	j := &finding{
		severity:    smbprobe.SeverityWarning,
		headline:    fmt.Sprintf("The server's clock is %s %s the exporter's", offset.Round(time.Second), direction),
		evidence:    []string{fmt.Sprintf("The clock of %s is %s %s the exporter's.", c.host(), offset.Round(time.Second), direction)},
		explanation: "Mail and events carry wrong times.",
		remedy: []string{
			"See which of the two clocks is wrong. The server takes its domain's time with:",
			command("net time /domain /set /yes"),
		},
	}
	if offset > maxNTLMv2Offset {
		j.evidence = append(j.evidence, "That is more than 30 minutes, beyond which NTLMv2 logins fail.")
		j.explanation += " Computers that log in with NTLMv2 and their own time are refused beyond 30 minutes."
	}
	return j
}
