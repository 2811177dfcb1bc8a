package web

import (
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// pageTime is what time it is on the pages of the golden files.
func pageTime() time.Time { return time.Date(2001, 2, 3, 4, 5, 6, 0, time.UTC) }

// brokenEntries is the result of a book with an entry that cannot be dialled, and of
// a log with failures.
func brokenEntries() *smbprobe.Result {
	now := pageTime()
	return &smbprobe.Result{
		Target: "exch01.corp.example", Module: "default", Auth: "corp", Started: now.Add(-90 * time.Second),
		Duration: 9345678 * time.Nanosecond, Timeout: 9500 * time.Millisecond, Success: true, RoundTrips: 14,
		Steps: []smbprobe.StepResult{
			{Step: smbprobe.StepConnect, Duration: 1449999 * time.Nanosecond},
			{Step: smbprobe.StepPhonebook, Duration: 3 * time.Millisecond},
			{Step: smbprobe.StepEventlog, Duration: 20 * time.Millisecond, Error: "read the event log: timeout"},
		},
		Share: smbprobe.ShareOK, Address: "10.1.2.3:139", ClockOffset: new(-1482345 * time.Microsecond),
		Server: &smbprobe.ServerInfo{OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Dialect: "NT LM 0.12"},
		Phonebook: smbprobe.PhonebookResult{
			State: smbprobe.PhonebookOK, Size: new(int64(426)), Modified: new(now.Add(-time.Hour)),
			Entries: new(3), Intact: new(false),
			Links: []smbprobe.Link{{Entry: "ISP", Media: "serial", Device: "modem", Port: "COM1"}, {Entry: "Bare"}},
			Findings: []phonebook.Finding{
				{Check: phonebook.CheckMediaMissing, Class: phonebook.ClassEntry, Line: 17, Entry: "Bare", Text: "[Bare]"},
				{Check: phonebook.CheckDialedMissing, Class: phonebook.ClassEntry, Detail: "Gone"},
				{Check: phonebook.CheckNameOver20, Class: phonebook.ClassOddity, Line: 23, Entry: "A provider with a long name", Text: "[A provider with a long name]", Detail: "27 characters"},
			},
			Counts: []phonebook.Count{
				{Check: phonebook.CheckMediaMissing, Class: phonebook.ClassEntry, N: 130},
				{Check: phonebook.CheckDialedMissing, Class: phonebook.ClassEntry, N: 1},
				{Check: phonebook.CheckNameOver20, Class: phonebook.ClassOddity, N: 1},
			},
			Dialed: []phonebook.Dialed{
				{Name: "ISP", Entry: "ISP", Usable: true}, {Name: "Gone", Missing: true}, {Name: "Bare", Entry: "Bare"},
				{Name: "A provider with a long name", Entry: "A provider with a long name", TooLong: true},
			},
		},
		Eventlog: smbprobe.EventlogResult{
			Readable: new(true), Records: new(1207), Oldest: new(now.Add(-20 * time.Hour)), Newest: new(now.Add(-time.Minute)),
			Forgotten: true,
			Windows: []smbprobe.WindowResult{
				{Label: "15m", Failures: new(1), Covered: true, ByError: []smbprobe.FailureCount{
					{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 1},
				}},
				{Label: "1h", Failures: new(5), Covered: true, ByError: []smbprobe.FailureCount{
					{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 2}, {Code: "unknown", N: 2}, {Entry: "ISP", Code: "4294967295", N: 1},
				}},
				{Label: "24h"},
			},
			LastFailures: []smbprobe.LastFailure{
				{Entry: "ISP", Code: "633", At: now.Add(-time.Minute)}, {Entry: "other", Code: "other", At: now.Add(-3 * time.Hour)},
			},
		},
	}
}

// heldBack is the result of a probe that did not log in.
func heldBack() *smbprobe.Result {
	return &smbprobe.Result{
		Target: "exch01.corp.example", Module: "default", Started: pageTime(), Duration: 40 * time.Microsecond,
		Share: smbprobe.ShareLoginFailed, ShareError: "log in to exch01.corp.example: refused", LoginHeldBack: true,
		HeldBackUntil: pageTime().Add(15 * time.Minute), Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		Steps: []smbprobe.StepResult{{Step: smbprobe.StepConnect, Duration: time.Millisecond}},
	}
}

// shareDisabled is the result of a server that was told to make no administrative shares.
func shareDisabled() *smbprobe.Result {
	now := pageTime()
	return &smbprobe.Result{
		Target: "exch01.corp.example", Module: "default", Auth: "corp", ShareName: "ADMIN$", Started: now.Add(-12 * time.Second),
		Duration: 84 * time.Millisecond, Timeout: 9500 * time.Millisecond, Success: true, RoundTrips: 9,
		Steps: []smbprobe.StepResult{
			{Step: smbprobe.StepResolve, Duration: 800 * time.Microsecond}, {Step: smbprobe.StepConnect, Duration: 12 * time.Millisecond},
			{Step: smbprobe.StepNegotiate, Duration: 9 * time.Millisecond}, {Step: smbprobe.StepLogin, Duration: 21 * time.Millisecond},
			{Step: smbprobe.StepShare, Duration: 6 * time.Millisecond, Error: `open \\exch01.corp.example\ADMIN$: STATUS_BAD_NETWORK_NAME`},
			{Step: smbprobe.StepEventlog, Duration: 18 * time.Millisecond}, {Step: smbprobe.StepRegistry, Duration: 14 * time.Millisecond},
			{Step: smbprobe.StepServices, Duration: 11 * time.Millisecond},
		},
		Share: smbprobe.ShareMissing, ShareError: `open \\exch01.corp.example\ADMIN$: STATUS_BAD_NETWORK_NAME`,
		Address: "10.1.2.3:139", ClockOffset: new(-1482345 * time.Microsecond), RPC: smbprobe.RPCAnswers,
		Server:    &smbprobe.ServerInfo{OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "NT LM 0.12"},
		Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		Host: smbprobe.HostResult{
			Known: true, Major: 4, Server: true, Started: new(76*time.Hour + 5*time.Minute),
			AdminShare: new(false), SystemShare: new(false), SystemDrive: "C$",
		},
		Registry: smbprobe.RegistryResult{
			Readable: new(true), AutoShareServer: &smbprobe.RegistryNumber{Set: true}, AutoShareWks: &smbprobe.RegistryNumber{},
			IRPStackSize: &smbprobe.RegistryNumber{Set: true, Value: 4}, LogMaxSize: &smbprobe.RegistryNumber{Set: true, Value: 524288},
			LogRetention: &smbprobe.RegistryNumber{Set: true, Value: 604800}, ServicePack: &smbprobe.RegistryText{Set: true, Value: "Service Pack 6"},
			SystemRoot: &smbprobe.RegistryText{Set: true, Value: `C:\WINNT`}, ProductType: &smbprobe.RegistryText{Set: true, Value: "ServerNT"},
			ProductSuite: &smbprobe.RegistryText{},
		},
		Services: []smbprobe.ServiceResult{
			{Name: "MSExchangeIMC", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
			{Name: "RasMan", Installed: new(true), State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: 1077},
		},
		Eventlog: smbprobe.EventlogResult{
			Readable: new(true), Records: new(1207), Oldest: new(now.Add(-20 * time.Hour)), Newest: new(now.Add(-time.Minute)), Size: new(int64(262144)),
			Windows: []smbprobe.WindowResult{
				{Label: "15m", Duration: 15 * time.Minute, Failures: new(3), Covered: true, ByError: []smbprobe.FailureCount{
					{Entry: "ISP", Code: "5", Error: "ERROR_ACCESS_DENIED", N: 3},
				}},
				{Label: "1h", Duration: time.Hour, Failures: new(12), Covered: true, ByError: []smbprobe.FailureCount{
					{Entry: "ISP", Code: "5", Error: "ERROR_ACCESS_DENIED", N: 12},
				}},
			},
			LastFailures:  []smbprobe.LastFailure{{Entry: "ISP", Code: "5", At: now.Add(-time.Minute)}},
			RelatedEvents: []smbprobe.RelatedEvent{{At: now.Add(-2 * time.Minute), Text: "0xc0000005"}},
		},
		Causes: []smbprobe.Cause{
			{
				Name: "admin_share_disabled", Severity: smbprobe.SeverityCritical, Articles: []string{"Q245117", "Q156365", "Q172767"},
				Headline: "Admin$ was removed and AutoShareServer=0 keeps it away",
				Evidence: []string{
					`exch01.corp.example accepted the login and refused the share ADMIN$ with STATUS_BAD_NETWORK_NAME.`,
					"AutoShareServer is 0.",
				},
				Explanation: `The Internet Mail Service opens its phone book through \\server\Admin$. Without the share it cannot dial, and mail waits.`,
				Remedy: fixes(
					"At exch01.corp.example, logged on as an administrator, make the share at a command prompt:",
					"`net share admin$`",
					"Start the registry editor:",
					"`regedt32`",
					`Under HKEY_LOCAL_MACHINE\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters set AutoShareServer to 1, or delete it.`,
					"Restart the server when mail allows it, and see that the share is there by itself.",
				),
			},
			{
				Name: "dialup_failing", Severity: smbprobe.SeverityInfo, Headline: "The connection ISP failed 3 times in 15m with error 5",
				Evidence: []string{"3 events 4106 in 15m, the last one a minute before the probe."},
			},
		},
	}
}

// hostile is a result with everything that comes from a server full of markup.
func hostile() *smbprobe.Result {
	const text = `</td></style><script>alert("1")</script><img src=x onerror='y'>`
	r := brokenEntries()
	r.ShareError, r.Address = text, text
	r.Server = &smbprobe.ServerInfo{OS: text, LANManager: text, NetBIOSName: text, Domain: text, Dialect: text}
	r.Steps = []smbprobe.StepResult{{Step: smbprobe.StepConnect, Error: text}}
	p, e := &r.Phonebook, &r.Eventlog
	p.Error = text
	p.Links = []smbprobe.Link{{Entry: text, Media: text, Device: text, Port: text}}
	p.Findings = []phonebook.Finding{{Check: phonebook.CheckMalformedLine, Class: phonebook.ClassFile, Line: 1, Entry: text, Text: text, Detail: text}}
	p.Dialed = []phonebook.Dialed{{Name: text, Entry: text}}
	e.Error = text
	e.Windows = []smbprobe.WindowResult{{Label: text, Failures: new(1), ByError: []smbprobe.FailureCount{{Entry: text, Code: text, Error: text, N: 1}}}}
	e.LastFailures = []smbprobe.LastFailure{{Entry: text, Code: text}}
	e.RelatedEvents = []smbprobe.RelatedEvent{{At: pageTime(), Text: text}}
	r.Host = smbprobe.HostResult{Error: text, Known: true, Major: 4, SystemDrive: text}
	written := &smbprobe.RegistryText{Set: true, Value: text}
	r.Registry = smbprobe.RegistryResult{
		Readable: new(true), Error: text, ServicePack: written, SystemRoot: written, ProductType: written, ProductSuite: written,
		StaleNetworkCards: []smbprobe.NetworkCard{{Key: text, Service: text}},
	}
	r.Services = []smbprobe.ServiceResult{{Name: text, State: text, StartMode: text, Error: text}}
	r.Causes = []smbprobe.Cause{{
		Name: text, Severity: text, Articles: []string{text, `Q1" onclick="x`}, Headline: text, Evidence: []string{text},
		Explanation: text, Remedy: []smbprobe.RemedyStep{{
			Kind: text, Text: text, Commands: []string{text, "javascript&colon;"}, Dialog: text,
			Registry: &smbprobe.RegistryChange{Key: text, Name: text, Type: text, Now: text, Set: text},
		}},
	}}
	r.RuledOut = []smbprobe.RuledOut{{Causes: []string{text}, Why: text}}
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
