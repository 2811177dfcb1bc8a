package dashboards_test

import (
	"fmt"
	"strings"
)

// chosenServers is the selection of the fleet's variables.
const chosenServers = `job=~"$job", site=~"$site"`

// shown fills a query's SERVERS and EXPORTERS, the selections of variables.
func shown(query string) string {
	return strings.NewReplacer("SERVERS", chosenServers, "EXPORTERS", `job=~"$exporter_job", instance=~"$exporter"`).Replace(query)
}

func legend(query, text string) graph { return graph{shown(query), text} }

// listed is a query for a table.
func listed(query string) []graph { return []graph{legend(query, "")} }

// withSite gives each series the label go: its site for a link, or All.
func withSite(query string) string {
	return fmt.Sprintf(`label_replace(label_replace(%s, "go", "All", "", ""), "go", "$1", "site", "(.+)")`, query)
}

// verdictValues are the verdicts of instance:rasphone_verdict:max.
var verdictValues = []value{{"3", "critical", red}, {"2", "warning", orange}, {"1", "unknown", purple}, {"0", "ok", faint}}

// rankValues are the verdicts of a table, which sorts by their numbers.
var rankValues = []value{{"1 critical", "critical", red}, {"2 warning", "warning", orange}, {"3 unknown", "unknown", purple}}

const serverURL = "/d/rasphone-server?${datasource:queryparam}&var-job=${__data.fields.job:percentencode}&var-site=${__data.fields.go:percentencode}&var-instance=${__data.fields.instance:percentencode}&${__url_time_range}"

// Columns that several tables have. The hidden ones are for links.
var (
	serverColumn = column{name: "instance", title: "Server", none: "no server", link: &toServer}
	siteColumn   = column{name: "site", title: "Site", width: 110, none: "no site"}
	jobColumn    = column{name: "in_job", title: "Job", width: 110, none: "no job"}
	hidden       = []column{{name: "job"}, {name: "go"}}
	toServer     = link("Dashboard of this server", serverURL, false)
	toServerLine = link("Dashboard of this server", "/d/rasphone-server?${datasource:queryparam}&var-job=${__field.labels.job:percentencode}&var-site=${__field.labels.go:percentencode}&var-instance=${__field.labels.instance:percentencode}&${__url_time_range}", false)
)

// serverColumns are the columns of a table of servers, with more before the site.
func serverColumns(more ...column) []column {
	return append(append([]column{serverColumn}, more...), append([]column{siteColumn}, hidden...)...)
}

// withoutCause are servers that are not OK and of which no cause is known.
func withoutCause(and, rank, title, page string) string {
	return fmt.Sprintf(`label_replace(label_replace(label_replace(topk(50, 1000 * (max by (job, site, instance) (instance:rasphone_verdict:since{SERVERS} >= 0) %s)), "rank", "%s", "", ""), "title", "%s", "", ""), "page", "%s", "", "")`, and, rank, title, page)
}

// withCause are the newest causes of a severity.
func withCause(severity, rank string) string {
	causes := fmt.Sprintf(`topk(50, 1000 * max by (job, site, instance, cause) (instance_cause:rasphone_diagnosis:since{SERVERS, severity="%s"}))`, severity)
	return fmt.Sprintf(`label_replace(label_replace(
      %[1]s * on (cause) group_left (title) (cause:rasphone_cause_info:held ^ 0)
      or on (job, site, instance, cause)
      label_replace(%[1]s, "title", "$1", "cause", "(.*)"),
    "rank", "%[2]s", "", ""), "page", "$1", "cause", "(.*)")`, causes, rank)
}

// worstServers are the rows of the first table: value is since when, in milliseconds.
var worstServers = withSite(fmt.Sprintf(`
  (
    %s
    or
    %s
    or on (job, site, instance)
    %s
    or on (job, site, instance)
    %s
    or on (job, site, instance)
    %s
  )
  * on (job) group_left (in_job) (
    label_replace(group by (job) (instance:rasphone_verdict:max{SERVERS}), "in_job", "$1", "job", "(.*)") and on () count(group by (job) (instance:rasphone_verdict:max{SERVERS})) > 1
    or
    group by (job) (instance:rasphone_verdict:max{SERVERS}) unless on () count(group by (job) (instance:rasphone_verdict:max{SERVERS})) > 1
  )`,
	withCause("critical", "1 critical"), withCause("warning", "2 warning"),
	withoutCause(`unless on (job, site, instance) instance:rasphone_admin_share_state:now{SERVERS}`, "1 critical", "Prometheus' scrapes of this server fail", "scrape_failing"),
	withoutCause(`and on (job, site, instance) instance:rasphone_admin_share_state:now{SERVERS, state="not_probed"}`, "3 unknown", "The exporter could not probe it", "scrape_failing"),
	withoutCause(`unless on (job, site, instance) instance_cause:rasphone_diagnosis:since{SERVERS, severity!="info"}`, "3 unknown", "Not all checks were answered", "not_ok")))

