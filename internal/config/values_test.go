package config

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

func TestParsePath(t *testing.T) {
	for s, want := range map[string]string{
		`System32\Ras\rasphone.pbk`:      `System32\Ras\rasphone.pbk`,
		`System32/Ras/rasphone.pbk`:      `System32\Ras\rasphone.pbk`,
		`\System32\Ras\rasphone.pbk`:     `System32\Ras\rasphone.pbk`,
		`/a b/c..d/.e`:                   `a b\c..d\.e`,
		strings.Repeat("a/", 127) + "ab": strings.Repeat(`a\`, 127) + "ab",
		``:                               "",
		`\`:                              "",
		`\\server\ADMIN$\a`:              "",
		`C:\winnt\a`:                     "",
		`a:stream`:                       "",
		`..\a`:                           "",
		`a\..\b`:                         "",
		`a/..`:                           "",
		`a\.\b`:                          "",
		`a\.. \b`:                        "",
		`a\ \b`:                          "",
		`a\\b`:                           "",
		`a\`:                             "",
		`a\*.pbk`:                        "",
		`a?`:                             "",
		"a\x00b":                         "",
		"a\nb":                           "",
		"a\xff":                          "",
		strings.Repeat("a/", 128) + "a":  "",
	} {
		got, err := parsePath(s)
		if got != want || (err == nil) != (want != "") {
			t.Errorf("%.40q: %q, %v", s, got, err)
		}
	}
}

func TestParseNumbers(t *testing.T) {
	for s, want := range map[string]time.Duration{
		"100ms": 100 * time.Millisecond, "10s": 10 * time.Second, "1m30s": 90 * time.Second, "5m": 5 * time.Minute,
		"99ms": 0, "5m1ms": 0, "0": 0, "": 0, "10": 0, "0.5s": 0, "-1s": 0, "1s1m": 0, "9999999999y": 0,
	} {
		if got, err := parseTimeout(s); got != want || (err == nil) != (want != 0) {
			t.Errorf("timeout %q: %v, %v", s, got, err)
		}
	}
	const bad = -1
	for s, want := range map[string]time.Duration{
		"0s": 0, "0": 0, "1ms": time.Millisecond, "5s": 5 * time.Second, "60s": time.Minute, "1m": time.Minute,
		"61s": bad, "1m1ms": bad, "-1s": bad, "5": bad, "": bad, "0.5s": bad, "9999999999y": bad,
	} {
		if got, err := parseInterval(s); (err == nil) != (want != bad) || err == nil && got != want {
			t.Errorf("interval %q: %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]int64{
		"1KiB": 1024, "4MiB": 4 << 20, "64MiB": 64 << 20, "1.5MiB": 3 << 19, "1MB": 1_000_000, "2kB": 2000, "2048B": 2048,
		"1023B": 0, "64MiB1B": 0, "1GiB": 0, "0": 0, "": 0, "4": 0, "4096": 0, "-4MiB": 0, "4 MiB": 0, "MiB": 0, "99999999999999999999EiB": 0,
	} {
		if got, err := parseSize(s); got != want || (err == nil) != (want != 0) {
			t.Errorf("size %q: %v, %v", s, got, err)
		}
	}
	for s, want := range map[string]uint16{
		"1": 1, "4106": 4106, "65535": 65535, "0": 0, "65536": 0, "-1": 0, "0x10": 0, "": 0, "4106.0": 0,
	} {
		if got, err := parseEventID(s); got != want || (err == nil) != (want != 0) {
			t.Errorf("event ID %q: %v, %v", s, got, err)
		}
	}
}

func TestParseNames(t *testing.T) {
	for s, want := range map[string]string{
		"": "", "exch-br": "EXCH-BR", "A_1$~!#": "A_1$~!#", "exactly15bytes-": "EXACTLY15BYTES-",
	} {
		if got, err := parseNetBIOSName(s); got != want || err != nil {
			t.Errorf("NetBIOS name %q: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"sixteen--bytes--", "a b", "héx", "*SMBSERVER", `a\b`, "a\x00", "a:1"} {
		if got, err := parseNetBIOSName(s); err == nil {
			t.Errorf("NetBIOS name %q: %q", s, got)
		}
	}
	for _, s := range []string{"ADMIN$", "C$", "Directory Service", "a.b", strings.Repeat("ä", maxName)} {
		if got, err := parseBareName(s); got != s || err != nil {
			t.Errorf("bare name %q: %q, %v", s, got, err)
		}
	}
	for _, s := range []string{"", " ", ".", "..", `\ADMIN$`, "a/b", "a*", "a\t", "a\xff", strings.Repeat("ä", maxName+1)} {
		if got, err := parseBareName(s); err == nil {
			t.Errorf("bare name %q: %q", s, got)
		}
	}
}

func TestModuleErrors(t *testing.T) {
	tests := []struct {
		name, module string
		want         []string
	}{
		{"single values", "timeout: 1h\n    dialect: SMB1\n    transport: tcp\n    signing: never\n    share: ''", []string{
			`rasphone.yml:3: modules.m.timeout: "1h" is not a duration from 100ms to 5m; write 500ms, 10s or 1m30s`,
			`rasphone.yml:4: modules.m.dialect: "SMB1" is none of auto, smb1, smb2; write smb1`,
			`rasphone.yml:5: modules.m.transport: "tcp" is none of auto, netbios, direct`,
			`rasphone.yml:6: modules.m.signing: "never" is none of auto, required`,
			`rasphone.yml:7: modules.m.share: is empty; write a name`,
		}},
		{"phone book", "phonebook:\n      path: ..\\a\n      max_size: 1GiB\n      dialed_entries: [a, '', A]", []string{
			`rasphone.yml:4: modules.m.phonebook.path: "..\a" is not a path relative to the share; write it as System32\Ras\rasphone.pbk, without server, drive, "..", empty parts and wildcards`,
			`rasphone.yml:5: modules.m.phonebook.max_size: "1GiB" is not a size from 1KiB to 64MiB; write 512KiB or 1MiB`,
			`rasphone.yml:6: modules.m.phonebook.dialed_entries[1]: is empty; write a name`,
			`rasphone.yml:6: modules.m.phonebook.dialed_entries[2]: "A" is in the list twice; names are the same whatever their case`,
		}},
		{"event log", "eventlog:\n      event_id: 70000\n      source: ''\n      log: a\\b\n      windows:\n        - 1h\n        - 60m\n        - 32d\n        - 0s\n        -\n        - 1h30m", []string{
			`rasphone.yml:4: modules.m.eventlog.event_id: "70000" is not an event ID from 1 to 65535; write the number alone, as in 4106`,
			`rasphone.yml:5: modules.m.eventlog.source: is empty; write a name`,
			`rasphone.yml:6: modules.m.eventlog.log: "a\b" is not a bare name; write b`,
			`rasphone.yml:9: modules.m.eventlog.windows[1]: "60m" is as long as "1h"; keep one of them`,
			`rasphone.yml:10: modules.m.eventlog.windows[2]: "32d" is not a duration of at most 31d; write 15m, 1h or 24h`,
			`rasphone.yml:11: modules.m.eventlog.windows[3]: "0s" is not a duration of at most 31d; write 15m, 1h or 24h`,
			`rasphone.yml:12: modules.m.eventlog.windows[4]: "" is not a duration of at most 31d; write 15m, 1h or 24h`,
		}},
		{"too many", "eventlog: {windows: [1m, 2m, 3m, 4m, 5m, 6m, 7m, 8m, 9m, 10m, 11m]}\n    server: {services: [" + strings.Repeat("s,", 21) + "]}\n    phonebook: {dialed_entries: [" + strings.Repeat("e,", 101) + "]}", []string{
			`rasphone.yml:3: modules.m.eventlog.windows: has 11 windows; 10 are allowed`,
			`rasphone.yml:4: modules.m.server.services: has 21 names; 20 are allowed`,
			`rasphone.yml:5: modules.m.phonebook.dialed_entries: has 101 names; 100 are allowed`,
		}},
		{"session and interval", "session: kept\n    min_interval: 2m", []string{
			`rasphone.yml:4: modules.m.min_interval: "2m" is not a duration from 0s to 1m; write 5s, or 0s to probe at every request`,
		}},
		{"another session", "session: once", []string{
			`rasphone.yml:3: modules.m.session: "once" is neither per_probe nor kept`,
		}},
		{"a session kept over SMB2", "session: kept\n    dialect: smb2", []string{
			`rasphone.yml:3: modules.m.session: sessions are kept over SMB1 alone, and dialect is smb2; write per_probe, or leave one of the keys out`,
		}},
		{"no window", "eventlog: {windows: []}", []string{
			`rasphone.yml:3: modules.m.eventlog.windows: has no window; list one at least, or write enabled: false`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if diff := cmp.Diff(tt.want, parseErrors(t, "modules:\n  m:\n    "+tt.module+"\n")); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A module starts from the built-in defaults, even if there is a module `default`.
func TestModulesStartFromBuiltin(t *testing.T) {
	c := parse(t, "modules:\n  default: {share: C$, eventlog: {enabled: false}}\n  m: {timeout: 1s, phonebook: }\n  empty:\n")
	def, m, empty := builtinModule(), builtinModule(), builtinModule()
	def.Share, def.EventLog.Enabled = "C$", false
	m.Name, m.Timeout = "m", time.Second
	empty.Name = "empty"
	want := map[string]smbprobe.Module{"default": def, "m": m, "empty": empty}
	if diff := cmp.Diff(want, c.modules); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
