package report

import (
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/diagnosis"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

func at(hour, minute int) time.Time { return time.Date(1999, 3, 1, hour, minute, 0, 0, time.UTC) }

func step(s smbprobe.Step, tenths int, err string) smbprobe.StepResult {
	return smbprobe.StepResult{Step: s, Duration: time.Duration(tenths) * 100 * time.Microsecond, Error: err}
}

// cases are results worth reading, by the name of their golden files.
func cases() map[string]*smbprobe.Result {
	return map[string]*smbprobe.Result{
		"healthy":             healthy(),
		"share_removed":       shareRemoved(),
		"registry_unreadable": registryUnreadable(),
		"book_damaged":        bookDamaged(),
		"dialup_failing":      dialupFailing(),
		"login_refused":       loginRefused(),
		"login_held_back":     loginHeldBack(),
		"unreachable":         unreachable(),
		"services_exe_dead":   servicesDead(),
		"log_unanswered":      logUnanswered(),
		"old_events":          oldEvents(),
		"not_probed":          notProbed(),
		"hostile":             hostile(),
	}
}

func healthy() *smbprobe.Result {
	return &smbprobe.Result{
		Target: "exch01", Module: "default", Auth: "corp", Account: "rasphone", ShareName: "ADMIN$",
		Started: at(12, 0), Duration: 18200 * time.Microsecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 12,
		Steps: []smbprobe.StepResult{
			step(smbprobe.StepResolve, 1, ""), step(smbprobe.StepConnect, 14, ""), step(smbprobe.StepNegotiate, 9, ""),
			step(smbprobe.StepLogin, 58, ""), step(smbprobe.StepShare, 4, ""), step(smbprobe.StepPhonebook, 21, ""),
			step(smbprobe.StepEventlog, 97, ""), step(smbprobe.StepRegistry, 38, ""), step(smbprobe.StepServices, 35, ""),
		},
		Share: smbprobe.ShareOK, Address: "10.1.2.3:139",
		Server: &smbprobe.ServerInfo{
			OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "NT LM 0.12",
			Time: at(12, 0), TimeSeenAt: at(12, 0),
		},
		ClockOffset: new(-1482 * time.Millisecond),
		Phonebook: smbprobe.PhonebookResult{
			State: smbprobe.PhonebookOK, Size: new(int64(426)), Modified: new(at(9, 14)), Entries: new(1), Intact: new(true),
			Links:  []smbprobe.Link{{Entry: "ISP", Media: "serial", Device: "modem", Port: "COM1"}},
			Dialed: []phonebook.Dialed{{Name: "ISP", Entry: "ISP", Usable: true}},
		},
		Eventlog: smbprobe.EventlogResult{
			Readable: new(true), Records: new(1207), Oldest: new(at(0, 0).AddDate(0, 0, -9)), Newest: new(at(11, 58)), Size: new(int64(262144)),
			Windows: []smbprobe.WindowResult{
				{Label: "15m", Duration: 15 * time.Minute, Failures: new(0), Covered: true},
				{Label: "1h", Duration: time.Hour, Failures: new(0), Covered: true},
				{Label: "24h", Duration: 24 * time.Hour, Failures: new(0), Covered: true},
			},
		},
		Registry: smbprobe.RegistryResult{
			Readable: new(true), AutoShareServer: &smbprobe.RegistryNumber{}, AutoShareWks: &smbprobe.RegistryNumber{},
			LogMaxSize: &smbprobe.RegistryNumber{Set: true, Value: 524288}, LogRetention: &smbprobe.RegistryNumber{Set: true},
			ServicePack: &smbprobe.RegistryText{Set: true, Value: "Service Pack 6"}, ProductType: &smbprobe.RegistryText{Set: true, Value: "ServerNT"},
			ProductSuite: &smbprobe.RegistryText{},
		},
		Services: []smbprobe.ServiceResult{
			{Name: "MSExchangeIMC", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
			{Name: "RasMan", Installed: new(true), State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: 1077},
		},
		Host: smbprobe.HostResult{Known: true, Major: 4, Server: true, Time: new(at(12, 0)), Started: new(75 * time.Hour), AdminShare: new(true)},
		RPC:  smbprobe.RPCAnswers,
	}
}

// diagnosed adds the causes.
func diagnosed(r *smbprobe.Result) *smbprobe.Result {
	r.Causes, r.RuledOut = diagnosis.Diagnose(r)
	return r
}

// failAt ends the steps with one that failed.
func failAt(r *smbprobe.Result, s smbprobe.Step, err string) {
	for i := range r.Steps {
		if r.Steps[i].Step == s {
			r.Steps[i].Error = err
			r.Steps = r.Steps[:i+1]
			return
		}
	}
}

// withoutAnswers forgets all that a login would have told.
func withoutAnswers(r *smbprobe.Result) {
	r.Phonebook = smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}
	r.Eventlog, r.Registry, r.Services = smbprobe.EventlogResult{}, smbprobe.RegistryResult{}, nil
	r.Host, r.RPC = smbprobe.HostResult{}, ""
}

func shareRemoved() *smbprobe.Result {
	r := healthy()
	const why = `tree connect \\EXCH01\ADMIN$: STATUS_BAD_NETWORK_NAME (0xC00000CC)`
	r.Steps[4].Error = why
	r.Steps = append(r.Steps[:5], r.Steps[6:]...)
	r.Share, r.ShareStatus, r.ShareError = smbprobe.ShareMissing, smb.StatusBadNetworkName, why
	r.Phonebook = smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown}
	r.Registry.AutoShareServer = &smbprobe.RegistryNumber{Set: true}
	r.Host.AdminShare, r.Host.SystemShare, r.Host.SystemDrive = new(false), new(false), "C$"
	return diagnosed(r)
}

