package diagnosis

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestServices(t *testing.T) {
	one := func(s smbprobe.ServiceResult) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			if s.Installed == nil {
				s.Installed = new(true)
			}
			r.Services = []smbprobe.ServiceResult{s}
		}
	}
	mail := func(state smbprobe.ServiceState, mode smbprobe.StartMode, exit uint32) func(*smbprobe.Result) {
		return one(smbprobe.ServiceResult{Name: "msexchangeimc", State: state, StartMode: mode, ExitCode: exit, Account: `CORP\exchange`})
	}
	starting := func(d time.Duration) func(*smbprobe.Result) {
		return one(smbprobe.ServiceResult{Name: "MSExchangeIMC", State: smbprobe.ServiceStartPending, StartMode: smbprobe.StartAutomatic, InStateFor: new(d)})
	}
	const stopped, automatic = smbprobe.ServiceStopped, smbprobe.StartAutomatic
	critical, warning := []string{"service_not_running critical"}, []string{"service_not_running warning"}
	runCauseTests(t, []causeTest{
		{"crashed", mail(stopped, automatic, 1067), critical, "1067: it ended unexpectedly", "1068"},
		{"dependency", mail(stopped, automatic, 1068), critical, "1068: a service that it depends on did not start", ""},
		{"password", mail(stopped, automatic, 1069), critical, "User Manager and in Exchange Administrator", ""},
		{"account", mail(stopped, automatic, 0), critical, `runs as CORP\exchange`, ""},
		{"on demand", mail(stopped, smbprobe.StartManual, 0), nil, "", ""},
		{"disabled", mail(stopped, smbprobe.StartDisabled, 0), nil, "", ""},
		{"start mode not known", mail(stopped, "", 0), nil, "", ""},
		{"state not known", mail("", automatic, 0), nil, "", ""},
		{"starts for five minutes", starting(5 * time.Minute), nil, "", ""},
		{"starts for longer", starting(6 * time.Minute), critical, "for 6 minutes already", ""},
		{"starts for no known time", mail(smbprobe.ServiceStartPending, automatic, 0), nil, "", ""},
		{"stops", mail(smbprobe.ServiceStopPending, automatic, 0), critical, "stop pending", ""},
		{"paused", one(smbprobe.ServiceResult{Name: "RasAuto", State: smbprobe.ServicePaused, StartMode: automatic}), warning, "net continue RasAuto", ""},
		{"a name that is not one", one(smbprobe.ServiceResult{Name: hostileText, State: stopped, StartMode: automatic}), warning, `net start "NAME"`, "net start x"},
		{"never started", one(smbprobe.ServiceResult{Name: "RasAuto", State: stopped, StartMode: automatic, ExitCode: neverStarted}), warning, "not started since the server was", ""},
		{"not installed, and asked for", one(smbprobe.ServiceResult{Name: mailService, Installed: new(false), Asked: true}), []string{"mail_service_not_installed warning"}, "Is exch01 the right server?", ""},
		{"not installed, and not asked for", one(smbprobe.ServiceResult{Name: mailService, Installed: new(false)}), nil, "", ""},
		{"two", func(r *smbprobe.Result) {
			service(r, mailService).State = stopped
			service(r, "PlugPlay").State = stopped
		}, critical, "2 services are not running", ""},
	})
}

