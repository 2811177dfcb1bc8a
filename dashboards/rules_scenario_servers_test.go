package dashboards_test

import (
	"fmt"
	"maps"
	"strings"
)

// server makes the moment of a scrape of a server in one state: all of what the rules read.
func server(share, phonebook string, causes ...string) moment {
	success := "1"
	switch share {
	case "name_not_resolved", "host_unreachable", "port_closed", "timeout", "not_smb", "connection_lost", "protocol_error", "not_probed":
		success = "0"
	}
	if share == "ok" && phonebook == "unknown" {
		success = "0"
	}
	m := moment{up: "1", values: map[string]string{
		"probe_success":                   success,
		"rasphone_login_held_back":        "0",
		`rasphone_auth_info{auth="corp"}`: "1",
	}}
	// The other states are 0 as well, and decide nothing.
	for _, s := range []string{"ok", "timeout", "share_missing", share} {
		m.values[fmt.Sprintf("rasphone_admin_share_state{state=%q}", s)] = number(s == share)
	}
	for _, s := range []string{"ok", "locked", "unknown", phonebook} {
		m.values[fmt.Sprintf("rasphone_phonebook_state{state=%q}", s)] = number(s == phonebook)
	}
	for _, c := range causes {
		name, severity, _ := strings.Cut(c, " ")
		m.values[fmt.Sprintf("rasphone_diagnosis{cause=%q,article=%q,severity=%q}", name, "Q1", severity)] = "1"
	}
	return m
}

func number(b bool) string {
	if b {
		return "1"
	}
	return "0"
}

// with returns a moment that has other values as well: "series value".
func (m moment) with(values ...string) moment {
	m.values = maps.Clone(m.values)
	for _, v := range values {
		space := strings.LastIndex(v, " ")
		m.values[v[:space]] = v[space+1:]
	}
	return m
}

// diagnosed returns a moment with further causes.
func (m moment) diagnosed(causes ...string) moment {
	more := server("ok", "ok", causes...)
	for series := range more.values {
		if strings.HasPrefix(series, "rasphone_diagnosis") {
			m = m.with(series + " 1")
		}
	}
	return m
}

const (
	mailRuns     = `rasphone_service_running{service="MSExchangeIMC"} 1`
	mailStops    = `rasphone_service_running{service="MSExchangeIMC"} 0`
	mailByItself = `rasphone_service_info{service="MSExchangeIMC",start_mode="automatic"} 1`
)

var (
	healthy     = server("ok", "ok").with(mailRuns, mailByItself)
	gone        = server("share_missing", "unknown", "admin_share_removed critical").with(mailRuns, mailByItself)
	down        = server("timeout", "unknown", "no_answer critical")
	refused     = server("port_closed", "unknown", "server_service_stopped critical")
	noLogin     = server("login_failed", "unknown", "account_refused warning")
	bookMissing = server("ok", "missing", "phonebook_missing critical")
	bookDamaged = server("ok", "damaged", "phonebook_damaged critical")
	bookLocked  = server("ok", "locked", "phonebook_locked warning")
	mailStopped = server("ok", "ok", "service_not_running critical").with(mailStops, mailByItself)
	callsDenied = server("ok", "ok", "dialup_access_denied critical").with(mailRuns, mailByItself)
	notProbed   = server("not_probed", "unknown")

	scrapeFails = moment{up: "0", kind: missed}
	isRemoved   = moment{kind: removed}
	isSilent    = moment{kind: nothing}

	exporterRuns = moment{up: "1", values: map[string]string{
		`rasphone_exporter_build_info{version="2.0.0"}`: "1", "rasphone_exporter_targets": "2",
		"rasphone_exporter_config_last_reload_successful": "1",
	}}
)

const ownLabels = `job="exporter",instance="exporter:10196"`

// exporter is the exporter's own job.
func exporter(moments []moment) target { return target{labels: ownLabels, moments: moments} }

// hq is a server of the site hq.
func hq(instance string, moments []moment) target {
	return target{labels: hqLabels(instance), moments: moments}
}

func hqLabels(instance string) string { return fmt.Sprintf(`job="nt",instance=%q,site="hq"`, instance) }
