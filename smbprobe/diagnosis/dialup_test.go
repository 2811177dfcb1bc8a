package diagnosis

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/raserror"
)

func TestEachCodeIsNamed(t *testing.T) {
	for _, e := range raserror.Errors() {
		r := healthy()
		failsWith(fmt.Sprint(e.Code))(r)
		causes := Causes(r)
		if len(causes) != 1 {
			t.Errorf("[%d]: %v", e.Code, names(causes))
			continue
		}
		evidence := strings.Join(causes[0].Evidence, "\n")
		if !strings.Contains(evidence, fmt.Sprintf("[%d] %s (%s)", e.Code, e.Name, e.Meaning)) || causes[0].Severity == smbprobe.SeverityInfo {
			t.Errorf("[%d] %s: %s %v", e.Code, e.Name, causes[0].Severity, causes[0].Evidence)
		}
	}
}

func TestCodes(t *testing.T) {
	for code, cause := range eventCodes() {
		r := healthy()
		if strings.HasPrefix(cause, "nt4") {
			servicePack(3)(r)
		}
		failsWith(code)(r)
		causes := Causes(r)
		if got := names(causes); !slices.Equal(got, []string{cause}) {
			t.Errorf("[%s]: %v, want %s", code, got, cause)
		}
		wantComplete(t, r, causes)
		r.Eventlog.Calls[0].LastEnd = probedAt().Add(-2 * time.Hour)
		r.Eventlog.LastFailures[0].At = probedAt().Add(-2 * time.Hour)
		c := Causes(r)[0]
		if c.Severity != smbprobe.SeverityInfo || !slices.Contains(c.Evidence, notLately) || strings.Contains(textOf(Causes(r)), "seems to be") {
			t.Errorf("[%s], two hours ago: %s %q", code, c.Severity, c.Evidence)
		}
	}
}

// TestResolved: by what was seen after the last failure, never by a time stamp alone.
func TestResolved(t *testing.T) {
	since := func(d time.Duration) *time.Time { return new(probedAt().Add(-d)) }
	changed := func(kind smbprobe.PhonebookChangeKind, entry string, ago time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			r.Phonebook.Changes = append(r.Phonebook.Changes, smbprobe.PhonebookChange{Entry: entry, Kind: kind, At: probedAt().Add(-ago)})
		}
	}
	fault := func(ago time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.FaultSeen = since(ago) }
	}
	bookFault := func(r *smbprobe.Result) { r.FaultSeen, r.PhonebookFaultSeen = since(time.Minute), since(time.Minute) }
	touched := func(r *smbprobe.Result) { r.Phonebook.Modified = since(time.Second) }
	renamed := all(changed(smbprobe.EntryRemoved, longName(), time.Minute), changed(smbprobe.EntryAdded, "Provider", time.Minute))
	long := func(r *smbprobe.Result) { dials(r, longName(), "87", lately) }
	for _, test := range []struct {
		name     string
		change   func(*smbprobe.Result)
		resolved bool
	}{
		{"5, fault seen after it", all(failsWith("5"), fault(time.Minute)), true},
		{"53", all(failsWith("53"), fault(time.Minute)), true},
		{"67", all(failsWith("67"), fault(time.Minute)), true},
		{"5, fault seen before it", all(failsWith("5"), fault(lately+time.Minute)), false},
		{"5, fault seen in the future", all(failsWith("5"), fault(-time.Hour)), false},
		{"5, the file is newer", all(failsWith("5"), touched), false},
		{"676 has nothing to do with it", all(failsWith("676"), bookFault), false},
		{"621, phone book at fault after it", all(failsWith("621"), bookFault), true},
		{"621, the share was at fault", all(failsWith("621"), fault(time.Minute)), false},
		{"623, the entry was added", all(failsWith("623"), changed(smbprobe.EntryAdded, "provider", time.Minute)), true},
		{"623, another entry was added", all(failsWith("623"), changed(smbprobe.EntryAdded, "Other", time.Minute)), false},
		{"623, it was added before", all(failsWith("623"), changed(smbprobe.EntryAdded, "Provider", time.Hour)), false},
		{"87, renamed", all(long, renamed), true},
		{"87, removed alone", all(long, changed(smbprobe.EntryRemoved, longName(), time.Minute)), false},
		{"87, a short one was added first", all(long, changed(smbprobe.EntryAdded, "Provider", 2*time.Minute), changed(smbprobe.EntryRemoved, longName(), time.Minute)), true},
		{"87, a short one was added, and the long one is still there", all(long, func(r *smbprobe.Result) { knows(r, longName()) }, changed(smbprobe.EntryAdded, "Provider", time.Minute)), false},
		{"87, renamed, and it is still too long", all(long, changed(smbprobe.EntryRemoved, longName(), time.Minute), changed(smbprobe.EntryAdded, longName()+"!", time.Minute)), false},
		{"615, rewired", all(failsWith("615"), changed(smbprobe.EntryRewired, "Provider", time.Minute)), true},
		{"615, another one rewired", all(failsWith("615"), changed(smbprobe.EntryRewired, "Other", time.Minute)), false},
	} {
		r := healthy()
		test.change(r)
		c := Causes(r)[0]
		if got := c.Severity == smbprobe.SeverityInfo; got != test.resolved || got != strings.Contains(strings.Join(c.Evidence, " "), "Nothing has failed since; the next call will show.") {
			t.Errorf("%s: %s %s %q", test.name, c.Name, c.Severity, c.Evidence)
		}
	}
}