// ofVerdict counts servers of a verdict; 0 if there are others.
func ofVerdict(n int) string {
	return fmt.Sprintf(`sum(max by (job, site, instance) (instance:rasphone_verdict:max{SERVERS}) == bool %d)`, n)
}

// available is the availability of each server. Shortly after the first start there is no half
// an hour yet, and the minutes are taken.
const available = `(
    min by (job, site, instance) (last_over_time(instance:rasphone_available:ratio30d{SERVERS}[1h]))
    or
    1 - max by (job, site, instance) (avg_over_time(instance:rasphone_cannot_send:bool{SERVERS}[1h]))
  )`

// bySite counts servers of a verdict at each site.
func bySite(n int) graph {
	return legend(fmt.Sprintf(`label_replace(sum by (site) (max by (job, site, instance) (instance:rasphone_verdict:max{SERVERS}) == bool %d), "site", "no site", "site", "")`, n), "")
}

func trend(verdict string) graph {
	return legend(fmt.Sprintf(`sum(max by (cluster, prometheus, job, site) (site:rasphone_verdict:count{SERVERS, verdict="%s"}))`, verdict), verdict)
}

const notScraped = "no server is scraped, or the recording rules are not loaded"

func coloured(name, color string) object {
	return override(name, "color", object{"mode": "fixed", "fixedColor": color})
}

func count(name string, width int, color, number string) column {
	return column{name: "Value #" + number, title: name, width: width, unit: "none", none: "0", steps: ifAny(color), coloured: true}
}

