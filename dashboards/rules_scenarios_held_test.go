package dashboards_test

import "strings"

// causeAlert is a server with one cause for an hour, and the alert that fires.
type causeAlert struct {
	server moment
	alert  string // "NAME severity"; empty: none
	after  int    // minutes
}

var causeAlerts = []causeAlert{
	{server("name_not_resolved", "unknown", "name_not_resolved critical"), "RasphoneTargetNotAnswering critical", 10},
	{server("host_unreachable", "unknown", "no_answer critical"), "RasphoneTargetNotAnswering critical", 10},
	{server("not_smb", "unknown", "not_an_smb_server critical"), "RasphoneTargetNotAnswering critical", 10},
	{server("session_refused", "unknown", "server_not_answering_by_name critical"), "RasphoneTargetNotAnswering critical", 10},
	{refused, "RasphoneTargetNotAnswering critical", 10},
	{server("protocol_error", "unknown", "server_breaks_protocol critical"), "RasphoneTargetNotAnswering critical", 10},
	{server("ok", "unknown"), "RasphoneTargetNotAnswering critical", 10},
	{server("ok", "ok", "server_service_stopped critical"), "RasphoneCause critical", 5},
	{server("ok", "missing", "phonebook_missing critical"), "RasphonePhonebookMissing critical", 3},
	{server("ok", "missing", "phonebook_missing warning"), "RasphonePhonebookMissing warning", 3},
	{server("ok", "folder_missing", "phonebook_folder_missing critical"), "RasphonePhonebookMissing critical", 3},
	{server("ok", "folder_missing", "ras_not_installed critical"), "RasphonePhonebookMissing critical", 3},
	{server("ok", "missing", "share_leads_elsewhere critical"), "RasphonePhonebookMissing critical", 3},
	{server("ok", "damaged", "phonebook_damaged critical"), "RasphonePhonebookDamaged critical", 5},
	{server("ok", "damaged", "phonebook_damaged warning"), "RasphonePhonebookDamaged warning", 5},
	{server("ok", "ok", "phonebook_empty critical"), "RasphoneCause critical", 5},
	{server("ok", "access_denied", "phonebook_access_denied critical"), "RasphonePhonebookNotReadable critical", 5},
	{server("ok", "disk_error", "phonebook_disk_error critical"), "RasphonePhonebookNotReadable critical", 5},
	{server("ok", "too_large", "phonebook_too_large critical"), "RasphonePhonebookNotReadable critical", 5},
	{server("ok", "locked", "phonebook_locked critical"), "RasphonePhonebookNotReadable critical", 5},
	{server("ok", "locked", "phonebook_locked warning"), "RasphonePhonebookNotReadable warning", 30},
	{server("ok", "elsewhere", "phonebook_elsewhere critical"), "RasphonePhonebookElsewhere critical", 15},
	{server("ok", "elsewhere", "phonebook_elsewhere warning"), "RasphonePhonebookElsewhere warning", 15},
	{server("ok", "ok", "entry_unusable critical").with(`rasphone_phonebook_dialed_entry_usable{entry="ISP"} 0`), "RasphoneDialedEntryNotUsable critical", 5},
	{server("ok", "ok", "entry_unusable warning").with(`rasphone_phonebook_dialed_entry_usable{entry="ISP"} 0`), "RasphoneDialedEntryNotUsable warning", 5},
	{server("ok", "ok", "entry_unusable critical"), "RasphoneDialedEntryNotUsable critical", 5},
	{server("ok", "ok", "entry_unusable warning"), "RasphoneDialedEntryNotUsable warning", 5},
	{server("ok", "ok", "phonebook_not_reachable_by_service critical"), "RasphoneCause critical", 5},
	{server("access_denied", "unknown", "account_not_administrator warning"), "RasphoneShareNotAccessible warning", 10},
	{server("access_denied", "unknown", "account_not_administrator critical"), "RasphoneShareNotAccessible critical", 10},
	{server("access_denied", "unknown"), "RasphoneShareNotAccessible warning", 10},
	{server("server_full", "unknown", "licences_used_up warning"), "RasphoneShareNotAccessible warning", 10},
	{server("server_paused", "unknown", "server_paused warning"), "RasphoneShareNotAccessible warning", 10},
	{server("ok", "ok", "server_paused warning"), "RasphoneShareNotAccessible warning", 10},
	{server("server_out_of_resources", "unknown", "server_out_of_resources critical"), "RasphoneShareNotAccessible critical", 10},
	{server("server_out_of_resources", "unknown"), "RasphoneShareNotAccessible critical", 10},
	{without(server("ok", "unknown", "server_out_of_resources critical"), "probe_success").with("probe_success 1"), "RasphoneShareNotAccessible critical", 10},
	{server("ok", "ok", "dialup_failing critical"), "RasphoneDialupFailing critical", 3},
	{server("ok", "ok", "modem_or_port_failed critical"), "RasphoneDialupFailing critical", 3},
	{server("ok", "ok", "dialup_network_card_key_stale critical"), "RasphoneDialupFailing critical", 3},
	{server("ok", "ok", "dialup_network_card_key_stale warning"), "RasphoneCause warning", 5},
	{server("ok", "ok", "port_taken critical"), "RasphoneCause critical", 5},
	{server("ok", "ok", "a_cause_of_a_later_version critical"), "RasphoneCause critical", 5},
	{server("ok", "ok", "rpc_refused warning").with("rasphone_eventlog_readable 0"), "RasphoneCause warning", 5},
	{server("ok", "ok", "services_exe_not_answering critical").with("rasphone_eventlog_readable 0"), "RasphoneCause critical", 5},
	{server("ok", "ok", "event_log_not_readable warning").with("rasphone_eventlog_readable 0"), "RasphoneEventlogNotReadable warning", 15},
	{server("ok", "ok").with("rasphone_eventlog_readable 0"), "RasphoneEventlogNotReadable warning", 15},
	{server("ok", "ok", "event_log_full warning"), "RasphoneEventlogFull warning", 15},
	{server("ok", "ok", "event_log_stalled warning"), "RasphoneCause warning", 5},
	{server("ok", "ok", "admin_share_not_automatic warning"), "RasphoneShareGoneAfterRestart warning", 15},
	{server("share_missing", "unknown", "admin_share_disabled critical", "admin_share_not_automatic warning"), "RasphoneShareMissing critical", 3},
	{server("ok", "ok", "clock_off warning").with("rasphone_server_clock_offset_seconds -600"), "RasphoneClockOff warning", 15},
	{server("ok", "ok", "service_not_running warning").with(`rasphone_service_running{service="RasMan"} 0`, `rasphone_service_info{service="RasMan",start_mode="automatic"} 1`), "RasphoneServiceNotRunning warning", 15},
	{server("ok", "ok").with(`rasphone_service_running{service="RasMan"} 0`, `rasphone_service_info{service="RasMan",start_mode="manual"} 1`), "", 0},
	{server("ok", "ok").with(`rasphone_dialup_window_covered{window="15m"} 0`), "RasphoneWindowNotCovered warning", 60},
	{server("ok", "ok").with("probe_duration_seconds 9", "rasphone_probe_timeout_seconds 10"), "RasphoneProbeNearTimeout warning", 10},
	{down.with("probe_duration_seconds 10", "rasphone_probe_timeout_seconds 10"), "RasphoneTargetNotAnswering critical", 10},
	{server("ok", "ok", "ntlmv2_may_crash_lsass info"), "", 0},
	{server("ok", "ok", "dialup_access_denied info", "phonebook_missing info"), "", 0},
}

