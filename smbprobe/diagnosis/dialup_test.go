package diagnosis

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
)

// verdictTest is a change to a healthy result, and what comes of it.
type verdictTest struct {
	name   string
	change func(*smbprobe.Result)
	want   []string // "cause severity"
	says   string   // in headline, evidence or remedy of the first
}

func runVerdicts(t *testing.T, tests []verdictTest) {
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			r := healthy()
			test.change(r)
			causes := Causes(r)
			var got []string
			for _, c := range causes {
				got = append(got, c.Name+" "+string(c.Severity))
			}
			if diff := cmp.Diff(test.want, got); diff != "" {
				t.Fatalf("causes (-want +got):\n%s", diff)
			}
			wantComplete(t, r, causes)
			if len(causes) > 0 && !strings.Contains(fmt.Sprint(causes[0]), test.says) {
				t.Errorf("%q is not in %+v", test.says, causes[0])
			}
		})
	}
}

// sentence is what stands for the entry's name in an event whose text has no quotes and
// is in another language.
func sentence() string { return "Verbindung mit ISP wurde nicht hergestellt" }

func TestCode87(t *testing.T) {
	related := func(text string, ago time.Duration) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) {
			failsWith("87")(r)
			r.Eventlog.RelatedEvents = []smbprobe.RelatedEvent{{At: probedAt().Add(-ago), Text: text}}
		}
	}
	dialed := func(r *smbprobe.Result) {
		r.Phonebook.Dialed = []phonebook.Dialed{{Name: longName(), Entry: longName(), TooLong: true}}
		knows(r, longName())
		found(r, phonebook.Finding{Check: phonebook.CheckDialedNameOver20, Class: phonebook.ClassEntry, Line: 1, Entry: longName()})
	}
	umlauts := strings.Repeat("ü", 20)
	runVerdicts(t, []verdictTest{
		{"alone", failsWith("87"), []string{"dialup_failing warning"}, "ERROR_INVALID_PARAMETER"},
		{"long name in the event", func(r *smbprobe.Result) { dials(r, longName(), "87", lately); knows(r, longName()) }, []string{"entry_name_too_long critical"}, `"Provider in the capital" has 23 characters.`},
		{"20 characters of two bytes", func(r *smbprobe.Result) { dials(r, umlauts, "87", lately) }, []string{"dialup_failing warning"}, umlauts},
		{"long name that is dialed, no event", dialed, []string{"entry_name_too_long warning"}, `"Provider in the capital"`},
		{"long name that is dialed, and the code", func(r *smbprobe.Result) { dialed(r); failsWith("87")(r) }, []string{"entry_name_too_long critical"}, "23 characters"},
		{"long name that is dialed, and the code once", func(r *smbprobe.Result) { dialed(r); dials(r, longName(), "87", time.Hour) }, []string{"entry_name_too_long warning"}, "23 characters"},
		{"long name and another code", func(r *smbprobe.Result) { dials(r, longName(), "691", lately); knows(r, longName()) }, []string{"dialup_failing warning"}, "[691]"},
		{"related event", related("code 0xc0000005", lately+4*time.Minute), []string{"logon_domain_too_long critical"}, `Event 4037 says "code 0xc0000005"`},
		{"related event at a time not known", func(r *smbprobe.Result) { related("C0000005", 0)(r); r.Eventlog.RelatedEvents[0].At = time.Time{} }, []string{"logon_domain_too_long critical"}, `"C0000005".`},
		{"event at a time not known", func(r *smbprobe.Result) { related("C0000005", 0)(r); r.Eventlog.LastFailures = nil }, []string{"logon_domain_too_long critical"}, "C0000005"},
		{"related event at another time", related("0xc0000005", lately+6*time.Minute), []string{"dialup_failing warning"}, "[87]"},
		{"related event of another code", related("0xc0000022", lately), []string{"dialup_failing warning"}, "[87]"},
		{"related event alone", func(r *smbprobe.Result) {
			r.Eventlog.RelatedEvents = []smbprobe.RelatedEvent{{At: probedAt(), Text: "0xc0000005"}}
		}, nil, ""},
		{"a sentence for a name", func(r *smbprobe.Result) { dials(r, sentence(), "87", lately) }, []string{"dialup_failing warning"}, sentence()},
		{"a long name, and the book was not read", func(r *smbprobe.Result) { bookIs(smbprobe.PhonebookLocked, 0)(r); dials(r, longName(), "87", lately) }, []string{"phonebook_locked warning", "dialup_failing warning"}, "net file"},
		{"long name of the book in small letters", func(r *smbprobe.Result) { dials(r, strings.ToLower(longName()), "87", lately); knows(r, longName()) }, []string{"entry_name_too_long critical"}, "23 characters"},
		{"long name beside one that is no name", func(r *smbprobe.Result) { dialed(r); dials(r, sentence(), "87", lately) }, []string{"entry_name_too_long critical"}, "never dialled: \"Provider in the capital\" "},
		{"related event and a long name", func(r *smbprobe.Result) { dialed(r); related("0xc0000005", lately)(r) }, []string{"entry_name_too_long critical", "logon_domain_too_long critical"}, "23 characters"},
	})
}