var fleetLines = []line{
	{4, []show{{
		kind: "stat", title: "Servers by verdict", width: 24, unit: "none", none: notScraped,
		description: "How many servers have which verdict, as the command `probe` has it. A server whose scrapes fail is critical. Cannot send: a cause is known that keeps mail from being sent.",
		queries: []graph{
			legend(ofVerdict(3), "critical"), legend(ofVerdict(2), "warning"), legend(ofVerdict(1), "unknown"), legend(ofVerdict(0), "ok"),
			legend(`sum(max by (job, site, instance) (instance:rasphone_cannot_send:bool{SERVERS}))`, "cannot send"),
		},
		lines: []object{
			override("critical", "thresholds", object{"mode": "absolute", "steps": ifAny(red)}),
			override("warning", "thresholds", object{"mode": "absolute", "steps": ifAny(orange)}),
			override("unknown", "thresholds", object{"mode": "absolute", "steps": ifAny(purple)}),
			override("cannot send", "thresholds", object{"mode": "absolute", "steps": ifAny(red)}),
		},
		options: object{"textMode": "value_and_name"},
	}}},
	{12, []show{{
		kind: "table", title: "Servers that need action", width: 24, unit: "string", none: "no server with a fault, or none is scraped, or the recording rules are not loaded",
		description: "The worst servers, with one row for each cause: the 50 newest of each severity. The server leads to its dashboard, what is wrong to its runbook.",
		queries:     listed(worstServers),
		sort:        []string{"Verdict", "-Since"},
		columns: []column{
			// A phone shows the first three.
			{name: "Value", title: "Since", width: 95, unit: "dateTimeFromNow", none: "not known", wrap: true},
			{name: "instance", title: "Server", width: 130, none: "no server", link: &toServer, wrap: true},
			{name: "title", title: "What is wrong", none: "not known", wrap: true, link: &object{"title": "Runbook", "url": runbooks + "${__data.fields.page}.md", "targetBlank": true}},
			{name: "rank", title: "Verdict", width: 80, none: "no verdict", values: rankValues, coloured: true},
			siteColumn, jobColumn, {name: "job"}, {name: "go"}, {name: "page"}, {name: "cause"},
		},
	}}},
	{8, []show{
		{
			kind: "table", title: "Sites", width: 12, unit: "string", none: notScraped, join: "site",
			description: "Servers of each site by verdict, and the part of the last 30 days in which no cause was known that keeps mail from being sent.",
			queries: []graph{bySite(3), bySite(2), bySite(1), bySite(0),
				legend(`label_replace(avg by (site) (`+available+`), "site", "no site", "site", "")`, "")},
			sort: []string{"-critical", "-warning"},
			columns: []column{
				{name: "site", title: "Site", none: "no site"},
				count("critical", 75, red, "A"), count("warning", 75, orange, "B"), count("unknown", 75, purple, "C"), count("ok", 60, neutral, "D"),
				{name: "Value #E", title: "Mail, 30 days", width: 110, unit: "percentunit", none: "not known"},
			},
		},
		{
			kind: "table", title: "Firing alerts", width: 12, unit: "string", none: "no alert (or the alerting rules are not loaded)",
			description: "Alerts that fire now, by site, and of how many servers.",
			queries:     listed(`topk(100, count by (alertname, severity, site) (count by (alertname, severity, site, instance) (ALERTS{alertname=~"Rasphone.+", alertstate="firing", job=~"$job|", site=~"$site|"})))`),
			sort:        []string{"Severity", "-Servers"},
			columns: []column{
				{name: "severity", title: "Severity", width: 90, none: "none", coloured: true, values: []value{{"critical", "critical", red}, {"warning", "warning", orange}}},
				{name: "alertname", title: "Alert", none: "none"}, siteColumn,
				{name: "Value", title: "Servers", width: 75, unit: "none", none: "0"},
			},
		},
	}},
	{8, []show{
		{
			kind: "timeseries", title: "Verdicts over time", width: 12, unit: "none", none: notScraped, min: 0,
			description: "How many servers had which verdict.",
			queries:     []graph{trend("critical"), trend("warning"), trend("unknown"), trend("ok")},
			lines:       []object{coloured("critical", red), coloured("warning", orange), coloured("unknown", purple), coloured("ok", faint)},
			custom:      object{"stacking": object{"mode": "normal", "group": "A"}, "fillOpacity": 60},
		},
		{
			kind: "table", title: "Least mail in 30 days", width: 12, unit: "string", none: "no minute without mail is known, or the recording rules are not loaded",
			description: "The 20 servers with the most time in which a cause was known that keeps mail from being sent. Time in which nothing was known is left out.",
			queries:     listed(withSite(`bottomk(20, ` + available + ` < 1) `)),
			sort:        []string{"Available"},
			columns: serverColumns(
				column{name: "Value", title: "Available", width: 110, unit: "percentunit", none: "not known"}),
		},
	}},
	{12, []show{{
		kind: "state-timeline", title: "Faults over time", width: 24, unit: "none", none: "no server had a fault, or none was scraped, or the recording rules are not loaded",
		description: "The 20 servers that were at fault longest in the time shown. Servers without a fault are left out.",
		queries: []graph{legend(withSite(`
max by (job, site, instance) (
  3 * (instance_fault:rasphone_fault:bool{SERVERS, severity="critical"} == 1)
  or
  2 * (instance_fault:rasphone_fault:bool{SERVERS, severity="warning", fault!="not_ok"} == 1)
)
and on (job, site, instance)
topk(20, sum by (job, site, instance) (sum_over_time(instance_fault:rasphone_fault:bool{SERVERS, fault!="not_ok"}[$__range] @ end())))`), "{{instance}} {{site}}")},
		values: verdictValues[:2], links: []object{toServerLine},
	}}},
	heading("Dial-up"),
	{9, []show{
		{
			kind: "timeseries", title: "Failed calls in 15 minutes, by error", width: 12, unit: "none", none: "no event log was read", min: 0,
			description: "Events 4106 of the last 15 minutes, of all servers.",
			queries: []graph{
				legend(`sum(max by (job, site, instance) (rasphone_dialup_failures{SERVERS, window="15m"}))`, "all"),
				legend(`topk(10, sum by (code, error) (max by (job, site, instance, entry, code, error) (rasphone_dialup_failures_by_error{SERVERS, window="15m"})))`, "{{code}} {{error}}"),
			},
		},
		{
			kind: "bargauge", title: "Failed calls in 24 hours, by server", width: 12, unit: "none", none: "no event log was read", min: 0,
			description: "The 15 servers with the most events 4106 in 24 hours. A server whose log does not reach back so far may have had more.",
			queries:     []graph{legend(withSite(`topk(15, max by (job, site, instance) (rasphone_dialup_failures{SERVERS, window="24h"}))`), "{{instance}} {{site}}")},
			links:       []object{toServerLine},
		},
	}},
	heading("Event logs"),
	{8, []show{
		{
			kind: "bargauge", title: "Servers whose log covers the window", width: 8, unit: "percentunit", none: "no event log was read", min: 0, max: 1,
			description: "The part of the servers whose log reaches back to the start of the window. No failures in a log that does not prove nothing.",
			queries:     []graph{legend(`avg by (window) (min by (job, site, instance, window) (rasphone_dialup_window_covered{SERVERS}))`, "{{window}}")},
		},
		{
			kind: "table", title: "Windows that are not covered", width: 8, unit: "string", none: "no log that was read is too short",
			description: "Servers whose event log does not reach back to the start of the window.",
			queries:     listed(withSite(`topk(100, max by (job, site, instance, window) (rasphone_dialup_window_covered{SERVERS} == 0))`)),
			sort:        []string{"Server"},
			columns:     serverColumns(column{name: "window", title: "Window", width: 80, none: "none"}),
		},
		{
			kind: "table", title: "Logs that cannot be read", width: 8, unit: "string", none: "every log was read, or no login succeeds",
			description: "Servers that the exporter logs in to, and whose event log it cannot read.",
			queries:     listed(withSite(`topk(100, max by (job, site, instance) (rasphone_eventlog_readable{SERVERS} == 0))`)),
			sort:        []string{"Server"},
			columns:     serverColumns(),
		},
	}},
	heading("Probing"),
	{9, []show{
		{
			kind: "timeseries", title: "Slow probes", width: 12, unit: "percentunit", none: notScraped, min: 0,
			description: "The ten servers whose probes take the largest part of their time. From 80 % on a probe may soon be cut off. Servers that do not answer are left out.",
			queries: []graph{legend(withSite(`
max by (job, site, instance) (probe_duration_seconds{SERVERS}) / min by (job, site, instance) (rasphone_probe_timeout_seconds{SERVERS})
and
topk(10, max by (job, site, instance) (probe_duration_seconds{SERVERS} @ end()) / min by (job, site, instance) (rasphone_probe_timeout_seconds{SERVERS} @ end()) and on (job, site, instance) instance:rasphone_answered:bool{SERVERS} @ end() == 1)`), "{{instance}} {{site}}")},
			steps: []object{step("transparent", nil), step(red, 0.8)}, custom: object{"thresholdsStyle": object{"mode": "dashed"}}, links: []object{toServerLine},
		},
		{
			kind: "table", title: "Probes without a definite answer", width: 6, unit: "string", none: "no probe went without an answer",
			description: "Servers that did not answer to every check that is enabled.",
			queries:     listed(withSite(`topk(100, max by (job, site, instance) (probe_success{SERVERS} == 0 and on (job, site, instance) rasphone_admin_share_reachable{SERVERS}))`)),
			sort:        []string{"Server"},
			columns:     serverColumns(),
		},
		{
			kind: "table", title: "Logins held back", width: 6, unit: "string", none: "no login is held back",
			description: "Servers that are not logged in to, to keep the account from being locked.",
			queries:     listed(withSite(`topk(100, max by (job, site, instance) (rasphone_login_held_back{SERVERS} == 1))`)),
			sort:        []string{"Server"},
			columns:     serverColumns(),
		},
	}},
	heading("The exporter itself"),
	{5, []show{
		{
			kind: "table", title: "Exporters", width: 8, unit: "string", none: "the exporter's own /metrics is not scraped",
			description: "Version and build of each exporter.",
			queries:     listed(`max by (instance, version, revision, goversion) (rasphone_exporter_build_info{EXPORTERS})`),
			sort:        []string{"Exporter"},
			columns: []column{
				{name: "instance", title: "Exporter", none: "no name"}, {name: "version", title: "Version", width: 110, none: "not known"},
				{name: "revision", title: "Revision", width: 110, none: "not known"}, {name: "goversion", title: "Go", width: 90, none: "not known"},
			},
		},
		{
			kind: "stat", title: "Configuration in force", width: 4, unit: "none", none: "not scraped",
			description: "Whether the last try to load the configuration succeeded.",
			queries:     []graph{legend(`min(rasphone_exporter_config_last_reload_successful{EXPORTERS})`, "")},
			values:      []value{{"1", "the newest", neutral}, {"0", "an older one", orange}},
		},
		{
			kind: "stat", title: "Configuration loaded", width: 4, unit: "dateTimeFromNow", none: "not scraped",
			description: "When the configuration in force was loaded.",
			queries:     []graph{legend(`min(rasphone_exporter_config_last_reload_success_timestamp_seconds{EXPORTERS}) * 1000`, "")},
		},
		{
			kind: "stat", title: "In flight, held back", width: 8, unit: "none", none: "not scraped",
			description: "Probes that run now, logins that are held back, and servers that the exporters list.",
			queries: []graph{
				legend(`sum(max by (cluster, prometheus, job, site, instance) (rasphone_exporter_probes_in_flight{EXPORTERS}))`, "probes in flight"),
				legend(`sum(max by (cluster, prometheus, job, site, instance) (rasphone_exporter_logins_held_back{EXPORTERS}))`, "logins held back"),
				legend(`sum(max by (cluster, prometheus, job, site, instance) (rasphone_exporter_targets{EXPORTERS}))`, "servers listed"),
			},
			options: object{"textMode": "value_and_name"},
		},
	}},
	{8, []show{
		{
			kind: "timeseries", title: "Probes", width: 8, unit: "reqps", none: "not scraped", min: 0,
			description: "Probes that ended, by result, and requests that got the last result again. A failure is a probe without a definite answer.",
			queries: []graph{
				legend(`sum by (result) (max by (cluster, prometheus, job, site, instance, result) (rate(rasphone_exporter_probes_total{EXPORTERS}[$__rate_interval])))`, "{{result}}"),
				legend(`sum(max by (cluster, prometheus, job, site, instance) (rate(rasphone_exporter_results_reused_total{EXPORTERS}[$__rate_interval])))`, "last result used again"),
			},
		},
		{
			kind: "timeseries", title: "Requests rejected", width: 8, unit: "reqps", none: "not scraped", min: 0,
			description: "Requests for a probe that the exporter rejected, and event logs that it forgot for want of room.",
			queries: []graph{
				legend(`sum by (reason) (max by (cluster, prometheus, job, site, instance, reason) (rate(rasphone_exporter_probes_rejected_total{EXPORTERS}[$__rate_interval])))`, "{{reason}}"),
				legend(`sum(max by (cluster, prometheus, job, site, instance) (rate(rasphone_exporter_eventlogs_forgotten_total{EXPORTERS}[$__rate_interval])))`, "event logs forgotten"),
			},
		},
		{
			kind: "timeseries", title: "Probe time", width: 8, unit: "s", none: "no probe ended", min: 0,
			description: "How long probes took.",
			queries: []graph{
				legend(`histogram_quantile(0.5, sum by (le) (rate(rasphone_exporter_probe_duration_seconds_bucket{EXPORTERS}[$__rate_interval])))`, "median"),
				legend(`histogram_quantile(0.95, sum by (le) (rate(rasphone_exporter_probe_duration_seconds_bucket{EXPORTERS}[$__rate_interval])))`, "95 %"),
				legend(`histogram_quantile(0.99, sum by (le) (rate(rasphone_exporter_probe_duration_seconds_bucket{EXPORTERS}[$__rate_interval])))`, "99 %"),
			},
		},
	}},
}

func fleetDashboard() object {
	return dashboardJSON("fleet", "RAS phone book: fleet",
		"Which Exchange servers can open their RAS phone book through their administrative share, which cannot, and why.",
		"Server", "/d/rasphone-server?${datasource:queryparam}",
		[]object{
			queryVariable("job", "Job", `label_values(rasphone_admin_share_reachable, job)`, true, ".*"),
			queryVariable("site", "Site", `label_values(rasphone_admin_share_reachable{job=~"$job"}, site)`, true, ".*"),
			queryVariable("exporter_job", "Exporter's job", `label_values(rasphone_exporter_build_info, job)`, true, ".*"),
			queryVariable("exporter", "Exporter", `label_values(rasphone_exporter_build_info{job=~"$exporter_job"}, instance)`, true, ".*"),
		},
		nil, fleetLines)
}