// causeScenarios has every server of causeAlerts, each at a site of its own.
var causeScenarios = func() []scenario {
	s := scenario{name: "the alert of each cause, and when"}
	for i, c := range causeAlerts {
		instance := strings.Repeat("x", i+1)
		s.targets = append(s.targets, target{labels: `job="nt",instance="` + instance + `",site="` + instance + `"`, moments: then(for_(1, healthy), for_(70, c.server))})
		if c.alert != "" {
			s.fires = append(s.fires, firing{alert: c.alert + " " + instance, from: 1 + c.after, to: always})
		}
	}
	return []scenario{s, {
		name:    "a configuration that was not loaded",
		targets: []target{exporter(then(for_(5, exporterRuns), for_(20, exporterRuns.with("rasphone_exporter_config_last_reload_successful 0")))), hq("exch01", for_(25, healthy))},
		fires:   []firing{{alert: "RasphoneConfigReloadFailed warning exporter:10196", from: 15, to: always}},
	}}
}()

var heldScenarios = []scenario{
	{
		name: "faults stay one alert while the server, its account or the exporter does not answer, and end with them",
		targets: []target{
			hq("share", then(for_(20, gone), for_(40, down), for_(3, scrapeFails), for_(10, noLogin), for_(10, gone), for_(10, healthy))),
			hq("book", then(for_(20, bookMissing), for_(40, down), for_(40, noLogin), for_(10, bookMissing), for_(10, healthy))),
			hq("locked", then(for_(20, bookDamaged), for_(50, bookLocked), for_(20, bookDamaged), for_(10, healthy))),
			hq("mail", then(for_(20, mailStopped), for_(40, down), for_(10, mailStopped), for_(10, healthy))),
			hq("entry", then(for_(20, server("ok", "ok", "entry_unusable critical").with(`rasphone_phonebook_dialed_entry_usable{entry="ISP"} 0`)), for_(40, down), for_(10, healthy.with("rasphone_phonebook_intact 1")))),
		},
		fires: []firing{
			{alert: "RasphoneShareMissing critical share", from: 4, to: 82},
			{alert: "RasphoneTargetNotAnswering critical share", from: 30, to: 67},
			{alert: "RasphonePhonebookMissing critical book", from: 4, to: 109},
			{alert: "RasphoneTargetNotAnswering critical book", from: 30, to: 64},
			{alert: "RasphoneLoginFailing warning book", from: 80, to: 99},
			{alert: "RasphonePhonebookDamaged critical locked", from: 6, to: 89},
			{alert: "RasphonePhonebookNotReadable warning locked", from: 50, to: 69},
			{alert: "RasphoneServiceNotRunning critical mail", from: 16, to: 69},
			{alert: "RasphoneTargetNotAnswering critical mail", from: 30, to: 64},
			{alert: "RasphoneDialedEntryNotUsable critical entry", from: 6, to: 59},
			{alert: "RasphoneTargetNotAnswering critical entry", from: 30, to: 64},
		},
	},
	{
		name: "causes of the way end with the next answer, though a check is not answered; what was fixed does not come back with an outage",
		targets: []target{
			hq("partly", then(for_(10, healthy), for_(20, refused), for_(40, without(healthy, "probe_success").with("probe_success 0")))),
			hq("fixed", then(for_(20, bookMissing), for_(10, healthy), for_(60, down))),
		},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical partly", from: 20, to: 34},
			{alert: "RasphonePhonebookMissing critical fixed", from: 4, to: 19},
			{alert: "RasphoneTargetNotAnswering critical fixed", from: 40, to: always},
		},
		samples: []exprTest{
			{`count(instance_cause:rasphone_diagnosis:held{instance="partly"})`, "31m", nil},
			{`count(instance_cause:rasphone_diagnosis:held{instance="fixed",cause="phonebook_missing"})`, "40m", nil},
		},
	},
	{
		name: "the verdict, and whether mail cannot be sent",
		targets: []target{
			hq("ok", for_(40, healthy)),
			hq("warned", for_(40, healthy.diagnosed("clock_off warning"))),
			hq("broken", then(for_(10, bookMissing), for_(10, down), for_(20, healthy))),
			hq("down", then(for_(10, healthy), for_(30, down))),
			hq("refused", then(for_(10, healthy), for_(30, refused))),
			hq("nologin", for_(40, noLogin)),
			hq("notprobed", for_(40, notProbed)),
			hq("lost", then(for_(10, healthy), for_(30, scrapeFails))),
		},
		fires: []firing{
			{alert: "RasphonePhonebookMissing critical broken", from: 4, to: 19},
			{alert: "RasphoneTargetNotAnswering critical down", from: 20, to: always},
			{alert: "RasphoneTargetNotAnswering critical refused", from: 20, to: always},
			{alert: "RasphoneLoginFailing warning nologin", from: 21, to: always},
			{alert: "RasphoneNotProbed critical notprobed", from: 21, to: always},
			{alert: "RasphoneScrapeFailing critical lost", from: 22, to: always},
		},
		samples: []exprTest{
			{`max by (instance) (instance:rasphone_verdict:max)`, "15m", []sample{
				{`{instance="ok"}`, 0}, {`{instance="warned"}`, 2}, {`{instance="broken"}`, 3}, {`{instance="down"}`, 3},
				{`{instance="refused"}`, 3}, {`{instance="nologin"}`, 2}, {`{instance="notprobed"}`, 1}, {`{instance="lost"}`, 3},
			}},
			{`max by (instance) (instance:rasphone_cannot_send:bool)`, "15m", []sample{
				{`{instance="ok"}`, 0}, {`{instance="warned"}`, 0}, {`{instance="broken"}`, 1},
			}},
			{`max by (instance) (instance:rasphone_cannot_send:bool{instance="broken"})`, "30m", []sample{{`{instance="broken"}`, 0}}},
		},
	},
	{
		name: "targets that were removed while they were at fault, and not",
		targets: []target{
			hq("exch01", then(for_(20, gone), for_(60, isRemoved))),
			hq("exch02", then(for_(20, down), for_(60, isRemoved))),
			hq("exch03", then(for_(20, healthy), for_(60, isRemoved))),
			hq("exch04", for_(80, healthy)),
		},
		fires: []firing{
			{alert: "RasphoneShareMissing critical exch01", from: 4},
			{alert: "RasphoneTargetNotAnswering critical exch02", from: 11},
		},
		// Ranges end a minute earlier since Prometheus 3.
		samples: []exprTest{
			{`count(ALERTS{alertstate="firing"})`, "22m", []sample{{"{}", 2}}},
			{`count(ALERTS{alertstate="firing"})`, "45m", []sample{{"{}", 2}}},
			{`count(ALERTS)`, "56m", nil},
			// A server that is no more has no availability.
			{`count by (instance) (instance:rasphone_available:ratio30d{instance=~"exch0[34]"})`, "10m", []sample{{`{instance="exch03"}`, 1}, {`{instance="exch04"}`, 1}}},
			{`count by (instance) (instance:rasphone_available:ratio30d{instance=~"exch0[34]"})`, "70m", []sample{{`{instance="exch04"}`, 1}}},
		},
	},
}

