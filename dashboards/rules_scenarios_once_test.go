package dashboards_test

import (
	"fmt"
	"slices"
)

// calls are hours in which a call fails once, at the beginning, while its cause is ongoing.
func calls(hours int, m moment) []moment {
	const failed = ` 1`
	call := m.with(
		`rasphone_dialup_failures_by_error{window="15m",entry="ISP",code="676",error="ERROR_LINE_BUSY"}`+failed,
		`rasphone_dialup_failures_by_error{window="1h",entry="ISP",code="676",error="ERROR_LINE_BUSY"}`+failed,
		`rasphone_dialup_failures_by_error{window="24h",entry="ISP",code="676",error="ERROR_LINE_BUSY"} 3`)
	between := m.with(`rasphone_dialup_failures_by_error{window="24h",entry="ISP",code="676",error="ERROR_LINE_BUSY"} 3`)
	return for_(hours, then(for_(15, call), for_(45, between))...)
}

var onceScenarios = []scenario{
	{
		name: "calls that are hours apart are one page while their cause is not info",
		targets: []target{
			hq("denied", then(for_(10, healthy), calls(2, callsDenied), for_(10, healthy.diagnosed("dialup_access_denied info")))),
			hq("busy", then(for_(10, healthy), calls(2, server("ok", "ok", "line_or_answer_missing warning")), for_(10, healthy))),
			hq("unbroken", then(for_(10, healthy), calls(2, server("ok", "ok", "dialup_failing critical")), for_(10, healthy))),
			hq("busyonce", then(for_(10, healthy), for_(120, server("ok", "ok", "line_or_answer_missing warning").with(
				`rasphone_dialup_failures_by_error{window="24h",entry="ISP",code="676",error="ERROR_LINE_BUSY"} 2`)))),
		},
		fires: []firing{
			{alert: "RasphoneDialupAccessDenied critical denied", from: 13, to: 129},
			{alert: "RasphoneDialupFailing warning busy", from: 13, to: 129},
			{alert: "RasphoneDialupFailing critical unbroken", from: 13, to: 129},
		},
	},
	{
		name: "two calls within an hour, and the next one hours later",
		targets: []target{hq("exch01", then(
			for_(10, healthy),
			for_(20, server("ok", "ok", "line_or_answer_missing warning").with(`rasphone_dialup_failures_by_error{window="1h",entry="ISP",code="676",error="ERROR_LINE_BUSY"} 2`)),
			for_(120, server("ok", "ok", "line_or_answer_missing warning").with(`rasphone_dialup_failures_by_error{window="24h",entry="ISP",code="676",error="ERROR_LINE_BUSY"} 2`)),
			for_(10, healthy)))},
		fires: []firing{{alert: "RasphoneDialupFailing warning exch01", from: 13, to: 149}},
	},
	{
		name: "labels by relabelling of the scraped series, and a label that a server gets while it is at fault",
		targets: []target{
			{labels: `job="nt",instance="exch01",site="hq"`, metric: `team="mail"`, moments: then(for_(10, gone), for_(20, scrapeFails), for_(60, gone))},
			{labels: `job="nt",instance="exch02"`, metric: `site="hq"`, moments: then(for_(10, gone), for_(50, down), for_(30, gone))},
			hq("exch03", then(for_(30, gone), relabelled(hqLabels("exch03")+`,team="mail"`, for_(60, gone)))),
			hq("exch04", then(for_(30, down), relabelled(hqLabels("exch04")+`,team="mail"`, for_(60, down)))),
		},
		fires: []firing{
			{alert: "RasphoneShareMissing critical exch01", from: 4, to: always},
			{alert: "RasphoneScrapeFailing critical exch01", from: 22, to: 34},
			{alert: "RasphoneShareMissing critical exch02", from: 4, to: always},
			{alert: "RasphoneTargetNotAnswering critical exch02", from: 20, to: 64},
			{alert: "RasphoneShareMissing critical exch03", from: 4, to: always},
			{alert: "RasphoneTargetNotAnswering critical exch04", from: 11, to: always},
		},
	},
	{
		name: "two servers of one name at two sites, of which one is at fault",
		targets: []target{
			{labels: `job="nt",instance="exch01",site="berlin"`, moments: for_(30, healthy)},
			{labels: `job="nt",instance="exch01",site="munich"`, moments: for_(30, bookMissing)},
		},
		fires: []firing{{alert: "RasphonePhonebookMissing critical exch01", from: 4, to: always, labels: `site="munich"`}},
	},
	{
		name: "a second server of a site that fails later has a page of its own",
		targets: []target{
			hq("exch01", then(for_(10, healthy), for_(80, down))),
			hq("exch02", then(for_(40, healthy), for_(50, down))),
			hq("exch03", for_(90, healthy)),
		},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical exch01", from: 20, to: always, labels: `page="exch01"`},
			{alert: "RasphoneTargetNotAnswering critical exch02", from: 50, to: always, labels: `page="exch02"`},
		},
	},
	{
		name: "two servers that fail together, and two more while the first two still do not answer",
		targets: []target{
			hq("exch01", then(for_(10, healthy), for_(80, down))),
			hq("exch02", then(for_(10, healthy), for_(80, down))),
			hq("exch03", then(for_(40, healthy), for_(50, down))),
			hq("exch04", then(for_(41, healthy), for_(49, down))),
		},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical exch01", from: 20, to: always, labels: `page=""`},
			{alert: "RasphoneTargetNotAnswering critical exch02", from: 20, to: always, labels: `page=""`},
			{alert: "RasphoneTargetNotAnswering critical exch03", from: 50, to: always, labels: `page="later"`},
			{alert: "RasphoneTargetNotAnswering critical exch04", from: 51, to: always, labels: `page="later"`},
		},
	},
	{
		name: "twelve servers of a site that fail within minutes share a page, one more that fails later does not",
		targets: thirteen(func(i int) []moment {
			if i == 12 {
				return then(for_(60, healthy), for_(60, down))
			}
			return then(for_(10+i%3, healthy), for_(110-i%3, down))
		}),
		fires: slices.Concat(fires(12, func(i int) firing {
			return firing{alert: "RasphoneTargetNotAnswering critical exch" + fmt.Sprint(i), from: 20 + i%3, to: always, labels: `page=""`}
		}), []firing{{alert: "RasphoneTargetNotAnswering critical exch12", from: 70, to: always, labels: `page="exch12"`}}),
	},
	{
		name:    "twelve shares that a policy removed share a page as well",
		targets: thirteen(func(i int) []moment { return then(for_(10+i%2, healthy), for_(50-i%2, gone)) })[:12],
		fires: fires(12, func(i int) firing {
			return firing{alert: "RasphoneShareMissing critical exch" + fmt.Sprint(i), from: 13 + i%2, to: always, labels: `page=""`}
		}),
	},
	{
		name:    "of 25 servers with one fault, 20 bring texts that queries find",
		targets: apart(25, for_(10, gone)),
		fires: fires(25, func(i int) firing {
			return firing{alert: "RasphoneShareMissing critical exch" + fmt.Sprint(i), from: 4, to: always}
		}),
		samples: []exprTest{
			{`count(instance_fault:rasphone_fault:page > 0)`, "8m", []sample{{"{}", 20}}},
			{`count(instance_fault:rasphone_fault:page)`, "8m", []sample{{"{}", 25}}},
		},
	},
	{
		name:    "an alert keeps its page through gaps, and through Prometheus' restart",
		targets: []target{hq("exch01", then(for_(10, healthy), for_(20, down), for_(10, isSilent), for_(20, down), for_(2, healthy), for_(30, down)))},
		fires:   []firing{{alert: "RasphoneTargetNotAnswering critical exch01", from: 20, to: always, labels: `page="exch01"`}},
	},
}