func registryUnreadable() *smbprobe.Result {
	r := shareRemoved()
	const why = "open winreg: STATUS_ACCESS_DENIED (0xC0000022)"
	r.Steps[6].Error = why
	r.Registry = smbprobe.RegistryResult{Readable: new(false), Error: why}
	return diagnosed(r)
}

func bookDamaged() *smbprobe.Result {
	r := healthy()
	r.Phonebook.State, r.Phonebook.Error, r.Phonebook.Intact = smbprobe.PhonebookDamaged, "line 7: malformed_line", new(false)
	r.Phonebook.Findings = []phonebook.Finding{{Check: phonebook.CheckLFOnly, Class: phonebook.ClassOddity}}
	for i := range 14 {
		f := phonebook.Finding{Check: phonebook.CheckMalformedLine, Class: phonebook.ClassFile, Line: 7 + i, Entry: "ISP", Text: "garb\uFFFDage"}
		r.Phonebook.Findings = append(r.Phonebook.Findings, f)
	}
	r.Phonebook.Counts = []phonebook.Count{
		{Check: phonebook.CheckMalformedLine, Class: phonebook.ClassFile, N: 130}, {Check: phonebook.CheckLFOnly, Class: phonebook.ClassOddity, N: 1},
	}
	r.Phonebook.Dialed = []phonebook.Dialed{{Name: "ISP", Entry: "ISP"}, {Name: "Gone", Missing: true}, {Name: strings.Repeat("n", 21), TooLong: true}, {Name: "None"}}
	return diagnosed(r)
}

func dialupFailing() *smbprobe.Result {
	r := healthy()
	r.Eventlog.Windows = []smbprobe.WindowResult{
		{Label: "15m", Duration: 15 * time.Minute, Failures: new(1), Covered: true, ByError: []smbprobe.FailureCount{
			{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 1},
		}},
		{Label: "1h", Duration: time.Hour, Failures: new(4), ByError: []smbprobe.FailureCount{
			{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 2}, {Entry: "Backup", Code: "unknown", N: 1}, {Entry: "ISP", Code: "4264763456", N: 1},
		}},
		{Label: "24h", Duration: 24 * time.Hour},
	}
	r.Eventlog.Forgotten = true
	r.Eventlog.LastFailures = []smbprobe.LastFailure{{Entry: "ISP", Code: "633", At: at(11, 50)}, {Entry: "Backup", Code: "unknown", At: at(11, 20)}}
	for i := range 5 {
		r.Eventlog.RelatedEvents = append(r.Eventlog.RelatedEvents, smbprobe.RelatedEvent{At: at(11, 50-i), Text: "ISP 0xc0000005"})
	}
	r.Registry.LogRetention = &smbprobe.RegistryNumber{Set: true, Value: 604800}
	return diagnosed(r)
}

func loginRefused() *smbprobe.Result {
	r := healthy()
	withoutAnswers(r)
	const why = `log in as CORP\rasphone: STATUS_LOGON_FAILURE (0xC000006D)`
	failAt(r, smbprobe.StepLogin, why)
	r.Share, r.ShareStatus, r.ShareError = smbprobe.ShareLoginFailed, smb.StatusLogonFailure, why
	return diagnosed(r)
}