func TestEntryNotInBook(t *testing.T) {
	runVerdicts(t, []verdictTest{
		{"dialed", func(r *smbprobe.Result) {
			r.Phonebook.Dialed = []phonebook.Dialed{{Name: "Backup", Missing: true}}
			found(r, phonebook.Finding{Check: phonebook.CheckDialedMissing, Class: phonebook.ClassEntry})
		}, []string{"entry_not_in_book critical"}, `is not in the phone book: "Backup"`},
		{"named in an event", func(r *smbprobe.Result) { dials(r, "Backup", "5", lately) }, []string{"dialup_access_denied critical", "entry_not_in_book critical"}, "[5]"},
		{"named in an old event", func(r *smbprobe.Result) { dials(r, "Backup", "691", time.Hour) }, []string{"dialup_failing info"}, "[691]"},
		{"named before the book was changed", func(r *smbprobe.Result) { dials(r, "Backup", "691", lately); changedAgo(time.Minute)(r) }, []string{"entry_not_in_book info", "dialup_failing info"}, "mended"},
		{"other case", func(r *smbprobe.Result) { dials(r, "PROVIDER", "691", lately) }, []string{"dialup_failing warning"}, "[691]"},
		{"no name, and the rest", func(r *smbprobe.Result) {
			dials(r, "", "691", lately)
			dials(r, smbprobe.Other, smbprobe.Other, lately)
		}, []string{"dialup_failing warning"}, "[691]"},
		{"a name beyond ASCII proves nothing", func(r *smbprobe.Result) { dials(r, "Büro", "691", lately) }, []string{"dialup_failing warning"}, "Büro"},
		{"an empty book", func(r *smbprobe.Result) {
			r.Phonebook.Entries, r.Phonebook.Links = new(0), nil
			failsWith("691")(r)
		}, []string{"entry_not_in_book critical", "dialup_failing warning"}, `"Provider"`},
		{"more links than are listed", func(r *smbprobe.Result) {
			r.Phonebook.LinksTruncated = true
			dials(r, "Backup", "691", lately)
		}, []string{"dialup_failing warning"}, "[691]"},
		{"the book was not read", func(r *smbprobe.Result) { bookIs(smbprobe.PhonebookTooLarge, 0)(r); dials(r, "Backup", "691", lately) }, []string{"dialup_failing warning"}, "[691]"},
		{"623 without a name", func(r *smbprobe.Result) { dials(r, "", "623", lately) }, []string{"entry_not_in_book critical"}, "hold an entry that"},
		{"623 for an entry that is there", failsWith("623"), []string{"entry_not_in_book critical"}, `RAS did not find "Provider", and the book that was read holds it`},
		{"a sentence for a name", func(r *smbprobe.Result) { dials(r, sentence(), "676", lately) }, []string{"line_or_answer_missing warning"}, sentence()},
		{"a name that is too long to be dialed", func(r *smbprobe.Result) { dials(r, longName(), "691", lately) }, []string{"dialup_failing warning"}, longName()},
		{"623 and a sentence for a name", func(r *smbprobe.Result) { dials(r, sentence(), "623", lately) }, []string{"entry_not_in_book critical"}, "make the entry in Dial-Up Networking:"},
		{"623 and a long name that is there", func(r *smbprobe.Result) { dials(r, longName(), "623", lately); knows(r, longName()) }, []string{"entry_not_in_book critical"}, "the book that was read holds it"},
		{"623, and the book was not read", func(r *smbprobe.Result) { bookIs(smbprobe.PhonebookTooLarge, 0)(r); failsWith("623")(r) }, []string{"entry_not_in_book critical"}, `RAS did not find "Provider" in its book.`},
	})
}

