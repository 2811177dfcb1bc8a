package dashboards_test

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// chosenServer is the selection of the server's variables.
const chosenServer = `job=~"$job", site=~"$site", instance="$instance"`

// of is a query about the chosen server, which replaces SERVER.
func of(query, text string) graph {
	return graph{strings.ReplaceAll(query, "SERVER", chosenServer), text}
}

func one(query string) []graph { return []graph{of(query, "")} }

// stateColours are those of states that need action; the rest is neutral.
var stateColours = map[string]string{
	"ok": faint, "unknown": faint, "not_probed": purple,
	"login_failed": orange, "account_restricted": orange, "guest_only": orange, "encryption_required": orange, "signing_refused": orange,
	"access_denied": orange, "server_full": orange, "server_paused": orange, "locked": orange, "elsewhere": orange,
}

// stateRow is one row of a timeline, with a number for each state.
func stateRow[S ~string](metric, name string, first int, states []S) (graph, []value) {
	var terms []string
	var values []value
	for i, s := range states {
		terms = append(terms, fmt.Sprintf(`%d * (%s{SERVER, state="%s"} == 1)`, first+i, metric, s))
		color, known := stateColours[string(s)]
		if !known {
			color = red
		}
		values = append(values, value{strconv.Itoa(first + i), strings.ReplaceAll(string(s), "_", " "), color})
	}
	return of("max(\n  "+strings.Join(terms, "\n  or ")+"\n)", name), values
}

// stateStat returns the colours of a stat that shows the name of a state.
func stateStat[S ~string](states []S) []object {
	var lines []object
	for _, s := range states {
		color, known := stateColours[string(s)]
		if !known {
			color = red
		}
		if color == faint {
			color = neutral
		}
		line := override(string(s), "color", object{"fixedColor": color, "mode": "fixed"})
		if plain := strings.ReplaceAll(string(s), "_", " "); plain != string(s) {
			line = override(string(s), "color", object{"fixedColor": color, "mode": "fixed"}, "displayName", plain)
		}
		lines = append(lines, line)
	}
	return lines
}

// yesNo are the texts of 1 and 0, of which one may need action.
func yesNo(yes, no, ifNo string) []value { return []value{{"1", yes, neutral}, {"0", no, ifNo}} }

const (
	serverNotScraped = "this server is not scraped"
	logNotRead       = "the event log was not read"
	notRead          = "not read"
	unknown          = "not known"
)

// causesNow are the causes, since when, with the first command that fixes each; or why none is known.
var causesNow = `1000 * max by (cause, article, severity) (instance_cause:rasphone_diagnosis:since{SERVER}) * on (cause) group_left (title, fix) (cause:rasphone_cause_info:held ^ 0)
or on (cause)
label_replace(1000 * max by (cause, article, severity) (instance_cause:rasphone_diagnosis:since{SERVER}), "title", "$1", "cause", "(.*)")
or
` + noCause(`unless on () instance:rasphone_admin_share_state:now{SERVER}`, "critical", "Prometheus' scrapes of this server fail", "scrape_failing") + `
or
` + noCause(`and on () instance:rasphone_admin_share_state:now{SERVER, state="not_probed"}`, "unknown", "The exporter could not probe it", "scrape_failing") + `
or
` + noCause(`and on () instance:rasphone_admin_share_state:now{SERVER, state!="not_probed"} unless on () instance_cause:rasphone_diagnosis:since{SERVER, severity!="info"}`, "unknown", "Not all checks were answered", "not_ok")

// noCause is a row for a server that is not OK for a reason that is no cause; page is its runbook.
func noCause(and, severity, title, page string) string {
	return fmt.Sprintf(`label_replace(label_replace(label_replace(1000 * max(instance:rasphone_verdict:since{SERVER} >= 0) %s, "severity", "%s", "", ""), "title", "%s", "", ""), "cause", "%s", "", "")`, and, severity, title, page)
}

// exporterPage is where the exporter has a page of the server: the exporter of its site, or the
// only one.
const exporterPage = `label_replace(
  group by (instance, url) (
    group by (cluster, prometheus, replica, site, url) (site:rasphone_exporter:url) * on (cluster, prometheus, replica, site) group_left (instance) group by (cluster, prometheus, replica, site, instance) (rasphone_admin_share_reachable{SERVER})
    or on (instance)
    group by (cluster, prometheus, replica, url) (site:rasphone_exporter:url{site=""}) * on (cluster, prometheus, replica) group_left (instance) group by (cluster, prometheus, replica, instance) (rasphone_admin_share_reachable{SERVER})
  ),
  "page", "What was seen, and the whole remedy", "", ""
)`