// starting is a server with a slow Exchange after its start.
var starting = server("ok", "ok", "service_not_running critical").with(mailStops, mailByItself)

var quietScenarios = []scenario{
	{
		name: "restarts: of the exporter and its host, of Prometheus, of servers with a slow Exchange, twice in an hour",
		targets: []target{
			exporter(then(for_(30, exporterRuns), for_(9, scrapeFails), for_(31, exporterRuns), for_(10, isSilent), for_(45, exporterRuns))),
			hq("exch01", then(for_(30, healthy), for_(9, scrapeFails), for_(31, healthy), for_(10, isSilent), for_(45, healthy))),
			hq("exch02", then(for_(10, healthy), for_(6, down), for_(12, starting), for_(2, healthy), for_(9, scrapeFails), for_(31, healthy), for_(10, isSilent), for_(45, healthy))),
			hq("exch03", then(for_(70, healthy), for_(10, isSilent), for_(9, down), for_(20, healthy), for_(9, refused), for_(7, healthy))),
			hq("exch04", then(for_(70, healthy), for_(10, isSilent), for_(9, down), for_(3, healthy), for_(9, refused), for_(24, healthy))),
		},
	},
	{
		name:    "a first install: servers come one after another, and the first probes fail",
		targets: []target{exporter(for_(60, exporterRuns)), hq("exch01", then(for_(5, isSilent), for_(5, scrapeFails), for_(9, down), for_(41, healthy))), hq("exch02", then(for_(10, isSilent), for_(45, healthy)))},
	},
	{
		name:     "scrapes five minutes apart",
		interval: 5,
		targets:  []target{exporter(for_(180, exporterRuns)), hq("exch01", counting(0, 180, 0)), hq("exch02", then(counting(0, 60, 0), for_(5, down), counting(65, 180, 0)))},
	},
	{
		name:     "scrapes five minutes apart, a server that stays away and a share that does not come back",
		interval: 5,
		targets:  []target{exporter(for_(90, exporterRuns)), hq("exch01", then(for_(30, healthy), for_(60, down))), hq("exch02", then(for_(30, healthy), for_(60, gone)))},
		fires: []firing{
			{alert: "RasphoneTargetNotAnswering critical exch01", from: 40, to: always},
			{alert: "RasphoneShareMissing critical exch02", from: 33, to: always},
		},
	},
	{
		name: "clocks: a server's is a warning, and set again; the exporter's jumps",
		targets: []target{
			exporter(for_(90, exporterRuns)),
			hq("exch01", then(for_(10, healthy.with("rasphone_server_clock_offset_seconds 2")), for_(30, healthy.diagnosed("clock_off warning").with("rasphone_server_clock_offset_seconds 3600")), for_(50, healthy.with("rasphone_server_clock_offset_seconds 1")))),
			hq("exch02", then(counting(0, 40, 0), counting(40, 90, 240))),
			hq("exch03", then(counting(0, 40, 0), counting(40, 90, -86400))),
		},
		fires: []firing{{alert: "RasphoneClockOff warning exch01", from: 25, to: 54}},
	},
}
