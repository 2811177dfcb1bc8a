package web

import (
	"cmp"
	"fmt"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// neverStarted is the Win32 error of a service that has not been started since the server was.
const neverStarted = 1077

// service is a service as the pages show it.
type service struct {
	Name      string
	State     string
	Level     string // class in the style sheet; empty for a state that is neither good nor bad
	StartMode string
	Note      string // may be empty
}

func newServices(all []smbprobe.ServiceResult) []service {
	var services []service
	for _, s := range all {
		services = append(services, newService(s))
	}
	return services
}

func newService(s smbprobe.ServiceResult) service {
	v := service{
		Name: s.Name, State: cmp.Or(string(s.State), unknown), StartMode: cmp.Or(string(s.StartMode), unknown), Note: s.Error,
	}
	switch {
	case s.Installed != nil && !*s.Installed:
		v.State, v.StartMode = "not installed", "–"
	case s.State == smbprobe.ServiceRunning:
		v.Level = "good"
	case s.State != "" && s.StartMode == smbprobe.StartAutomatic:
		v.Level = "bad"
	}
	if s.State == smbprobe.ServiceStopped && v.Note == "" {
		v.Note = exitNote(s.ExitCode)
	}
	return v
}

func exitNote(code uint32) string {
	switch code {
	case 0:
		return ""
	case neverStarted:
		return "not started since the server was"
	}
	return fmt.Sprintf("stopped with Win32 error %d", code)
}
