package diagnosis

import (
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

func TestServiceNotRunning(t *testing.T) {
	service := func(name string, state smbprobe.ServiceState, mode smbprobe.StartMode, exit uint32) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			r.Services = []smbprobe.ServiceResult{{Name: name, Installed: new(true), State: state, StartMode: mode, ExitCode: exit}}
		}
	}
	runVerdicts(t, []verdictTest{
		{"mail service", service("msexchangeimc", smbprobe.ServiceStopped, smbprobe.StartAutomatic, 1067), []string{"service_not_running critical"}, "ended with Win32 error 1067"},
		{"mail service on demand", service("MSExchangeIMC", smbprobe.ServiceStopped, smbprobe.StartManual, 0), nil, ""},
		{"mail service disabled", service("MSExchangeIMC", smbprobe.ServiceStopped, smbprobe.StartDisabled, 0), nil, ""},
		{"mail service, start mode not known", service("MSExchangeIMC", smbprobe.ServiceStopped, "", 0), nil, ""},
		{"mail service, state not known", service("MSExchangeIMC", "", smbprobe.StartAutomatic, 0), nil, ""},
		{"starts", service("MSExchangeIMC", smbprobe.ServiceStartPending, smbprobe.StartAutomatic, 0), nil, ""},
		{"continues", service("MSExchangeIMC", smbprobe.ServiceContinuePending, smbprobe.StartAutomatic, 0), nil, ""},
		{"stops", service("MSExchangeIMC", smbprobe.ServiceStopPending, smbprobe.StartAutomatic, 0), []string{"service_not_running critical"}, "stop pending"},
		{"paused", service("RasAuto", smbprobe.ServicePaused, smbprobe.StartAutomatic, 0), []string{"service_not_running warning"}, "`net continue RasAuto`"},
		{"another one", service("RasAuto", smbprobe.ServiceStopped, smbprobe.StartAutomatic, neverStarted), []string{"service_not_running warning"}, "not started since the server was"},
		{"two", func(r *smbprobe.Result) {
			r.Services[0].State = smbprobe.ServiceStopped
			r.Services[1].StartMode = smbprobe.StartAutomatic
		}, []string{"service_not_running critical"}, "2 services do not run though they start automatically: MSExchangeIMC, RasMan"},
	})
}

func TestEventLogFull(t *testing.T) {
	const week = 7 * 24 * 3600
	full := func(changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			r.Eventlog.Size = new(int64(524288))
			r.Eventlog.Oldest, r.Eventlog.Newest = new(probedAt().Add(-6*24*time.Hour)), new(probedAt().Add(-2*time.Hour))
			for _, change := range changes {
				change(r)
			}
		}
	}
	size := func(n int64) func(*smbprobe.Result) { return func(r *smbprobe.Result) { r.Eventlog.Size = new(n) } }
	retention := func(n *smbprobe.RegistryNumber) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.LogRetention = n }
	}
	newest := func(ago time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Eventlog.Newest = new(probedAt().Add(-ago)) }
	}
	oldest := func(ago time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Eventlog.Oldest = new(probedAt().Add(-ago)) }
	}
	is := []string{"event_log_full warning"}
	runVerdicts(t, []verdictTest{
		{"full", full(), is, "keeps records for 7 days"},
		{"a record below its limit", full(size(524288 - 65536)), is, "has 458752 bytes, and may have 524288"},
		{"more than a record below it", full(size(524288 - 65537)), nil, ""},
		{"a limit that is no larger than a record", full(size(65536), func(r *smbprobe.Result) { r.Registry.LogMaxSize.Value = 65536 }), nil, ""},
		{"never overwrites", full(retention(&smbprobe.RegistryNumber{Set: true, Value: neverOverwrite}), oldest(90*24*time.Hour)), is, "never overwrites"},
		{"may overwrite its oldest", full(oldest(week * time.Second)), nil, ""},
		{"may not yet", full(oldest(week*time.Second - time.Second)), is, "full"},
		{"overwrites as needed", full(retention(&smbprobe.RegistryNumber{Set: true})), nil, ""},
		{"retention absent", full(retention(&smbprobe.RegistryNumber{})), nil, ""},
		{"retention not known", full(retention(nil)), nil, ""},
		{"limit not known", full(func(r *smbprobe.Result) { r.Registry.LogMaxSize = nil }), nil, ""},
		{"limit absent", full(func(r *smbprobe.Result) { r.Registry.LogMaxSize = &smbprobe.RegistryNumber{} }), nil, ""},
		{"size not known", full(func(r *smbprobe.Result) { r.Eventlog.Size = nil }), nil, ""},
		{"newest record of an hour ago", full(newest(time.Hour)), nil, ""},
		{"newest record not known", full(func(r *smbprobe.Result) { r.Eventlog.Newest = nil }), nil, ""},
		{"oldest record not known", full(func(r *smbprobe.Result) { r.Eventlog.Oldest = nil }), nil, ""},
		{"by the server's clock", full(newest(30*time.Minute), func(r *smbprobe.Result) { r.ClockOffset = new(40 * time.Minute) }), []string{"event_log_full warning", "clock_off warning"}, "03:42:01"},
		{"by the clock that the host says", full(func(r *smbprobe.Result) { r.ClockOffset = nil }), is, "03:02:01"},
		{"clock not known", full(func(r *smbprobe.Result) { r.ClockOffset, r.Host.Time = nil, nil }), nil, ""},
	})
}

func TestClockOff(t *testing.T) {
	off := func(d time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.ClockOffset = new(d) }
	}
	is := []string{"clock_off warning"}
	runVerdicts(t, []verdictTest{
		{"5 minutes", off(5 * time.Minute), nil, ""},
		{"more", off(5*time.Minute + time.Second), is, "5m1s ahead of the exporter's"},
		{"behind", off(-6 * time.Minute), is, "6m0s behind the exporter's"},
		{"more than 30 minutes", off(-31 * time.Minute), is, "beyond which NTLMv2 logins fail"},
		{"no end of it", off(-1 << 63), is, "behind"},
		{"not known", func(r *smbprobe.Result) { r.ClockOffset = nil }, nil, ""},
	})
}

func TestEntryUnusable(t *testing.T) {
	dialed := func(d phonebook.Dialed, changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			r.Phonebook.Dialed = []phonebook.Dialed{d}
			for _, change := range changes {
				change(r)
			}
		}
	}
	finding := func(check phonebook.CheckID, class phonebook.Class) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			found(r, phonebook.Finding{Check: check, Class: class, Line: 7, Entry: "Backup"})
		}
	}
	unusable := phonebook.Dialed{Name: "Backup", Entry: "Backup"}
	port := finding(phonebook.CheckPortMissing, phonebook.ClassEntry)
	mark := finding(phonebook.CheckMalformedLine, phonebook.ClassFile)
	is := []string{"entry_unusable warning"}
	damaged := []string{"phonebook_damaged critical"}
	runVerdicts(t, []verdictTest{
		{"a finding", dialed(unusable, port), is, `line 7, entry "Backup": no Port line: A MEDIA= line`},
		{"a finding that is not listed", dialed(unusable), is, `"Backup"`},
		{"damage of the file", dialed(unusable, mark), damaged, "malformed_line"},
		{"both", dialed(unusable, mark, port), append(damaged, is...), "malformed_line (1)"},
		{"unreadable", dialed(phonebook.Dialed{Name: "Backup"}, mark), damaged, "malformed_line"},
		{"usable", dialed(phonebook.Dialed{Name: "Backup", Entry: "Backup", Usable: true}), nil, ""},
	})
}