func TestNT4Bug(t *testing.T) {
	with := func(code string, change func(*smbprobe.Result)) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { failsWith(code)(r); change(r) }
	}
	pack := func(p *smbprobe.RegistryText) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Registry.ServicePack = p }
	}
	for _, code := range []string{"317", "4264763456"} {
		runVerdicts(t, []verdictTest{
			{code + " not known", with(code, pack(nil)), []string{"nt4_dial_bug warning"}, "not known"},
			{code + " none", with(code, pack(&smbprobe.RegistryText{})), []string{"nt4_dial_bug warning"}, "has no service pack"},
			{code + " 3", with(code, pack(&smbprobe.RegistryText{Set: true, Value: "Service Pack 3"})), []string{"nt4_dial_bug warning"}, "has Service Pack 3"},
			{code + " no number", with(code, pack(&smbprobe.RegistryText{Set: true, Value: "RC 1"})), []string{"nt4_dial_bug warning"}, "not known"},
			{code + " 4", with(code, pack(&smbprobe.RegistryText{Set: true, Value: "Service Pack 4"})), []string{"dialup_failing warning"}, code},
			{code + " 6a", with(code, pack(&smbprobe.RegistryText{Set: true, Value: "Service Pack 6a"})), []string{"dialup_failing warning"}, code},
			{code + " Windows 2000 by its version", with(code, func(r *smbprobe.Result) { pack(nil)(r); r.Host.Major = 5 }), []string{"dialup_failing warning"}, code},
			{code + " Windows 2000 by its name", with(code, func(r *smbprobe.Result) { pack(nil)(r); r.Host = smbprobe.HostResult{}; r.Server.OS = "Windows 5.0" }), []string{"dialup_failing warning"}, code},
			{code + " by its dialect", with(code, func(r *smbprobe.Result) {
				pack(nil)(r)
				r.Host = smbprobe.HostResult{}
				r.Server.OS, r.Server.Dialect = "", "SMB 3.1.1"
			}), []string{"dialup_failing warning"}, code},
			{code + " by nothing", with(code, func(r *smbprobe.Result) { pack(nil)(r); r.Host, r.Server = smbprobe.HostResult{}, nil }), []string{"nt4_dial_bug warning"}, "not known"},
		})
	}
}

func TestSeenWithoutEvents(t *testing.T) {
	stale := func(r *smbprobe.Result) {
		r.Registry.StaleNetworkCards = []smbprobe.NetworkCard{{Key: "3", Service: "El90x1"}}
	}
	plugPlay := func(state smbprobe.ServiceState, mode smbprobe.StartMode) func(*smbprobe.Result) {
		return func(r *smbprobe.Result) { r.Services[2].State, r.Services[2].StartMode = state, mode }
	}
	runVerdicts(t, []verdictTest{
		{"a stale key", stale, []string{"dialup_network_card_key_stale warning"}, `NetworkCards key "3" names the service "El90x1", which has no key.`},
		{"a stale key and old events", func(r *smbprobe.Result) { stale(r); dials(r, "Provider", "2", time.Hour) }, []string{"dialup_network_card_key_stale warning"}, "[2] ERROR_FILE_NOT_FOUND"},
		{"PlugPlay stopped", plugPlay(smbprobe.ServiceStopped, smbprobe.StartAutomatic), []string{"rasman_cannot_start critical", "service_not_running warning"}, "Service PlugPlay: stopped."},
		{"PlugPlay stopped and manual", plugPlay(smbprobe.ServiceStopped, smbprobe.StartManual), []string{"rasman_cannot_start critical"}, "`net start PlugPlay`"},
		{"PlugPlay starts", plugPlay(smbprobe.ServiceStartPending, smbprobe.StartAutomatic), nil, ""},
		{"PlugPlay not known", plugPlay("", smbprobe.StartAutomatic), nil, ""},
		{"PlugPlay not installed", func(r *smbprobe.Result) {
			plugPlay(smbprobe.ServiceStopped, smbprobe.StartAutomatic)(r)
			r.Services[2].Installed = new(false)
		}, nil, ""},
	})
}