// thirteen makes servers of one site.
func thirteen(moments func(i int) []moment) []target {
	var all []target
	for i := range 13 {
		all = append(all, hq(fmt.Sprint("exch", i), moments(i)))
	}
	return all
}

// apart makes servers of as many sites.
func apart(n int, moments []moment) []target {
	var all []target
	for i := range n {
		all = append(all, target{labels: fmt.Sprintf(`job="nt",instance="exch%d",site="site%d"`, i, i), moments: moments})
	}
	return all
}

func fires(n int, one func(i int) firing) []firing {
	var all []firing
	for i := range n {
		all = append(all, one(i))
	}
	return all
}

var loginScenarios = []scenario{
	{
		name: "an account that expires: by server, auth and site, and a page for half of a job's servers",
		targets: []target{
			hq("exch01", then(for_(10, healthy), for_(80, noLogin))),
			hq("exch02", then(for_(10, healthy), for_(80, server("encryption_required", "unknown", "encryption_required warning")))),
			hq("exch03", for_(90, healthy)),
			hq("exch04", for_(90, healthy)),
			// A third of another job is not.
			{labels: `job="b",instance="b1"`, moments: then(for_(10, healthy), for_(80, noLogin))},
			{labels: `job="b",instance="b2"`, moments: for_(90, healthy)},
			{labels: `job="b",instance="b3"`, moments: for_(90, healthy)},
		},
		fires: []firing{
			{alert: "RasphoneLoginFailing warning exch01", from: 30, to: always, labels: `auth="corp",site="hq"`},
			{alert: "RasphoneLoginFailing warning exch02", from: 30, to: always, labels: `auth="corp",site="hq"`},
			{alert: "RasphoneLoginFailing warning b1", from: 30, to: always, labels: `auth="corp"`},
			{alert: "RasphoneFleetLoginFailing critical", from: 40, to: always, labels: `job="nt"`},
		},
	},
	{
		name: "one server, logins that are held back since the start, states of one failure after another, and an outage",
		targets: []target{
			hq("exch01", then(for_(30, noLogin), for_(30, server("guest_only", "unknown", "guest_only warning")), for_(30, down), for_(10, noLogin), for_(10, healthy))),
			{labels: `job="b",instance="b1"`, moments: then(for_(30, server("not_probed", "unknown").with("rasphone_login_held_back 1")), for_(1, scrapeFails), for_(69, server("not_probed", "unknown").with("rasphone_login_held_back 1")), for_(10, healthy))},
			{labels: `job="c",instance="c1"`, moments: then(for_(110, without(noLogin, "rasphone_auth_info")))},
		},
		fires: []firing{
			{alert: "RasphoneLoginFailing warning exch01", from: 21, to: 99},
			{alert: "RasphoneTargetNotAnswering critical exch01", from: 70, to: 94},
			{alert: "RasphoneLoginFailing warning b1", from: 21, to: 99},
			{alert: "RasphoneLoginFailing warning c1", from: 21, to: always, labels: `auth=""`},
			{alert: "RasphoneFleetLoginFailing critical", from: 31, to: 99, labels: `job="nt"`},
			{alert: "RasphoneFleetLoginFailing critical", from: 31, to: 99, labels: `job="b"`},
			{alert: "RasphoneFleetLoginFailing critical", from: 31, to: always, labels: `job="c"`},
		},
	},
	{
		name: "jobs of one server and of two: half of them without login is a page, unless it is known that the server does not answer",
		targets: []target{
			{labels: `job="one",instance="a"`, moments: then(for_(10, healthy), for_(80, noLogin), for_(30, healthy))},
			{labels: `job="two",instance="b"`, moments: then(for_(10, healthy), for_(80, noLogin), for_(30, healthy))},
			{labels: `job="two",instance="c"`, moments: for_(120, healthy)},
			// Its outage begins when no login had worked for 20 minutes, and ends 40 minutes later.
			{labels: `job="down",instance="d"`, moments: then(for_(10, healthy), for_(20, noLogin), for_(40, down), for_(50, noLogin))},
			// One scrape fails, and the exporter cannot probe later.
			{labels: `job="late",instance="e"`, moments: then(for_(10, healthy), for_(10, noLogin), for_(1, scrapeFails), for_(20, noLogin), for_(40, notProbed), for_(39, noLogin))},
		},
		fires: []firing{
			{alert: "RasphoneLoginFailing warning a", from: 30, to: 89},
			{alert: "RasphoneLoginFailing warning b", from: 30, to: 89},
			{alert: "RasphoneFleetLoginFailing critical", from: 40, to: 89, labels: `job="one"`},
			{alert: "RasphoneFleetLoginFailing critical", from: 40, to: 89, labels: `job="two"`},
			{alert: "RasphoneLoginFailing warning d", from: 30, to: always},
			{alert: "RasphoneTargetNotAnswering critical d", from: 40, to: 74},
			{alert: "RasphoneFleetLoginFailing critical", from: 105, to: always, labels: `job="down"`},
			{alert: "RasphoneLoginFailing warning e", from: 30, to: always},
			{alert: "RasphoneNotProbed critical e", from: 61, to: 85},
			{alert: "RasphoneFleetLoginFailing critical", from: 40, to: always, labels: `job="late"`},
		},
	},
}

// without returns a moment without the series of a metric.
func without(m moment, metric string) moment {
	m = m.with()
	for series := range m.values {
		if len(series) >= len(metric) && series[:len(metric)] == metric {
			delete(m.values, series)
		}
	}
	return m
}
