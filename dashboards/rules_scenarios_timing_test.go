package dashboards_test

import (
	"fmt"
	"slices"
	"strings"
)

// pair returns what two Prometheus servers of a pair have of the same targets.
func pair(targets ...target) []target {
	var all []target
	for _, replica := range []string{"a", "b"} {
		for _, t := range targets {
			t.labels += fmt.Sprintf(`,prometheus="hq",replica=%q`, replica)
			all = append(all, t)
		}
	}
	return all
}

// ofPair returns the firing of an alert of both servers of a pair.
func ofPair(f firing) []firing {
	a, b := f, f
	a.labels = strings.Trim(f.labels+`,replica="a"`, ",")
	b.labels = strings.Trim(f.labels+`,replica="b"`, ",")
	return []firing{a, b}
}

// oldExporter is a server that an exporter of an earlier version probed.
func oldExporter(m moment) moment {
	return without(without(m, "rasphone_auth_info"), "rasphone_probe_timestamp_seconds")
}

var timingScenarios = []scenario{
	{
		name:  "scrapes 15 seconds apart: an outage, a share, and every second scrape that fails",
		often: 4,
		targets: []target{
			exporter(for_(4*120, exporterRuns)),
			hq("down", then(for_(4*30, healthy), for_(4*90, down))),
			hq("share", then(for_(4*30, healthy), for_(4*90, gone))),
			hq("flaps", then(for_(4*30, healthy), for_(15, then(for_(12, gone), for_(12, healthy))...))),
			hq("scrapes", then(for_(4*30, healthy), for_(2*90, healthy, scrapeFails))),
			hq("short", then(for_(4*30, healthy), for_(4*9, down), for_(4*81, healthy))),
		},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical down", from: 40, to: always},
			{alert: "RasphoneShareMissing critical share", from: 33, to: always},
			{alert: "RasphoneShareMissing critical flaps", from: 44, to: always, about: true},
			{alert: "RasphoneScrapeFailing critical scrapes", from: 54, to: always, about: true},
		},
	},
	{
		name:     "scrapes five minutes apart: every second answer is that the share is gone, or none; and nine of ten are none",
		interval: 5,
		targets: []target{
			exporter(for_(240, exporterRuns)),
			hq("share", then(for_(60, healthy), for_(18, then(for_(5, mailStopped), for_(5, healthy))...))),
			hq("scrapes", then(for_(60, healthy), for_(18, then(for_(5, scrapeFails), for_(5, healthy))...))),
			hq("rarely", then(for_(60, healthy), for_(3, then(for_(45, down), for_(5, healthy))...), for_(30, down))),
		},
		fires: []firing{
			{alert: "RasphoneServiceNotRunning critical share", from: 82, to: always, about: true},
			{alert: "RasphoneTargetNotAnswering critical rarely", from: 70, to: always},
			{alert: "RasphoneScrapeFailing critical scrapes", from: 93, to: always, about: true},
		},
	},
	{
		name: "the numbers: four changes, and more than a fifth of an hour",
		targets: []target{
			hq("fifth", then(for_(60, healthy), for_(4, then(for_(3, mailStopped), for_(12, healthy))...), for_(60, healthy))),
			hq("more", then(for_(60, healthy), for_(8, then(for_(4, mailStopped), for_(11, healthy))...))),
			hq("twice", then(for_(60, healthy), for_(2, then(for_(12, mailStopped), for_(12, healthy))...), for_(72, healthy))),
			hq("half", then(for_(60, healthy), for_(12, then(for_(5, down), for_(5, healthy))...))),
			hq("most", then(for_(60, healthy), for_(20, then(for_(4, down), for_(2, healthy))...))),
		},
		fires: []firing{
			{alert: "RasphoneServiceNotRunning critical more", from: 105, to: always, about: true},
			{alert: "RasphoneTargetNotAnswering critical most", from: 124, to: always, about: true},
			{alert: "RasphoneNotOK warning half", from: 142, to: always, about: true},
		},
	},
	{
		name: "between two causes of one fault, and between two faults of which one is kept",
		targets: []target{
			hq("causes", then(for_(10, healthy), for_(20, server("timeout", "unknown", "no_answer critical"), server("name_not_resolved", "unknown", "name_not_resolved critical")))),
			hq("locked", then(for_(10, healthy), for_(20, bookDamaged, bookLocked))),
			hq("share", then(for_(10, healthy), for_(20, gone, noLogin))),
			hq("denied", then(for_(10, healthy), for_(20, server("access_denied", "unknown", "account_not_administrator warning"), server("login_failed", "unknown", "account_refused warning")))),
			hq("exporter", then(for_(10, healthy), for_(15, gone), for_(1, scrapeFails), for_(3, notProbed), for_(21, gone))),
		},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical causes", from: 20, to: always},
			{alert: "RasphonePhonebookDamaged critical locked", from: 15, to: always},
			{alert: "RasphonePhonebookNotReadable warning locked", from: 19, to: always, about: true},
			{alert: "RasphoneShareMissing critical share", from: 13, to: always},
			{alert: "RasphoneShareMissing critical exporter", from: 13, to: always},
			{alert: "RasphoneLoginFailing warning denied", from: 19, to: always, about: true},
			{alert: "RasphoneLoginFailing warning share", from: 19, to: always, about: true},
			{alert: "RasphoneShareNotAccessible warning denied", from: 20, to: always, about: true},
		},
	},
	{
		name: "a pair of Prometheus servers, and one of its scrapes fails",
		targets: slices.Concat(
			pair(exporter(for_(60, exporterRuns)), hq("exch01", then(for_(10, healthy), for_(50, gone)))),
			[]target{
				{labels: hqLabels("exch02") + `,prometheus="hq",replica="a"`, moments: then(for_(10, healthy), for_(50, scrapeFails))},
				{labels: hqLabels("exch02") + `,prometheus="hq",replica="b"`, moments: for_(60, healthy)},
			}),
		fires: slices.Concat(
			ofPair(firing{alert: "RasphoneShareMissing critical exch01", from: 13, to: always, labels: `page="exch01"`}),
			[]firing{{alert: "RasphoneScrapeFailing critical exch02", from: 22, to: always, labels: `replica="a"`}}),
	},
	{
		name: "an upgrade of the exporter while servers are at fault, and two versions of it",
		targets: []target{
			exporter(then(for_(30, without(exporterRuns, "rasphone_exporter_targets")), for_(1, scrapeFails), for_(49, exporterRuns))),
			{labels: `job="exporter",instance="other:10196"`, moments: for_(80, without(exporterRuns, "rasphone_exporter_targets"))},
			hq("share", then(for_(10, healthy), for_(20, oldExporter(gone)), for_(1, scrapeFails), for_(49, gone))),
			hq("login", then(for_(5, healthy), for_(25, oldExporter(noLogin)), for_(1, scrapeFails), for_(49, noLogin))),
			hq("denied", then(for_(10, healthy), for_(20, oldExporter(callsDenied)), for_(1, scrapeFails), for_(49, callsDenied))),
			hq("down", then(for_(10, healthy), for_(20, oldExporter(down)), for_(1, scrapeFails), for_(49, down))),
		},
		fires: []firing{
			{alert: "RasphoneShareMissing critical share", from: 13, to: always},
			{alert: "RasphoneLoginFailing warning login", from: 25, to: always},
			{alert: "RasphoneDialupAccessDenied critical denied", from: 13, to: always},
			{alert: "RasphoneTargetNotAnswering critical down", from: 20, to: always},
		},
	},
	{
		name: "a server that is renamed while it does not answer",
		targets: []target{
			hq("exch01", then(for_(10, healthy), for_(30, down), for_(60, isRemoved))),
			hq("exch01.corp.example", then(for_(40, isSilent), for_(30, down), for_(30, healthy))),
		},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical exch01", from: 20},
			{alert: "RasphoneTargetNotAnswering critical exch01.corp.example", from: 50, to: 74},
		},
	},
	{
		name: "the second site's probes never worked: its job has a name of its own",
		targets: []target{
			{labels: `job="berlin-exporter",instance="berlin-monitor",site="berlin"`, moments: for_(60, exporterRuns)},
			{labels: `job="munich-exporter",instance="munich-monitor",site="munich"`, moments: for_(60, exporterRuns)},
			{labels: `job="berlin",instance="exch01",site="berlin"`, moments: for_(60, healthy)},
			{labels: `job="berlin",instance="exch02",site="berlin"`, moments: for_(60, healthy)},
			{labels: `job="munich",instance="exch03",site="munich"`, moments: for_(60, scrapeFails)},
			{labels: `job="munich",instance="exch04",site="munich"`, moments: for_(60, scrapeFails)},
			{labels: `job="another",instance="printer:9100"`, moments: for_(60, scrapeFails)},
		},
		fires: []firing{
			{alert: "RasphoneScrapeFailing critical exch03", from: 12, to: always, labels: `page=""`, about: true},
			{alert: "RasphoneScrapeFailing critical exch04", from: 12, to: always, labels: `page=""`, about: true},
		},
	},
}