var severityValues = []value{{"critical", "critical", red}, {"warning", "warning", orange}, {"unknown", "unknown", purple}, {"info", "info", neutral}}

func serverLines() []line {
	shareRow, shareValues := stateRow("rasphone_admin_share_state", "share", 1, smbprobe.ShareStates())
	bookRow, bookValues := stateRow("rasphone_phonebook_state", "phone book", 101, smbprobe.PhonebookStates())
	return []line{
		{5, []show{{
			kind: "stat", title: "Verdict", width: 6, unit: "none", none: "not scraped, or the recording rules are not loaded", values: []value{{"3", "critical", red}, {"2", "warning", orange}, {"1", "unknown", purple}, {"0", "ok", neutral}},
			description: "As the command `probe` has it: the worst of the causes, unknown if not all checks were answered, critical if scrapes fail.",
			queries:     one(`max(instance:rasphone_verdict:max{SERVER})`),
		}, {
			kind: "table", title: "What is wrong", width: 18, unit: "string", none: "no cause is reported, or the recording rules are not loaded",
			description: "Causes that the evidence supports, since when, and the first command that fixes each. What is wrong leads to the runbook.",
			queries:     one(causesNow),
			sort:        []string{"Severity", "-Since"},
			columns: []column{
				{name: "severity", title: "Severity", width: 80, none: "none", values: severityValues, coloured: true},
				{name: "title", title: "What is wrong", width: 300, none: unknown, wrap: true, link: &object{"title": "Runbook", "url": runbooks + "${__data.fields.cause}.md", "targetBlank": true}},
				{name: "fix", title: "First fix", none: "see the runbook", wrap: true},
				{name: "Value", title: "Since", width: 120, unit: "dateTimeFromNow", none: unknown},
				{name: "cause"}, {name: "article"},
			},
		}}},
		{4, []show{{
			kind: "stat", title: "Share", width: 4, unit: "none", none: serverNotScraped, lines: stateStat(smbprobe.ShareStates()), options: object{"textMode": "name"},
			description: "How far the way to the administrative share went.",
			queries:     []graph{of(`max by (state) (rasphone_admin_share_state{SERVER} == 1)`, "{{state}}")},
		}, {
			kind: "stat", title: "Phone book", width: 4, unit: "none", none: serverNotScraped, lines: stateStat(smbprobe.PhonebookStates()), options: object{"textMode": "name"},
			description: "What was found at the path of the phone book. Unknown: the way did not lead there.",
			queries:     []graph{of(`max by (state) (rasphone_phonebook_state{SERVER} == 1)`, "{{state}}")},
		}, {
			kind: "stat", title: "Mail in 30 days", width: 4, unit: "percentunit", none: unknown,
			description: "The part of the last 30 days in which no cause was known that keeps mail from being sent. Time in which nothing was known is left out.",
			queries:     one(`1 - max(avg_over_time(instance:rasphone_cannot_send:bool{SERVER}[30d]))`),
		}, {
			kind: "stat", title: "Minutes without mail", width: 4, unit: "m", none: unknown,
			description: "Minutes of the last 30 days in which a cause was known that keeps mail from being sent.",
			queries:     one(`max(sum_over_time(instance:rasphone_cannot_send:bool{SERVER}[30d]))`),
		}, {
			kind: "table", title: "The exporter's page of this server", width: 8, unit: "string", none: "the exporter runs without --web.external-address, or is not scraped, or the recording rules are not loaded",
			description: "What the last probes saw, the whole remedy, and a button that probes now.",
			queries:     one(exporterPage),
			columns: []column{
				{name: "page", title: "Page", none: "no page", link: &object{"title": "The exporter's page", "url": "${__data.fields.url}/target?target=${__data.fields.instance:percentencode}", "targetBlank": true}},
				{name: "url"}, {name: "instance"},
			},
		}}},
		{6, []show{{
			kind: "state-timeline", title: "Share and phone book over time", width: 14, unit: "none", none: serverNotScraped, values: append(shareValues, bookValues...),
			description: "The states of the share and of the phone book. No colour: nothing was scraped.",
			queries:     []graph{shareRow, bookRow},
		}, {
			kind: "table", title: "Alerts", width: 10, unit: "string", none: "no alert (or the alerting rules are not loaded)",
			description: "Alerts of this server that fire.",
			queries:     one(`max by (alertname, severity) (ALERTS{alertname=~"Rasphone.+", alertstate="firing", SERVER})`),
			sort:        []string{"Severity"},
			columns: []column{
				{name: "severity", title: "Severity", width: 90, none: "none", values: severityValues, coloured: true},
				{name: "alertname", title: "Alert", none: "none"},
			},
		}}},
		heading("Dial-up"),
		{8, []show{{
			kind: "timeseries", title: "Failed calls", width: 12, unit: "none", none: logNotRead, min: 0,
			description: "Events 4106 in each window, by the server's clock.",
			queries:     []graph{of(`max by (window) (rasphone_dialup_failures{SERVER})`, "{{window}}")},
		}, {
			kind: "table", title: "Failed calls by entry and error", width: 12, unit: "string", none: "no call failed, or the event log was not read",
			description: "Events 4106 of the last 24 hours by the entry that was dialed and the RAS error.",
			queries:     one(`max by (entry, code, error) (rasphone_dialup_failures_by_error{SERVER, window="24h"})`),
			sort:        []string{"-In 24 hours"},
			columns: []column{
				{name: "entry", title: "Entry", width: 155, none: "no entry named"}, {name: "code", title: "Code", width: 60, none: "no code"}, {name: "error", title: "Error", none: "no name"},
				{name: "Value", title: "In 24 hours", width: 100, unit: "none", none: "0"},
			},
		}}},
		{6, []show{{
			kind: "table", title: "Last failures", width: 12, unit: "string", none: "no failure is in the log's windows, or it was not read",
			description: "When calls last failed, by entry and error.",
			queries:     one(`max by (entry, code) (rasphone_dialup_last_failure_timestamp_seconds{SERVER}) * 1000`),
			sort:        []string{"-Last"},
			columns: []column{
				{name: "entry", title: "Entry", none: "no entry named"}, {name: "code", title: "Code", width: 80, none: "no code"},
				{name: "Value", title: "Last", width: 180, unit: "dateTimeAsIso", none: unknown},
			},
		}, {
			kind: "table", title: "Entries that are dialed", width: 12, unit: "string", none: "the module names no entry, or the phone book was not read",
			description: "The entries that the Internet Mail Service dials, by the configuration: whether each is in the phone book and sound.",
			queries:     one(`min by (entry) (rasphone_phonebook_dialed_entry_usable{SERVER})`),
			columns: []column{
				{name: "entry", title: "Entry", none: "no name"},
				{name: "Value", title: "Usable", width: 100, unit: "none", none: unknown, values: yesNo("yes", "no", red), coloured: true},
			},
		}}},
		heading("The file of the phone book"),
		{4, []show{
			{kind: "stat", title: "There", width: 3, unit: "none", none: unknown, values: yesNo("yes", "no", red), description: "Whether there is a phone book at the path.", queries: one(`min(rasphone_phonebook_exists{SERVER})`)},
			{kind: "stat", title: "Intact", width: 3, unit: "none", none: notRead, values: yesNo("yes", "no", orange), description: "Whether the phone book was read without a finding that keeps it, or an entry, from being used.", queries: one(`min(rasphone_phonebook_intact{SERVER})`)},
			{kind: "stat", title: "Entries", width: 3, unit: "none", none: notRead, description: "Entries of the phone book.", queries: one(`max(rasphone_phonebook_entries{SERVER})`)},
			{kind: "stat", title: "Last change", width: 5, unit: "dateTimeFromNow", none: unknown, description: "When the phone book was last written, by the server's clock.", queries: one(`max(rasphone_phonebook_modified_timestamp_seconds{SERVER}) * 1000`)},
			{kind: "stat", title: "Share comes back", width: 4, unit: "none", none: unknown, values: yesNo("yes", "no", orange), description: "Whether the server makes the share at its next start.", queries: one(`min(rasphone_admin_share_automatic{SERVER})`)},
			{kind: "stat", title: "Share opened", width: 3, unit: "none", none: serverNotScraped, values: yesNo("yes", "no", neutral), description: "Whether the share was opened with the account, and not as guest.", queries: one(`min(rasphone_admin_share_reachable{SERVER})`)},
			{kind: "stat", title: "Login", width: 3, unit: "none", none: serverNotScraped, values: []value{{"1", "held back", orange}, {"0", "not held back", neutral}}, description: "Held back: no login is tried, to keep the account from being locked.", queries: one(`max(rasphone_login_held_back{SERVER})`)},
		}},
		{7, []show{{
			kind: "table", title: "Entries of the phone book", width: 12, unit: "string", none: "the phone book has no entry, or was not read",
			description: "What each entry dials with.",
			queries:     one(`max by (entry, media, device, port) (rasphone_phonebook_entry_info{SERVER})`),
			sort:        []string{"Entry"},
			columns: []column{
				{name: "entry", title: "Entry", none: "no name"}, {name: "media", title: "Media", width: 100, none: "none"},
				{name: "device", title: "Device", none: "none"}, {name: "port", title: "Port", width: 90, none: "none"},
			},
		}, {
			kind: "table", title: "Findings", width: 6, unit: "string", none: "nothing was found, or the phone book was not read",
			description: "What the checks of the phone book found.",
			queries:     one(`max by (class, check) (rasphone_phonebook_findings{SERVER})`),
			sort:        []string{"Class"},
			columns: []column{
				{name: "class", title: "Class", width: 65, none: "none"}, {name: "check", title: "Check", none: "none"},
				{name: "Value", title: "Times", width: 60, unit: "none", none: "0"},
			},
		}, {
			kind: "timeseries", title: "Size of the phone book", width: 6, unit: "bytes", none: unknown, min: 0,
			description: "The size of the file.",
			queries:     []graph{of(`max(rasphone_phonebook_size_bytes{SERVER})`, "size")},
		}}},
		heading("Event log"),
		{4, []show{
			{kind: "stat", title: "Readable", width: 3, unit: "none", none: "no login, or not scraped", values: yesNo("yes", "no", orange), description: "Whether the event log was read.", queries: one(`min(rasphone_eventlog_readable{SERVER})`)},
			{kind: "stat", title: "Records", width: 3, unit: "none", none: notRead, description: "Records in the event log.", queries: one(`max(rasphone_eventlog_records{SERVER})`)},
			{
				kind: "stat", title: "Oldest and newest record", width: 6, unit: "dateTimeFromNow", none: notRead, description: "The times of the oldest and the newest record.", options: object{"textMode": "value_and_name"},
				queries: []graph{of(`min(rasphone_eventlog_oldest_record_timestamp_seconds{SERVER}) * 1000`, "oldest"), of(`max(rasphone_eventlog_newest_record_timestamp_seconds{SERVER}) * 1000`, "newest")},
			},
			{
				kind: "stat", title: "Windows covered", width: 6, unit: "none", none: notRead, values: yesNo("yes", "no", neutral), options: object{"textMode": "value_and_name"},
				description: "Whether the log reaches back to the start of the window. If not, no failures in it prove nothing.",
				queries:     []graph{of(`min by (window) (rasphone_dialup_window_covered{SERVER})`, "{{window}}")},
			},
			{
				kind: "stat", title: "Kept for", width: 3, unit: "s", none: "not set, or not known", values: []value{{"0", "as needed", neutral}, {"1000000000000", "until it is cleared", neutral}},
				description: "The age at which an event may be overwritten once the log is full.",
				queries:     one(`clamp_max(max(rasphone_eventlog_retention_seconds{SERVER}), 1e12)`),
			},
			{kind: "stat", title: "Failures forgotten", width: 3, unit: "none", none: notRead, values: []value{{"1", "yes", orange}, {"0", "no", neutral}}, description: "Whether there were more failures than the exporter remembers.", queries: one(`max(rasphone_eventlog_failures_forgotten{SERVER})`)},
		}},
		{7, []show{{
			kind: "timeseries", title: "Size of the log", width: 12, unit: "bytes", none: unknown, min: 0,
			description: "The size of the log's file, and the size that it may grow to.",
			queries:     []graph{of(`max(rasphone_eventlog_size_bytes{SERVER})`, "size"), of(`max(rasphone_eventlog_max_size_bytes{SERVER})`, "limit")},
		}, {
			kind: "timeseries", title: "Records over time", width: 12, unit: "none", none: notRead, min: 0,
			description: "Records in the log, and those that could not be decoded.",
			queries:     []graph{of(`max(rasphone_eventlog_records{SERVER})`, "records"), of(`max(rasphone_eventlog_records_unreadable{SERVER})`, "unreadable")},
		}}},
		heading("Server"),
		{7, []show{{
			kind: "table", title: "Services", width: 8, unit: "string", none: "not installed, or not known",
			description: "Services that the module names. One that starts by itself and does not run is a fault.",
			queries: one(`max by (service, start_mode) (
  group by (job, site, instance, service, start_mode) (rasphone_service_info{SERVER}) * on (job, site, instance, service) group_left () max by (job, site, instance, service) (rasphone_service_running{SERVER})
  or on (job, site, instance, service)
  rasphone_service_running{SERVER}
)`),
			sort: []string{"Service"},
			columns: []column{
				{name: "service", title: "Service", none: "no name"}, {name: "start_mode", title: "Starts", width: 110, none: unknown},
				{name: "Value", title: "Runs", width: 90, unit: "none", none: unknown, values: yesNo("yes", "no", neutral)},
			},
		}, {
			kind: "table", title: "What the server reports about itself", width: 16, unit: "string", none: "the server did not answer, or is not scraped",
			description: "From the negotiation and the login.",
			queries:     one(`max by (os, lan_manager, netbios_name, domain, dialect) (rasphone_server_info{SERVER})`),
			columns: []column{
				{name: "netbios_name", title: "Name", none: unknown}, {name: "domain", title: "Domain", none: unknown}, {name: "os", title: "System", none: unknown},
				{name: "lan_manager", title: "LAN Manager", none: unknown}, {name: "dialect", title: "Dialect", none: unknown},
			},
		}}},
		{7, []show{{
			kind: "timeseries", title: "Clock", width: 12, unit: "s", none: unknown,
			description: "The server's clock minus the exporter's. From five minutes on there is an alert; at 30 minutes NTLMv2 logins fail.",
			queries:     []graph{of(`max(rasphone_server_clock_offset_seconds{SERVER})`, "offset")},
		}, {
			kind: "state-timeline", title: "Services over time", width: 12, unit: "none", none: "not installed, or not known", values: []value{{"1", "runs", faint}, {"0", "does not run", orange}},
			description: "Whether each service runs.",
			queries:     []graph{of(`min by (service) (rasphone_service_running{SERVER})`, "{{service}}")},
		}}},
		heading("Probe"),
		{8, []show{{
			kind: "timeseries", title: "Steps", width: 12, unit: "s", none: "no step was begun, or this server is not scraped", min: 0,
			description: "How long each step of the probe took.",
			queries:     []graph{of(`max by (step) (rasphone_probe_step_duration_seconds{SERVER})`, "{{step}}")},
		}, {
			kind: "timeseries", title: "Probe time and its limit", width: 12, unit: "s", none: serverNotScraped, min: 0,
			description: "How long the probe took, the time that it had, and the age of its result.",
			queries: []graph{
				of(`max(probe_duration_seconds{SERVER})`, "probe"), of(`min(rasphone_probe_timeout_seconds{SERVER})`, "limit"),
				of(`time() - max(rasphone_probe_timestamp_seconds{SERVER})`, "since the probe began"),
			},
		}}},
		{7, []show{{
			kind: "timeseries", title: "Round trips", width: 12, unit: "none", none: "no step was begun, or this server is not scraped", min: 0,
			description: "Requests that waited for an answer one after another.",
			queries:     []graph{of(`max(rasphone_probe_round_trips{SERVER})`, "round trips")},
		}, {
			kind: "state-timeline", title: "Definite answer", width: 12, unit: "none", none: serverNotScraped, values: []value{{"1", "every check", faint}, {"0", "not every check", purple}},
			description: "Whether the server answered to every check that is enabled.",
			queries:     []graph{of(`min(probe_success{SERVER})`, "answer")},
		}}},
	}
}

