package dashboards_test

import "fmt"

var flappingScenarios = []scenario{
	{
		name: "a share that is gone for three of every six minutes",
		targets: []target{
			exporter(for_(150, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(10, gone, gone, gone, healthy, healthy, healthy), for_(60, healthy))),
			hq("exch02", for_(150, healthy)),
		},
		fires: []firing{{alert: "RasphoneShareMissing critical exch01", from: 44, to: 134, about: true}},
	},
	{
		name: "a mail service that crashes and is started again",
		targets: []target{
			exporter(for_(150, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(12, mailStopped, mailStopped, mailStopped, mailStopped, mailStopped, healthy, healthy, healthy, healthy, healthy))),
		},
		fires: []firing{{alert: "RasphoneServiceNotRunning critical exch01", from: 50, to: always, about: true}},
	},
	{
		name: "a server that answers one probe in ten",
		targets: []target{
			exporter(for_(150, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(12, down, down, down, down, down, down, down, down, down, healthy))),
		},
		fires: []firing{{alert: "RasphoneTargetNotAnswering critical exch01", from: 40, to: always, about: true}},
	},
	{
		name: "every second scrape fails",
		targets: []target{
			exporter(for_(120, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(45, scrapeFails, healthy))),
		},
		fires: []firing{{alert: "RasphoneScrapeFailing critical exch01", from: 54, to: always, about: true}},
	},
	{
		name: "not probed for hours, and every second time",
		targets: []target{
			exporter(for_(150, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(120, notProbed))),
			hq("exch02", then(for_(40, healthy), for_(55, notProbed, healthy))),
		},
		fires: []firing{
			{alert: "RasphoneNotProbed critical exch01", from: 50, to: always, about: true},
			{alert: "RasphoneNotProbed critical exch02", from: 66, to: always, about: true},
		},
	},
	{
		name: "one answer in forty is not the end",
		targets: []target{
			exporter(for_(150, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(3, then(for_(39, scrapeFails), for_(1, healthy))...))),
			hq("exch02", then(for_(30, healthy), for_(3, then(for_(39, notProbed), for_(1, healthy))...))),
		},
		fires: []firing{
			{alert: "RasphoneScrapeFailing critical exch01", from: 42, to: always},
			{alert: "RasphoneNotProbed critical exch02", from: 50, to: always},
		},
	},
	{
		name: "a share that is gone for two minutes, three times in an hour",
		targets: []target{
			exporter(for_(120, exporterRuns)),
			hq("exch01", then(for_(30, healthy), for_(2, gone), for_(18, healthy), for_(2, gone), for_(18, healthy), for_(2, gone), for_(48, healthy))),
		},
	},
}