func TestEventLog(t *testing.T) {
	const week = 7 * 24 * 3600
	full := func(changes ...func(*smbprobe.Result)) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			r.Eventlog.Size = new(int64(524288))
			r.Eventlog.Oldest, r.Eventlog.Newest = new(probedAt().Add(-6*24*time.Hour)), new(probedAt().Add(-2*time.Hour))
			all(changes...)(r)
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
	idle := func(r *smbprobe.Result) { service(r, mailService).State = "" }
	is, stalled := []string{"event_log_full warning"}, []string{"event_log_stalled warning"}
	never := retention(&smbprobe.RegistryNumber{Set: true, Value: neverOverwrite})
	runCauseTests(t, []causeTest{
		{"full", full(), is, "keeps records for 7 days", ""},
		{"a record below its limit", full(size(524288 - 65536)), is, "has 458752 bytes, and its limit is 524288", ""},
		{"more than a record below it", full(size(524288 - 65537)), nil, "", ""},
		{"a limit that is no larger than a record", full(size(65536), func(r *smbprobe.Result) { r.Registry.LogMaxSize.Value = 65536 }), nil, "", ""},
		{"never overwrites", full(never, oldest(90*24*time.Hour)), is, "never overwrites", ""},
		{"may overwrite its oldest", full(oldest(week * time.Second)), nil, "", ""},
		{"may not yet", full(oldest(week*time.Second - time.Second)), is, "full", ""},
		{"overwrites as needed", full(retention(&smbprobe.RegistryNumber{Set: true})), nil, "", ""},
		{"retention absent", full(retention(&smbprobe.RegistryNumber{})), nil, "", ""},
		{"retention not known", full(retention(nil)), nil, "", ""},
		{"limit not known", full(func(r *smbprobe.Result) { r.Registry.LogMaxSize = nil }), nil, "", ""},
		{"size not known", full(func(r *smbprobe.Result) { r.Eventlog.Size = nil }), nil, "", ""},
		{"newest record of an hour ago", full(newest(time.Hour)), nil, "", ""},
		{"clock not known", full(func(r *smbprobe.Result) { r.ClockOffset, r.Host.Time = nil, nil }), nil, "", ""},
		{"stalled", full(size(100000), never, newest(25*time.Hour)), stalled, "MSExchangeIMC is running", ""},
		{"stalled, Exchange does not run", full(size(100000), never, newest(25*time.Hour), idle), nil, "", ""},
		{"a quiet day", full(size(100000), never, newest(24*time.Hour)), nil, "", ""},
		{"quiet, and overwrites as needed", full(size(100000), newest(25*time.Hour), retention(&smbprobe.RegistryNumber{Set: true})), nil, "", ""},
		{"full for a day", full(newest(25 * time.Hour)), is, "", ""},
	})
	// Clearing comes last, with the warning.
	r := healthy()
	full()(r)
	steps := Causes(r)[0].Remedy
	last := steps[len(steps)-1].Text
	if i := slices.IndexFunc(steps, func(s smbprobe.RemedyStep) bool { return strings.Contains(s.Text, "clear it") }); i != len(steps)-1 || !strings.Contains(last, "Q159840") || !strings.Contains(steps[0].Text, "Overwrite Events as Needed") {
		t.Errorf("steps %+v", steps)
	}
}

func TestClockOff(t *testing.T) {
	off := func(d time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.ClockOffset = new(d) }
	}
	is := []string{"clock_off warning"}
	controller := func(r *smbprobe.Result) { r.Host.DomainController = true }
	runCauseTests(t, []causeTest{
		{"5 minutes", off(5 * time.Minute), nil, "", ""},
		{"more", off(5*time.Minute + time.Second), is, "5 minutes 1 second ahead of the exporter's", ""},
		{"behind", off(-6 * time.Minute), is, "net time /domain /set /yes", "finds no other server"},
		{"domain controller", all(off(-6*time.Minute), controller), is, "finds no other server", "/set /yes"},
		{"more than 30 minutes", off(-31 * time.Minute), is, "beyond which NTLMv2 logins fail", ""},
		{"no end of it", off(-1 << 63), is, "behind", ""},
		{"not known", func(r *smbprobe.Result) { r.ClockOffset = nil }, nil, "", ""},
	})
}