func serverDashboard() object {
	fill := func(query string) string { return strings.ReplaceAll(query, "SERVER", chosenServer) }
	state := func(s string) string {
		return fill(`rasphone_admin_share_state{SERVER, state="` + s + `"} > rasphone_admin_share_state{SERVER, state="` + s + `"} offset 1m`)
	}
	return dashboardJSON("server", "RAS phone book: server",
		"One Exchange server: what is wrong and what fixes it, the way to its RAS phone book, the phone book, failed calls, the event log and services.",
		"Fleet", "/d/rasphone-fleet?${datasource:queryparam}",
		[]object{
			queryVariable("job", "Job", `label_values(rasphone_admin_share_reachable, job)`, true, ".*"),
			queryVariable("site", "Site", `label_values(rasphone_admin_share_reachable{job=~"$job"}, site)`, true, ".*"),
			queryVariable("instance", "Server", `label_values(rasphone_admin_share_reachable{job=~"$job", site=~"$site"}, instance)`, false, ""),
		},
		[]object{
			annotationQuery("Phone book changed", blue, fill(`rasphone_phonebook_modified_timestamp_seconds{SERVER} != last_over_time(rasphone_phonebook_modified_timestamp_seconds{SERVER}[6h] offset 1m)`), "The phone book of {{instance}} has another time of last change."),
			annotationQuery("Share gone", red, state("share_missing"), "{{instance}} no longer has the administrative share."),
			annotationQuery("Share back", neutral, state("ok"), "The administrative share of {{instance}} can be opened again."),
		},
		serverLines())
}