func loginHeldBack() *smbprobe.Result {
	r := loginRefused()
	failAt(r, smbprobe.StepNegotiate, "")
	r.LoginHeldBack, r.HeldBackUntil, r.Success = true, at(12, 15), true
	r.ShareError = `no login was tried, to keep the account of auth "corp" from being locked: STATUS_LOGON_FAILURE at 12:00; next login after 1999-03-01 12:15:00 UTC`
	return diagnosed(r)
}

func unreachable() *smbprobe.Result {
	r := healthy()
	withoutAnswers(r)
	const why = "connect to 10.1.2.4:445: connection refused\nconnect to 10.1.2.4:139: connection refused"
	failAt(r, smbprobe.StepConnect, why)
	r.Target, r.Share, r.ShareError, r.Success = "exch02:139", smbprobe.SharePortClosed, why, false
	r.Address, r.Server, r.ClockOffset = "", nil, nil
	return diagnosed(r)
}

func servicesDead() *smbprobe.Result {
	r := healthy()
	const why = `open \PIPE\eventlog: STATUS_PIPE_NOT_AVAILABLE (0xC00000AC)`
	r.Steps[6].Error, r.Steps[7].Error, r.Steps[8].Error = why, why, why
	r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Error: why}
	r.Registry = smbprobe.RegistryResult{Readable: new(false), Error: why}
	r.Services = []smbprobe.ServiceResult{{Name: "MSExchangeIMC", Error: why}, {Name: "RasMan"}, {Name: "RasAuto", Installed: new(false)}}
	r.Host = smbprobe.HostResult{Error: why}
	r.RPC = smbprobe.RPCDead
	return diagnosed(r)
}

func logUnanswered() *smbprobe.Result {
	r := healthy()
	const why = "read the event log: no answer in time"
	r.Steps[6].Error, r.Success = why, false
	r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Error: why}
	return diagnosed(r)
}

func oldEvents() *smbprobe.Result {
	r := healthy()
	r.Eventlog.Windows[2].Failures = new(2)
	r.Eventlog.Windows[2].ByError = []smbprobe.FailureCount{{Entry: "ISP", Code: "5", Error: "ERROR_ACCESS_DENIED", N: 2}}
	r.Registry.LogRetention = &smbprobe.RegistryNumber{Set: true, Value: 0xFFFFFFFF}
	return diagnosed(r)
}

func notProbed() *smbprobe.Result {
	return &smbprobe.Result{
		Target: "exch03", Module: "default", Auth: "corp", ShareName: "ADMIN$", Started: at(12, 0),
		Share: smbprobe.ShareNotProbed, Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
	}
}

// hostile holds texts that want to break out of their lines.
func hostile() *smbprobe.Result {
	r := healthy()
	long, wide := strings.Repeat("x", 256), strings.Repeat("電", 200)
	r.Server.OS, r.Server.Domain = long, wide
	r.Phonebook.Links = nil
	for range 12 {
		r.Phonebook.Links = append(r.Phonebook.Links, smbprobe.Link{Entry: wide, Media: "a | b  c", Port: strings.Repeat("e\u0301", 90)})
	}
	r.Steps[5].Error = "read:\n\x1b[2Jcleared\r\n" + long
	r.Registry.StaleNetworkCards = []smbprobe.NetworkCard{{Key: "3", Service: long}}
	r.Services[0].Error = "a\tb | c"
	r.Services[1].ExitCode = 1068
	r.Registry.IRPStackSize = &smbprobe.RegistryNumber{Set: true, Value: 4}
	r.Registry.Error = "open key"
	r.Causes = []smbprobe.Cause{{
		Name: "dialup_failing", Severity: smbprobe.SeverityWarning, Articles: []string{"Q1"},
		Headline: "dialing \"a|b\" | rm=1 fails\n\x1b[31m" + wide, Evidence: []string{long + " | " + wide},
		Explanation: strings.Repeat("word ", 40),
		Remedy:      fixes("`net start "+long+" | more`", "one or two", "a `code` in a text"),
	}}
	return r
}

// fixes makes steps of texts; one in backquotes is a command of the step before it.
func fixes(texts ...string) []smbprobe.RemedyStep {
	var steps []smbprobe.RemedyStep
	for _, text := range texts {
		if command, ok := strings.CutPrefix(text, "`"); ok {
			if len(steps) == 0 {
				steps = append(steps, smbprobe.RemedyStep{Kind: smbprobe.RemedyFix, Text: "Type:"})
			}
			last := &steps[len(steps)-1]
			last.Commands = append(last.Commands, strings.TrimSuffix(command, "`"))
			continue
		}
		steps = append(steps, smbprobe.RemedyStep{Kind: smbprobe.RemedyFix, Text: text})
	}
	return steps
}