// TestRemediesAreSafe: the order of steps that can do harm, in each remedy.
func TestRemediesAreSafe(t *testing.T) {
	remedies := map[string][]smbprobe.RemedyStep{}
	for _, k := range Known() {
		remedies[k.Name+", general"] = k.Remedy
	}
	for _, test := range causeCases() {
		r := healthy()
		test.change(r)
		for _, c := range Causes(r) {
			remedies[c.Name] = c.Remedy
		}
	}
	for name, steps := range remedies {
		exchangeStopped, rasmanStopped := false, false
		for i, s := range steps {
			commands := strings.Join(s.Commands, "\n")
			if strings.Contains(commands, "net stop MSExchangeSA") {
				exchangeStopped = true
			}
			if strings.Contains(strings.ToLower(s.Text), "restart ") && strings.Contains(s.Text, "Shut Down") && !exchangeStopped && !strings.Contains(s.Text, "Exchange cannot be stopped first") {
				t.Errorf("%s, step %d restarts before Exchange is stopped", name, i+1)
			}
			if strings.Contains(commands, "net stop rasman") {
				rasmanStopped = true
				if !strings.Contains(s.Text, "ends every call") {
					t.Errorf("%s, step %d does not say that it ends calls: %q", name, i+1, s.Text)
				}
			}
			if rasmanStopped && strings.Contains(commands, "remoteaccess") {
				rasmanStopped = false
			}
			if strings.Contains(commands, "net start server") {
				next := ""
				if i+1 < len(steps) {
					next = strings.Join(steps[i+1].Commands, "\n")
				}
				if !strings.Contains(next, "net start netlogon") || !strings.Contains(next, "MSExchangeIMC") || !strings.Contains(next, "browser") {
					t.Errorf("%s, step %d: the next one does not name what stopped with the Server service", name, i+1)
				}
			}
			for _, c := range s.Commands {
				if strings.HasPrefix(c, "net stop server") || strings.HasPrefix(c, "rasdial ") && !strings.HasPrefix(c, `rasdial "`) {
					t.Errorf("%s, step %d: %s", name, i+1, c)
				}
			}
			if strings.Contains(strings.ToLower(s.Text), "clear all events") && !strings.Contains(s.Text, "Q159840") {
				t.Errorf("%s, step %d clears a log without the warning", name, i+1)
			}
		}
		if rasmanStopped {
			t.Errorf("%s does not start the Remote Access Server again", name)
		}
	}
}

func TestRuledOut(t *testing.T) {
	var got []string
	_, ruledOut := Diagnose(healthy())
	for _, o := range ruledOut {
		got = append(got, o.Why)
	}
	for _, want := range []string{"share ADMIN$: opened", "phone book: read, 1 entry, no damage", "registry: AutoShareServer is not set: the shares are made at each start", "event log: readable", "services.exe: answers"} {
		if !slices.Contains(got, want) {
			t.Errorf("no %q in %q", want, got)
		}
	}
	const noFailedCall = "event log: no failed call"
	full := healthy()
	fullLog(524288, 7*time.Hour)(full)
	for _, tt := range []struct {
		r    *smbprobe.Result
		want bool
	}{{healthy(), true}, {full, false}} { // a full log drops failed calls
		_, ruledOut = Diagnose(tt.r)
		if got := slices.ContainsFunc(ruledOut, func(o smbprobe.RuledOut) bool { return strings.HasPrefix(o.Why, noFailedCall) }); got != tt.want {
			t.Errorf("%q is ruled out: %t, want %t", noFailedCall, got, tt.want)
		}
	}
	r := healthy()
	shareIs(smbprobe.ShareTimeout, 0)(r)
	_, ruledOut = Diagnose(r)
	for _, o := range ruledOut {
		if strings.HasPrefix(o.Why, "share") || strings.HasPrefix(o.Why, "phone book") {
			t.Errorf("ruled out without being seen: %+v", o)
		}
	}
	if _, out := Diagnose(&smbprobe.Result{}); out != nil {
		t.Errorf("of nothing: %+v", out)
	}
}