// TestOtherCodesAreNotResolved: no code but those of TestResolved ends with something that was
// seen.
func TestOtherCodesAreNotResolved(t *testing.T) {
	now := new(probedAt().Add(-time.Minute))
	for _, e := range raserror.Errors() {
		code := fmt.Sprint(e.Code)
		if slices.Contains([]string{"5", "53", "67", "621", "622", "623", "625", "615"}, code) {
			continue
		}
		r := healthy()
		failsWith(code)(r)
		r.FaultSeen, r.PhonebookFaultSeen, r.HealthySince = now, now, now
		for _, kind := range []smbprobe.PhonebookChangeKind{smbprobe.EntryAdded, smbprobe.EntryRemoved, smbprobe.EntryRewired} {
			r.Phonebook.Changes = append(r.Phonebook.Changes, smbprobe.PhonebookChange{Entry: "Provider", Kind: kind, At: *now})
		}
		if c := Causes(r)[0]; c.Severity == smbprobe.SeverityInfo {
			t.Errorf("[%s]: %s %q", code, c.Name, c.Evidence)
		}
	}
}

// TestOneOfTwoIsResolved: an entry that was repaired tells nothing of another one.
func TestOneOfTwoIsResolved(t *testing.T) {
	r := healthy()
	knows(r, "Backup")
	dials(r, "Provider", "615", time.Hour)
	dials(r, "Backup", "615", 3*time.Hour)
	r.Phonebook.Changes = []smbprobe.PhonebookChange{{Entry: "Provider", Kind: smbprobe.EntryRewired, At: probedAt().Add(-time.Minute)}}
	c := Causes(r)[0]
	if c.Severity != smbprobe.SeverityInfo || !slices.Contains(c.Evidence, notLately) || strings.Contains(c.Headline, "repaired") {
		t.Errorf("%s: %s %q", c.Name, c.Headline, c.Evidence)
	}
}

