package dashboards_test

import (
	"fmt"

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
	soon := scenario{name: "each state of the share and of the event log, without a cause"}
	hours := scenario{name: "what no other alert speaks for, for two hours"}
	add := func(instance string, m moment, alert string, after int) {
		s, length := &soon, 25
		if after > length {
			s, length = &hours, 130
		}
		s.targets = append(s.targets, target{
			labels: fmt.Sprintf(`job="nt",instance=%q,site=%[1]q`, instance), moments: then(for_(2, healthy), for_(length, m)),
		})
		s.fires = append(s.fires, firing{alert: alert + " " + instance, from: 2 + after, to: always})
	}
	after := map[string]int{
		"RasphoneTargetNotAnswering critical": 10, "RasphoneNotProbed critical": 20, "RasphoneLoginFailing warning": 20,
		"RasphoneShareNotAccessible warning": 10, "RasphoneShareNotAccessible critical": 10, "RasphoneShareMissing critical": 3,
	}
	for _, s := range smbprobe.ShareStates() {
		if s != smbprobe.ShareOK {
			add(string(s), server(string(s), "unknown"), stateAlerts[s], after[stateAlerts[s]])
		}
	}
	add("book_unknown", server("ok", "unknown"), "RasphoneTargetNotAnswering critical", 10)
	add("log_refused", healthy.with("rasphone_eventlog_readable 0"), "RasphoneEventlogNotReadable warning", 15)
	for _, s := range smbprobe.PhonebookStates() {
		if s != smbprobe.PhonebookOK && s != smbprobe.PhonebookUnknown {
			add("book_"+string(s), server("ok", string(s)), "RasphoneNotOK warning", 120)
		}
	}
	add("book_refused", server("ok", "unknown").with("probe_success 1"), "RasphoneNotOK warning", 120)
	add("log_times", healthy.with("rasphone_eventlog_readable 1"), "RasphoneNotOK warning", 120)
	add("check", unanswered, "RasphoneNotOK warning", 120)

	return []scenario{soon, hours, {
		name: "a server that is not OK for a part of the time; none that was so for less than two hours",
		targets: []target{
			hq("flaps", then(for_(30, healthy), for_(27, unanswered, unanswered, healthy, healthy, healthy))),
			hq("away", then(for_(30, healthy), for_(13, then(for_(4, down), for_(6, healthy))...))),
			hq("rarely", then(for_(30, healthy), for_(3, then(for_(39, unanswered), for_(1, healthy))...), for_(20, unanswered))),
			hq("shorter", then(for_(30, healthy), for_(119, unanswered), for_(20, healthy))),
			// The alert of the outage spoke for its first hours; its starting Exchange is none.
			hq("starts", then(for_(10, healthy), for_(125, down), for_(12, starting), for_(20, healthy))),
			// It was just starting when its scrapes began to fail.
			hq("lost", then(for_(10, healthy), for_(2, unanswered), for_(130, scrapeFails), for_(28, healthy))),
			hq("missed", then(for_(10, healthy), for_(60, unanswered), for_(3, scrapeFails), for_(65, unanswered), for_(30, healthy))),
			hq("seldom", then(for_(30, healthy), for_(6, then(for_(3, unanswered), for_(20, healthy))...))),
		},
		fires: []firing{
			{alert: "RasphoneNotOK warning flaps", from: 116, to: always, about: true},
			{alert: "RasphoneNotOK warning away", from: 112, to: always, about: true},
			{alert: "RasphoneNotOK warning rarely", from: 150, to: always},
			{alert: "RasphoneTargetNotAnswering critical starts", from: 20, to: 139},
			{alert: "RasphoneScrapeFailing critical lost", from: 24, to: 146},
			{alert: "RasphoneNotOK warning missed", from: 130, to: 152, about: true},
		},
	}, {
		name:    "two calls of a day may be an ongoing cause for three hours, not for four",
		targets: []target{hq("calls", then(for_(10, healthy), for_(245, healthy.diagnosed("line_or_answer_missing warning"))))},
		fires:   []firing{{alert: "RasphoneNotOK warning calls", from: 250, to: always}},
	}}
}()
