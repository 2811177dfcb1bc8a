package config

import (
	"errors"
	"strconv"
	"time"

	"github.com/alecthomas/units"
	"github.com/prometheus/common/model"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

const (
	signingAuto     = "auto"
	signingRequired = "required"
)

// builtinModule is a module before the configuration changes it. Every
// module starts from here, even if the configuration has its own module
// `default`: what that one sets is for the targets that use it, and is not
// inherited by others.
func builtinModule() smbprobe.Module {
	return smbprobe.Module{
		Name:      DefaultModule,
		Timeout:   10 * time.Second,
		Dialect:   smbprobe.DialectAuto,
		Transport: smbprobe.TransportAuto,
		Share:     "ADMIN$",
		Phonebook: smbprobe.PhonebookModule{
			Path:    `System32\Ras\rasphone.pbk`,
			MaxSize: int64(units.MiB),
		},
		EventLog: smbprobe.EventLogModule{
			Enabled: true,
			Log:     "Application",
			Source:  "MSExchangeIMC",
			EventID: 4106,
			Windows: []smbprobe.Window{
				{Label: "15m", Duration: 15 * time.Minute},
				{Label: "1h", Duration: time.Hour},
				{Label: "24h", Duration: 24 * time.Hour},
			},
		},
		Session:     smbprobe.SessionPerProbe,
		MinInterval: 5 * time.Second,
		Server: smbprobe.ServerModule{
			Registry: true,
			Services: []string{"MSExchangeIMC", "RasMan"},
		},
	}
}

// section is a part of the file whose values are being read.
type section struct {
	problems *problems
	path     string
}

func (s section) sub(key string) section { return section{s.problems, s.path + "." + key} }

// value reads one value, or returns the fallback if the file has none. What
// does not parse is a problem of that place.
func value[T any](s section, key string, t text, fallback T, parse func(string) (T, error)) T {
	if !t.given {
		return fallback
	}
	v, err := parse(t.value)
	if err != nil {
		s.problems.add(t.line, s.path+"."+key, err)
		return fallback
	}
	return v
}

var errKeptSMB2 = errors.New("sessions are kept over SMB1 alone, and dialect is smb2; write per_probe, or leave one of the keys out")

// readModule makes a module of its section of the file.
func readModule(name string, f fileModule, p *problems) smbprobe.Module {
	m := builtinModule()
	m.Name = name
	s := section{p, "modules." + name}
	m.Timeout = value(s, "timeout", f.Timeout, m.Timeout, parseTimeout)
	m.Dialect = value(s, "dialect", f.Dialect, m.Dialect,
		oneOf(smbprobe.DialectAuto, smbprobe.DialectSMB1, smbprobe.DialectSMB2))
	m.Transport = value(s, "transport", f.Transport, m.Transport,
		oneOf(smbprobe.TransportAuto, smbprobe.TransportNetBIOS, smbprobe.TransportDirect))
	m.NetBIOSName = value(s, "netbios_name", f.NetBIOSName, m.NetBIOSName, parseNetBIOSName)
	m.RequireSigning = value(s, "signing", f.Signing, signingAuto, oneOf(signingAuto, signingRequired)) == signingRequired
	m.Share = value(s, "share", f.Share, m.Share, parseShare)
	m.Session = value(s, "session", f.Session, m.Session, parseSession)
	if m.Session == smbprobe.SessionKept && m.Dialect == smbprobe.DialectSMB2 {
		p.add(f.Session.line, s.path+".session", errKeptSMB2)
	}
	m.MinInterval = value(s, "min_interval", f.MinInterval, m.MinInterval, parseInterval)

	s = s.sub("phonebook")
	m.Phonebook.Path = value(s, "path", f.Phonebook.Path, m.Phonebook.Path, parsePath)
	m.Phonebook.DialedEntries = readNames(s, "dialed_entries", f.Phonebook.DialedEntries, nil, maxDialedEntries, parseName)
	m.Phonebook.MaxSize = value(s, "max_size", f.Phonebook.MaxSize, m.Phonebook.MaxSize, parseSize)

	s = section{p, "modules." + name + ".eventlog"}
	m.EventLog.Enabled = f.EventLog.Enabled.or(m.EventLog.Enabled)
	m.EventLog.Log = value(s, "log", f.EventLog.Log, m.EventLog.Log, parseLog)
	m.EventLog.Source = value(s, "source", f.EventLog.Source, m.EventLog.Source, parseName)
	m.EventLog.EventID = value(s, "event_id", f.EventLog.EventID.text, m.EventLog.EventID, parseEventID)
	m.EventLog.Windows = readWindows(s, f.EventLog.Windows, f.Line, m.EventLog.Windows)

	s = section{p, "modules." + name + ".server"}
	m.Server.Registry = f.Server.Registry.or(m.Server.Registry)
	m.Server.Services = readNames(s, "services", f.Server.Services, m.Server.Services, maxServices, parseBareName)
	return m
}

// writeModule is the inverse of readModule: a module with every key filled in.
func writeModule(m smbprobe.Module) fileModule {
	signing := signingAuto
	if m.RequireSigning {
		signing = signingRequired
	}
	windows := make([]text, len(m.EventLog.Windows))
	for i, w := range m.EventLog.Windows {
		windows[i] = given(w.Label)
	}
	return fileModule{
		Timeout:     given(model.Duration(m.Timeout).String()),
		Dialect:     given(m.Dialect),
		Transport:   given(m.Transport),
		NetBIOSName: given(m.NetBIOSName),
		Signing:     given(signing),
		Share:       given(m.Share),
		Phonebook: filePhonebook{
			Path:          given(m.Phonebook.Path),
			DialedEntries: givenAll(m.Phonebook.DialedEntries),
			MaxSize:       given(units.Base2Bytes(m.Phonebook.MaxSize).String()),
		},
		EventLog: fileEventLog{
			Enabled: givenBoolean(m.EventLog.Enabled),
			Log:     given(m.EventLog.Log),
			Source:  given(m.EventLog.Source),
			EventID: number{given(strconv.Itoa(int(m.EventLog.EventID)))},
			Windows: windows,
		},
		Session:     given(m.Session),
		MinInterval: given(model.Duration(m.MinInterval).String()),
		Server: fileServer{
			Registry: givenBoolean(m.Server.Registry),
			Services: givenAll(m.Server.Services),
		},
	}
}

// missingWindows are the windows that the shipped rules and dashboards want
// and the module does not count events in. A module that does not read the
// event log misses none.
func missingWindows(m smbprobe.Module) []string {
	if !m.EventLog.Enabled {
		return nil
	}
	var missing []string
	for _, want := range builtinModule().EventLog.Windows {
		found := false
		for _, have := range m.EventLog.Windows {
			found = found || have.Label == want.Label
		}
		if !found {
			missing = append(missing, want.Label)
		}
	}
	return missing
}