func TestDialup(t *testing.T) {
	script := func(r *smbprobe.Result) { r.Phonebook.Switched = []string{"Provider"} }
	unknownCards := func(r *smbprobe.Result) { r.Registry = smbprobe.RegistryResult{Readable: new(false)} }
	cards := func(r *smbprobe.Result) { r.Registry.NetworkCardsChecked = true }
	stale := func(r *smbprobe.Result) {
		r.Registry.StaleNetworkCards, r.Registry.NetworkCardsChecked = []smbprobe.NetworkCard{{Key: "2", Service: "NE20001"}}, true
	}
	related := func(r *smbprobe.Result) {
		r.Eventlog.RelatedEvents = []smbprobe.RelatedEvent{{At: probedAt().Add(-lately), Text: "0xc0000005"}}
	}
	missing := func(r *smbprobe.Result) { r.Phonebook.Dialed = []phonebook.Dialed{{Name: "Internet", Missing: true}} }
	named := func(entry string, ago time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { dials(r, entry, "676", ago) }
	}
	tooLongDialed := func(r *smbprobe.Result) {
		r.Phonebook.Dialed = []phonebook.Dialed{{Name: longName(), Entry: longName(), TooLong: true}}
	}
	rasman := func(state smbprobe.ServiceState, mode smbprobe.StartMode, exit uint32) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			s := service(r, "RasMan")
			s.State, s.StartMode, s.ExitCode = state, mode, exit
		}
	}
	plugPlay := func(r *smbprobe.Result) { service(r, "PlugPlay").State = smbprobe.ServiceStopped }
	pptp := func(r *smbprobe.Result) { r.Phonebook.Links[0].Device = "vpn" }
	runCauseTests(t, []causeTest{
		{"5", failsWith("5"), []string{"dialup_access_denied critical"}, `CORP\exchange`, "it is the account"},
		{"5, SP6: the blank in Domain", failsWith("5"), []string{"dialup_access_denied critical"}, "Q256509", "PPTP"},
		{"5, PPTP", all(failsWith("5"), pptp), []string{"dialup_access_denied critical"}, "Q222060", ""},
		{"5, SP4", all(failsWith("5"), servicePack(4), func(r *smbprobe.Result) { r.NTLMv1 = true }), []string{"dialup_access_denied critical"}, "or the fault has been fixed since, or RAS itself reports 5", "blank in the box"},
		{"1326", failsWith("1326"), []string{"phonebook_not_reachable_by_service critical"}, "Service Account Password", "net share admin$"},
		{"53", failsWith("53"), []string{"phonebook_not_reachable_by_service critical"}, "net share admin$", "1326"},
		{"623 for an entry that is there", failsWith("623"), []string{"entry_not_in_book critical"}, `RAS did not find "Provider" when it dialed; it is in the phone book now`, ""},
		{"dialed, not there", missing, []string{"entry_not_in_book critical"}, "By dialed_entries of the exporter's configuration", "If another entry was chosen"},
		{"named now, not there", named("Gone", lately), []string{"entry_not_in_book critical", "line_or_answer_missing warning"}, "If another entry was chosen since, this ends at 02:57 UTC.", ""},
		{"named 20 hours ago", named("Gone", 20*time.Hour), []string{"entry_not_in_book warning", "line_or_answer_missing info"}, "this ends at 07:02 UTC", ""},
		{"name too long, dialed", tooLongDialed, []string{"entry_name_too_long critical"}, "20 characters", ""},
		{"name too long, and 87 long ago", all(tooLongDialed, func(r *smbprobe.Result) { dials(r, longName(), "87", 20*time.Hour) }), []string{"entry_name_too_long critical"}, "", ""},
		{"87 for a short name", failsWith("87"), []string{"dialup_failing warning"}, "18 or more characters", ""},
		{"87 and 4037", all(failsWith("87"), related), []string{"logon_domain_too_long critical"}, "Event 4037", ""},
		{"633 with a script", all(failsWith("633"), script), []string{"port_taken critical"}, "DEVICE=switch", "Service Pack 6a"},
		{"633 without", failsWith("633"), []string{"port_taken critical"}, "net stop MSExchangeIMC\nnet stop rasman\nnet start rasman", "DEVICE=switch"},
		{"633 ends dial-in", failsWith("633"), []string{"port_taken critical"}, "net start remoteaccess", ""},
		{"692", failsWith("692"), []string{"modem_or_port_failed warning"}, "Is the modem on", ""},
		{"676 on SP6", failsWith("676"), []string{"line_or_answer_missing warning"}, "the line is busy [676]", "Service Pack 6a"},
		{"676 before it", all(failsWith("676"), servicePack(3)), []string{"line_or_answer_missing warning"}, "busy or dead", ""},
		{"680", failsWith("680"), []string{"line_or_answer_missing warning"}, "No dial tone", "[676], busy"},
		{"2, cards not looked at", failsWith("2"), []string{"dialup_network_card_key_stale warning"}, "could not be read", ""},
		{"2, registry not readable", all(failsWith("2"), unknownCards), []string{"dialup_network_card_key_stale warning"}, "could not be read", ""},
		{"2, every card sound", all(failsWith("2"), cards), []string{"dialup_failing warning"}, "", ""},
		{"2, on Windows 2000", windows2000("", failsWith("2")), []string{"dialup_failing warning"}, "", ""},
		{"a stale card", all(failsWith("2"), stale), []string{"dialup_network_card_key_stale warning"}, `Delete the key "2" below NetworkCards, and nothing else there`, ""},
		{"711, Plug and Play", all(failsWith("711"), plugPlay), []string{"rasman_cannot_start critical"}, "net start PlugPlay", "7000"},
		{"711, another reason", failsWith("711"), []string{"rasman_cannot_start critical"}, "events 7000 and 7001", "net start PlugPlay"},
		{"RasMan automatic and failed", rasman(smbprobe.ServiceStopped, smbprobe.StartAutomatic, 1068), []string{"rasman_cannot_start warning"}, "did not start", ""},
		{"RasMan on demand and failed", rasman(smbprobe.ServiceStopped, smbprobe.StartManual, 1068), nil, "", ""},
		{"Plug and Play off while RasMan runs", all(plugPlay, rasman(smbprobe.ServiceRunning, smbprobe.StartManual, 0)), []string{"service_not_running warning"}, "Q170029", "rasman"},
		{"317 on SP6", failsWith("317"), []string{"dialup_failing warning"}, "", ""},
		{"614", failsWith("614"), []string{"dialup_failing warning"}, "Q123597", ""},
		{"615", failsWith("615"), []string{"dialup_failing warning"}, "Q155941", ""},
		{"659", failsWith("659"), []string{"dialup_failing warning"}, "pad.inf", ""},
		{"no code", failsWith("unknown"), []string{"dialup_failing warning"}, "Event Viewer", ""},
		{"quotes", failsWith("691"), []string{"dialup_failing warning"}, `rasdial "NAME"`, "What each code means"},
	})
}

// TestWindowsThatAreNotKnown: a window that is not known tells nothing.
func TestWindowsThatAreNotKnown(t *testing.T) {
	r := healthy()
	failsWith("691")(r)
	r.Eventlog.Calls = nil
	r.Eventlog.Windows[1].Failures = nil // larger: the shortest one tells
	if got := names(Causes(r)); !slices.Equal(got, []string{"dialup_failing"}) {
		t.Errorf("causes %v", got)
	}
	r.Eventlog.Windows[0].Failures = nil
	if causes := Causes(r); causes != nil {
		t.Errorf("%+v", causes)
	}
}