var nothingScenarios = []scenario{
	{
		name: "a job of probes that never worked: 403",
		targets: []target{
			exporter(for_(60, exporterRuns)),
			hq("exch01", for_(60, scrapeFails)),
			hq("exch02", for_(60, scrapeFails)),
		},
		fires: []firing{{alert: "RasphoneNothingProbed critical", from: 11, to: always}},
	},
	{
		name: "nothing ever worked: a wrong scheme",
		targets: []target{
			exporter(for_(60, scrapeFails)),
			hq("exch01", for_(60, scrapeFails)),
		},
		fires: []firing{
			{alert: "RasphoneExporterAbsent critical", from: 10, to: always},
			{alert: "RasphoneScrapeFailing critical exporter:10196", from: 13, to: always},
		},
	},
	{
		name:    "an empty list of targets",
		targets: []target{exporter(then(for_(10, exporterRuns), for_(50, exporterRuns.with("rasphone_exporter_targets 0"))))},
		fires: []firing{
			{alert: "RasphoneNothingProbed critical exporter:10196", from: 20, to: always},
		},
	},
	{
		name: "one of two exporters is down when Prometheus starts",
		targets: []target{
			exporter(for_(60, exporterRuns)),
			{labels: `job="exporter",instance="exporter-b:10196"`, moments: for_(60, scrapeFails)},
			hq("exch01", for_(60, healthy)),
		},
		fires: []firing{{alert: "RasphoneScrapeFailing critical exporter-b:10196", from: 13, to: always}},
	},
	{
		name: "a job that never worked at one of several Prometheus servers, and does at another",
		targets: []target{
			{labels: `job="exporters",instance="a",prometheus="berlin"`, moments: for_(60, exporterRuns)},
			{labels: `job="nt",instance="exch01",prometheus="berlin"`, moments: for_(60, healthy)},
			{labels: `job="exporters",instance="b",prometheus="munich"`, moments: for_(60, scrapeFails)},
			{labels: `job="nt",instance="exch02",prometheus="shard"`, moments: for_(60, scrapeFails)},
			{labels: `job="node",instance="exch02",prometheus="shard"`, moments: for_(60, scrapeFails)},
		},
		fires: []firing{
			{alert: "RasphoneScrapeFailing critical b", from: 13, to: always},
			{alert: "RasphoneScrapeFailing critical exch02", from: 13, to: always, labels: `job="nt"`},
		},
	},
	{
		name: "the exporter is one of the pods of a job; others fail, then it does",
		targets: []target{
			{labels: `job="pods",instance="exporter"`, moments: then(for_(60, exporterRuns), for_(30, scrapeFails))},
			{labels: `job="pods",instance="second"`, moments: for_(90, exporterRuns)},
			{labels: `job="pods",instance="other"`, moments: for_(90, moment{up: "1"})},
			{labels: `job="pods",instance="failing"`, moments: then(for_(30, moment{up: "1"}), for_(60, scrapeFails))},
			{labels: `job="pods",instance="exch02"`, moments: then(for_(40, healthy), for_(50, scrapeFails))},
			hq("exch01", for_(90, healthy)),
		},
		fires: []firing{
			{alert: "RasphoneScrapeFailing critical exporter", from: 72, to: always},
			{alert: "RasphoneScrapeFailing critical exch02", from: 52, to: always},
		},
	},
	{
		name: "no job of an exporter any more",
		targets: []target{
			exporter(then(for_(10, exporterRuns), for_(50, isRemoved))),
			hq("exch01", then(for_(10, healthy), for_(50, isRemoved))),
		},
		fires: []firing{{alert: "RasphoneExporterAbsent critical", from: 20, to: always}},
	},
	{
		name: "a site goes dark behind remote write while servers are at fault; its pages stay",
		targets: []target{
			{labels: `job="exporter",instance="a:10196",prometheus="berlin"`, moments: then(for_(30, exporterRuns), for_(90, isSilent), for_(30, exporterRuns))},
			{labels: `job="nt",instance="exch01",site="berlin",prometheus="berlin"`, moments: then(for_(10, healthy), for_(20, gone), for_(90, isSilent), for_(30, gone))},
			{labels: `job="nt",instance="exch02",site="berlin",prometheus="berlin"`, moments: then(for_(10, healthy), for_(20, down), for_(90, isSilent), for_(30, down))},
			// The site is a label of the scraped series alone.
			{labels: `job="relabelled",instance="exch03",prometheus="berlin"`, metric: `site="berlin"`, moments: then(for_(10, healthy), for_(20, gone), for_(90, isSilent), for_(30, gone))},
			{labels: `job="exporter",instance="b:10196",prometheus="munich"`, moments: for_(150, exporterRuns)},
			{labels: `job="nt",instance="exch01",site="munich",prometheus="munich"`, moments: for_(150, healthy)},
		},
		fires: []firing{
			{alert: "RasphoneShareMissing critical exch01", from: 13, to: always},
			{alert: "RasphoneTargetNotAnswering critical exch02", from: 20, to: always},
			{alert: "RasphoneShareMissing critical exch03", from: 13, to: always},
			{alert: "RasphoneSiteDark critical", from: 43, to: 119, labels: `site="berlin",prometheus="berlin"`},
		},
	},
	{
		name: "the only site goes dark behind remote write: one page; what collects its samples has other targets",
		targets: []target{
			{labels: `job="exporter",instance="a:10196",prometheus="berlin"`, moments: then(for_(30, exporterRuns), for_(60, isSilent), for_(30, exporterRuns))},
			{labels: `job="nt",instance="exch01",site="berlin",prometheus="berlin"`, moments: then(for_(30, healthy), for_(60, isSilent), for_(30, healthy))},
			{labels: `job="itself",instance="localhost:9090"`, moments: for_(120, moment{up: "1"})},
		},
		fires: []firing{{alert: "RasphoneSiteDark critical", from: 43, to: 89}},
	},
	{
		name: "one site is dark, and the exporter of another one does not run",
		targets: []target{
			{labels: `job="exporter",instance="a:10196",prometheus="berlin"`, moments: then(for_(30, exporterRuns), for_(60, isSilent))},
			{labels: `job="nt",instance="exch01",site="berlin",prometheus="berlin"`, moments: then(for_(30, healthy), for_(60, isSilent))},
			{labels: `job="exporter",instance="b:10196",prometheus="munich"`, moments: then(for_(30, exporterRuns), for_(60, scrapeFails))},
			{labels: `job="nt",instance="exch02",site="munich",prometheus="munich"`, moments: then(for_(30, healthy), for_(60, scrapeFails))},
		},
		fires: []firing{
			{alert: "RasphoneSiteDark critical", from: 43, to: always},
			{alert: "RasphoneExporterAbsent critical", from: 45, to: always, about: true},
			{alert: "RasphoneScrapeFailing critical b:10196", from: 42, to: always},
			{alert: "RasphoneScrapeFailing critical exch02", from: 42, to: always},
		},
	},
	{
		name: "something else answers a target, with metrics of its own or none; then all of them",
		targets: []target{
			exporter(for_(150, exporterRuns)),
			hq("exch01", then(for_(10, healthy), for_(140, moment{up: "1"}))),
			hq("exch02", then(for_(30, healthy), for_(2, moment{up: "1"}), for_(58, healthy), for_(60, moment{up: "1"}))),
			{labels: `job="exporter",instance="second:10196"`, moments: then(for_(30, exporterRuns), for_(120, moment{up: "1"}))},
		},
		fires: []firing{
			{alert: "RasphoneScrapeFailing critical exch01", from: 22, to: always},
			{alert: "RasphoneScrapeFailing critical second:10196", from: 44, to: always},
			{alert: "RasphoneNothingProbed critical", from: 115, to: always, about: true},
		},
	},
	{
		name: "results that are repeated, and a clock that is wrong",
		targets: []target{
			exporter(for_(90, exporterRuns)),
			hq("exch01", then(counting(0, 30, 0), for_(60, healthy.with("rasphone_probe_timestamp_seconds 1800")))),
			{labels: `job="other",instance="exch02"`, moments: counting(0, 90, 600)},
			{labels: `job="third",instance="exch03"`, moments: then(counting(0, 40, 0), counting(40, 90, 1800))},
		},
		fires: []firing{
			{alert: "RasphoneResultsOld critical exch01", from: 48, to: always},
			{alert: "RasphoneResultsOld warning", from: 16, to: always, labels: `job="other"`},
			{alert: "RasphoneResultsOld warning", from: 70, to: always, labels: `job="third"`, about: true},
		},
	},
}

// counting makes a healthy server of the minutes from..to, whose results are late by seconds.
func counting(from, to, late int) []moment {
	var all []moment
	for i := from; i < to; i++ {
		all = append(all, healthy.with(fmt.Sprintf("rasphone_probe_timestamp_seconds %d", i*60-late)))
	}
	return all
}
