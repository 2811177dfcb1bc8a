package collector

import (
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// results are what the golden files show, by the file's name.
func results() map[string]*smbprobe.Result {
	return map[string]*smbprobe.Result{
		"healthy": {
			Target: "exch01.corp.example", Module: "default", Auth: "corp",
			Started: time.Unix(981173106, 250e6), Duration: 210 * time.Millisecond, Timeout: 9500 * time.Millisecond, Success: true, RoundTrips: 7,
			Steps: []smbprobe.StepResult{
				{Step: smbprobe.StepResolve, Duration: 10 * time.Millisecond},
				{Step: smbprobe.StepConnect, Duration: 40 * time.Millisecond},
				{Step: smbprobe.StepNegotiate, Duration: 20 * time.Millisecond},
				{Step: smbprobe.StepLogin, Duration: 80 * time.Millisecond},
				{Step: smbprobe.StepPhonebook, Duration: 60 * time.Millisecond},
			},
			Share: smbprobe.ShareOK,
			Server: &smbprobe.ServerInfo{
				OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "NT LM 0.12",
			},
			ClockOffset: new(-2500 * time.Millisecond),
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookOK, Size: new(int64(2311)),
				Modified: new(time.Date(1999, 3, 1, 8, 30, 0, 500_000_000, time.UTC)),
				Entries:  new(2), Intact: new(true),
				Links: []smbprobe.Link{
					{Entry: "ISP", Media: "serial", Device: "modem", Port: "COM1"},
					{Entry: "ISP", Media: "serial", Device: "modem", Port: "COM2"},
					{Entry: "Backup", Media: "rastapi", Device: "isdn", Port: "ISDN1"},
				},
				Counts: []phonebook.Count{{Check: phonebook.CheckLFOnly, Class: phonebook.ClassOddity, N: 1}},
				Dialed: []phonebook.Dialed{{Name: "ISP", Entry: "ISP", Usable: true}, {Name: "Gone", Missing: true}},
			},
			Eventlog: smbprobe.EventlogResult{
				Readable: new(true), Records: new(1207),
				Oldest: new(time.Date(1999, 2, 20, 0, 0, 0, 0, time.UTC)), Newest: new(time.Date(1999, 3, 1, 11, 58, 0, 0, time.UTC)),
				Windows: []smbprobe.WindowResult{
					{Label: "15m", Failures: new(0), Covered: true},
					{Label: "1h", Failures: new(3), Covered: true, ByError: []smbprobe.FailureCount{
						{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 2}, {Entry: "", Code: "unknown", N: 1},
					}},
					{Label: "24h", Covered: false},
				},
				LastFailures: []smbprobe.LastFailure{{Entry: "ISP", Code: "633", At: time.Date(1999, 3, 1, 11, 20, 0, 0, time.UTC)}},
				Forgotten:    true, Size: new(int64(524288)),
			},
			ShareName: "ADMIN$",
			Registry: smbprobe.RegistryResult{
				Readable:        new(true),
				AutoShareServer: &smbprobe.RegistryNumber{},
				LogMaxSize:      &smbprobe.RegistryNumber{Set: true, Value: 524288},
				LogRetention:    &smbprobe.RegistryNumber{Set: true, Value: 604800},
			},
			Services: []smbprobe.ServiceResult{
				{Name: "MSExchangeIMC", Installed: new(true), State: smbprobe.ServiceRunning, StartMode: smbprobe.StartAutomatic},
				{Name: "RasMan", Installed: new(true), State: smbprobe.ServiceStopped, StartMode: smbprobe.StartManual, ExitCode: 1077},
			},
			Causes: []smbprobe.Cause{{Name: "dialup_failing", Severity: smbprobe.SeverityInfo}},
		},
		"eventlog_not_readable": {
			Share: smbprobe.ShareOK, Success: true,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookOK},
			Eventlog:  smbprobe.EventlogResult{Readable: new(false), Status: smb.StatusObjectNameNotFound, Error: "no such pipe"},
		},
		"damaged": {
			Duration: 1200 * time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 9,
			Steps: []smbprobe.StepResult{{Step: smbprobe.StepPhonebook, Duration: 1100 * time.Millisecond}},
			Share: smbprobe.ShareOK,
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookDamaged, Size: new(int64(512)), Entries: new(0), Intact: new(false),
				Counts: []phonebook.Count{{Check: phonebook.CheckNULBytes, Class: phonebook.ClassFile, N: 512}},
			},
		},
		"share_missing": {
			Duration: 90 * time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 4,
			Steps: []smbprobe.StepResult{
				{Step: smbprobe.StepConnect, Duration: 40 * time.Millisecond},
				{Step: smbprobe.StepLogin, Duration: 50 * time.Millisecond, Error: "share name unknown"},
			},
			Share: smbprobe.ShareMissing, ShareStatus: smb.StatusBadNetworkName,
			Server:    &smbprobe.ServerInfo{OS: "Windows NT 4.0", Dialect: "NT LM 0.12"},
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
			ShareName: "ADMIN$",
			Registry: smbprobe.RegistryResult{
				Readable:        new(true),
				AutoShareServer: &smbprobe.RegistryNumber{Set: true},
				AutoShareWks:    &smbprobe.RegistryNumber{Set: true, Value: 1},
				LogMaxSize:      &smbprobe.RegistryNumber{},
				LogRetention:    &smbprobe.RegistryNumber{Set: true, Value: 0xFFFFFFFF},
			},
			Services: []smbprobe.ServiceResult{
				{Name: "Paused", Installed: new(true), State: smbprobe.ServicePaused, Error: "start mode: refused"},
				{Name: "NotInstalled", Installed: new(false)},
				{Name: "NotKnown", Error: "refused"},
				{Name: "StateNotKnown", Installed: new(true), StartMode: smbprobe.StartDisabled},
			},
			Causes: []smbprobe.Cause{
				{Name: "admin_share_disabled", Severity: smbprobe.SeverityCritical, Articles: []string{"Q245117", "Q156365"}},
				{Name: "service_not_running", Severity: smbprobe.SeverityWarning, Articles: []string{"Q143380"}, Headline: "MSExchangeMTA"},
				{Name: "service_not_running", Severity: smbprobe.SeverityWarning, Articles: []string{"Q143380"}, Headline: "MSExchangeIS"},
			},
		},
		"held_back": {
			Duration: time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 0,
			Steps: []smbprobe.StepResult{{Step: smbprobe.StepResolve, Duration: time.Millisecond}},
			Share: smbprobe.ShareLoginFailed, LoginHeldBack: true,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
		"file_missing": {
			Duration: 200 * time.Millisecond, Timeout: 10 * time.Second, Success: true, RoundTrips: 6,
			Steps:     []smbprobe.StepResult{{Step: smbprobe.StepPhonebook, Duration: 150 * time.Millisecond, Error: "no such file"}},
			Share:     smbprobe.ShareOK,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookMissing, Status: smb.StatusObjectNameNotFound},
		},
		"step_begun_twice": {
			Duration: 300 * time.Millisecond, Timeout: 10 * time.Second, RoundTrips: 3,
			Steps: []smbprobe.StepResult{
				{Step: smbprobe.StepConnect, Duration: 125 * time.Millisecond, Error: "refused"},
				{Step: smbprobe.StepNegotiate, Duration: 50 * time.Millisecond},
				{Step: smbprobe.StepConnect, Duration: 125 * time.Millisecond},
			},
			Share:     smbprobe.ShareConnectionLost,
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
		"nothing_known": {},
		"state_of_no_list": {
			Share:     "made_up",
			Phonebook: smbprobe.PhonebookResult{State: "made_up"},
		},
		"hostile_texts": {
			Duration: time.Second, Timeout: 10 * time.Second, Success: true, RoundTrips: 6,
			Steps: []smbprobe.StepResult{{Step: "con\nnect", Duration: time.Second}},
			Share: smbprobe.ShareOK,
			Server: &smbprobe.ServerInfo{
				OS:          "NT\x00\x1b[31m\r\nprobe_success 1",
				LANManager:  "\xff\xfe invalid \xc3\x28",
				NetBIOSName: `quote " and \ backslash`,
				Domain:      "right\u202eto-left",
				Dialect:     strings.Repeat("long", 1000),
			},
			Phonebook: smbprobe.PhonebookResult{
				State: smbprobe.PhonebookOK, Size: new(int64(0)),
				Modified: new(time.Date(1601, 1, 1, 0, 0, 0, 0, time.UTC)),
				Links:    []smbprobe.Link{{Entry: "twice\x00"}, {Entry: "twice\x01"}, {Entry: "\xff"}},
			},
			Services: []smbprobe.ServiceResult{{Name: "a\n\"b\xff", State: "\x00", StartMode: "\u202e"}},
			Causes:   []smbprobe.Cause{{Name: "a\n\"b\xff", Severity: "\x1b[31m", Articles: []string{"Q\r\n1"}}},
		},
	}
}
