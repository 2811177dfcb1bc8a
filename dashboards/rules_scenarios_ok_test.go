package dashboards_test

import (
	"fmt"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// unanswered is a server with a check that gets no answer.
var unanswered = healthy.with("probe_success 0")

// stateAlerts are the alerts of states that are not OK, for hours, if no cause is named with them.
// Those that are not here have RasphoneNotOK alone.
var stateAlerts = map[smbprobe.ShareState]string{
	smbprobe.ShareNameNotResolved:    "RasphoneTargetNotAnswering critical",
	smbprobe.ShareHostUnreachable:    "RasphoneTargetNotAnswering critical",
	smbprobe.SharePortClosed:         "RasphoneTargetNotAnswering critical",
	smbprobe.ShareSessionRefused:     "RasphoneTargetNotAnswering critical",
	smbprobe.ShareTimeout:            "RasphoneTargetNotAnswering critical",
	smbprobe.ShareNotSMB:             "RasphoneTargetNotAnswering critical",
	smbprobe.ShareConnectionLost:     "RasphoneTargetNotAnswering critical",
	smbprobe.ShareProtocolError:      "RasphoneTargetNotAnswering critical",
	smbprobe.ShareNotProbed:          "RasphoneNotProbed critical",
	smbprobe.ShareSigningRefused:     "RasphoneLoginFailing warning",
	smbprobe.ShareEncryptionRequired: "RasphoneLoginFailing warning",
	smbprobe.ShareLoginFailed:        "RasphoneLoginFailing warning",
	smbprobe.ShareAccountRestricted:  "RasphoneLoginFailing warning",
	smbprobe.ShareGuestOnly:          "RasphoneLoginFailing warning",
	smbprobe.ShareAccessDenied:       "RasphoneShareNotAccessible warning",
	smbprobe.ShareServerFull:         "RasphoneShareNotAccessible warning",
	smbprobe.ShareServerPaused:       "RasphoneShareNotAccessible warning",
	smbprobe.ShareOutOfResources:     "RasphoneShareNotAccessible critical",
	smbprobe.ShareMissing:            "RasphoneShareMissing critical",
}

// okScenarios: whatever a server is for hours, if it is not OK, an alert speaks for it.
var okScenarios = func() []scenario {
	every := scenario{name: "each state of each check for two hours, without a cause"}
	add := func(instance string, m moment, alert string) {
		every.targets = append(every.targets, target{
			labels: fmt.Sprintf(`job="nt",instance=%q,site=%[1]q`, instance), moments: then(for_(2, healthy), for_(128, m)),
		})
		after := map[string]int{
			"RasphoneTargetNotAnswering": 10, "RasphoneNotProbed": 20, "RasphoneLoginFailing": 20, "RasphoneShareNotAccessible": 10,
			"RasphoneShareMissing": 3, "RasphoneNotOK": 120, "RasphoneEventlogNotReadable": 15,
		}[strings.Fields(alert)[0]]
		every.fires = append(every.fires, firing{alert: alert + " " + instance, from: 2 + after, to: always})
	}
	for _, s := range smbprobe.ShareStates() {
		if s != smbprobe.ShareOK {
			add(string(s), server(string(s), "unknown"), stateAlerts[s])
		}
	}
	for _, s := range smbprobe.PhonebookStates() {
		if s != smbprobe.PhonebookOK && s != smbprobe.PhonebookUnknown {
			add("book_"+string(s), server("ok", string(s)), "RasphoneNotOK warning")
		}
	}
	add("book_unknown", server("ok", "unknown"), "RasphoneTargetNotAnswering critical")
	add("book_refused", server("ok", "unknown").with("probe_success 1"), "RasphoneNotOK warning")
	add("log_refused", healthy.with("rasphone_eventlog_readable 0"), "RasphoneEventlogNotReadable warning")
	add("check", unanswered, "RasphoneNotOK warning")

	return []scenario{every, {
		name: "a server that is not OK for a part of the time; none that was so for less than two hours",
		targets: []target{
			exporter(for_(260, exporterRuns)),
			hq("flaps", then(for_(30, healthy), for_(40, unanswered, unanswered, healthy, healthy, healthy), for_(30, healthy))),
			hq("away", then(for_(30, healthy), for_(20, then(for_(4, down), for_(6, healthy))...), for_(30, healthy))),
			hq("rarely", then(for_(30, healthy), for_(5, then(for_(39, unanswered), for_(1, healthy))...), for_(30, healthy))),
			hq("shorter", then(for_(30, healthy), for_(119, unanswered), for_(111, healthy))),
			// The alert of the outage spoke for its first hours; its starting Exchange is none.
			hq("starts", then(for_(10, healthy), for_(180, down), for_(12, starting), for_(58, healthy))),
			hq("seldom", then(for_(30, healthy), for_(10, then(for_(3, unanswered), for_(20, healthy))...))),
			hq("calls", then(for_(10, healthy), for_(250, healthy.diagnosed("line_or_answer_missing warning")))),
			hq("clock", then(for_(10, healthy), for_(250, healthy.diagnosed("clock_off warning").with("rasphone_server_clock_offset_seconds 3600")))),
		},
		fires: []firing{
			{alert: "RasphoneNotOK warning flaps", from: 116, to: always, about: true},
			{alert: "RasphoneNotOK warning away", from: 112, to: always, about: true},
			{alert: "RasphoneNotOK warning rarely", from: 150, to: 243, about: true},
			{alert: "RasphoneTargetNotAnswering critical starts", from: 20, to: 194},
			{alert: "RasphoneNotOK warning calls", from: 250, to: always},
			{alert: "RasphoneClockOff warning clock", from: 25, to: always},
		},
	}}
}()
