package report

import (
	"bytes"
	"flag"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/phonebook"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

var update = flag.Bool("update", false, "write the golden files anew")

// golden compares text with a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("differs from %s (-want +got):\n%s", file, diff)
	}
}

func TestText(t *testing.T) {
	steps := []smbprobe.StepResult{{Step: smbprobe.StepConnect, Duration: 1400 * time.Microsecond}, {Step: smbprobe.StepLogin, Duration: 5800 * time.Microsecond}}
	server := &smbprobe.ServerInfo{OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", NetBIOSName: "EXCH01", Domain: "CORP", Dialect: "NT LM 0.12"}
	base := smbprobe.Result{Target: "exch01", Address: "10.1.2.3:139", Server: server, Steps: steps, Duration: 9300 * time.Microsecond, RoundTrips: 8}
	with := func(change func(*smbprobe.Result)) *smbprobe.Result {
		r := base
		change(&r)
		return &r
	}
	for name, r := range map[string]*smbprobe.Result{
		"ok": with(func(r *smbprobe.Result) {
			r.Share, r.ClockOffset = smbprobe.ShareOK, new(-1482*time.Millisecond)
			r.Phonebook = smbprobe.PhonebookResult{
				State: smbprobe.PhonebookOK, Size: new(int64(426)), Modified: new(time.Date(1998, 11, 3, 9, 14, 22, 0, time.UTC)),
				Entries: new(2), Intact: new(true), Dialed: []phonebook.Dialed{{Name: "ISP", Usable: true}},
			}
			r.Eventlog = smbprobe.EventlogResult{
				Readable: new(true), Records: new(1207), Oldest: new(time.Date(1999, 2, 20, 0, 0, 0, 0, time.UTC)),
				Windows: []smbprobe.WindowResult{
					{Label: "15m", Failures: new(0), Covered: true},
					{Label: "1h", Failures: new(3), Covered: true, ByError: []smbprobe.FailureCount{
						{Entry: "ISP", Code: "633", Error: "ERROR_PORT_NOT_AVAILABLE", N: 2}, {Entry: "Backup", Code: "unknown", N: 1},
					}},
					{Label: "24h"},
				},
				LastFailures: []smbprobe.LastFailure{{Entry: "ISP", Code: "633", At: time.Date(1999, 3, 1, 11, 20, 0, 0, time.UTC)}},
			}
		}),
		"share_missing": with(func(r *smbprobe.Result) {
			r.Share, r.ShareStatus = smbprobe.ShareMissing, smb.StatusBadNetworkName
			r.ShareError = `tree connect \\EXCH01\ADMIN$: ` + smb.StatusBadNetworkName.String()
			r.Phonebook.State = smbprobe.PhonebookUnknown
		}),
		"damaged": with(func(r *smbprobe.Result) {
			r.Share = smbprobe.ShareOK
			r.Phonebook = smbprobe.PhonebookResult{
				State: smbprobe.PhonebookDamaged, Error: "line 7: malformed_line", Entries: new(1), Intact: new(false),
				Findings: []phonebook.Finding{
					{Check: phonebook.CheckMalformedLine, Class: phonebook.ClassFile, Line: 7, Entry: "ISP", Text: "garb\uFFFDage"},
					{Check: phonebook.CheckLFOnly, Class: phonebook.ClassOddity},
				},
			}
		}),
		"eventlog_not_readable": with(func(r *smbprobe.Result) {
			r.Share, r.Phonebook.State = smbprobe.ShareOK, smbprobe.PhonebookOK
			r.Eventlog = smbprobe.EventlogResult{Readable: new(false), Error: "open eventlog: " + smb.StatusObjectNameNotFound.String()}
		}),
		"dialed_entry_missing": with(func(r *smbprobe.Result) {
			r.Share = smbprobe.ShareOK
			r.Phonebook = smbprobe.PhonebookResult{
				State: smbprobe.PhonebookOK, Entries: new(1), Intact: new(false),
				Dialed: []phonebook.Dialed{{Name: "Gone", Missing: true}},
			}
		}),
		"unreachable": {
			Target: "exch02:139", Share: smbprobe.SharePortClosed, ShareError: "connect to 10.1.2.4:139:\nconnection refused",
			Phonebook: smbprobe.PhonebookResult{State: smbprobe.PhonebookUnknown},
		},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := Text(&b, r); err != nil {
				t.Fatal(err)
			}
			golden(t, "probe_"+name+".txt", b.String())
		})
	}
}

func TestLintText(t *testing.T) {
	book := "[Good]\r\nMEDIA=serial\r\nPort=COM1\r\nDEVICE=modem\r\nPhoneNumber=5550100\r\n"
	for name, test := range map[string]struct {
		data   string
		colour bool
	}{
		"sound":            {book, false},
		"oddity_in_colour": {book + "\r", true},
		"damaged":          {book + "rubbish \x1b[31m\r\n[", false},
		"many":             {book + string(bytes.Repeat([]byte("rubbish\r\n"), 130)), false},
	} {
		t.Run(name, func(t *testing.T) {
			var b bytes.Buffer
			if err := NewLint("rasphone.pbk", []byte(test.data), []string{"Good"}).WriteText(&b, test.colour); err != nil {
				t.Fatal(err)
			}
			golden(t, "lint_"+name+".txt", b.String())
		})
	}
}

func TestLintJSON(t *testing.T) {
	var b bytes.Buffer
	err := WriteJSON(&b, []*Lint{
		NewLint("a.pbk", []byte("[A]\r\nMEDIA=serial\r\nDEVICE=modem\r\n"), []string{"A", "B"}),
		{File: "b.pbk", Error: "no such file"},
	})
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "lint.json", b.String())
}
