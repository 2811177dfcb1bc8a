package config

// Key is one key of the configuration file.
type Key struct {
	Path    string // <name> and <label> stand for names that the user chooses, [] for an item of a list
	Default string // as the file would spell it; empty if there is none
	Meaning string
}

// Keys lists every key of the configuration file, in the order of the documentation.
func Keys() []Key {
	return []Key{
		{"auths.<name>.username", "", "the account's name, without domain; required"},
		{"auths.<name>.domain", "", "NT domain or computer name that the account belongs to"},
		{"auths.<name>.password_file", "", "file with the password, relative to the folder of the configuration file; one newline at its end is cut. Exactly one of password_file, password_env and password is required"},
		{"auths.<name>.password_env", "", "environment variable with the password"},
		{"auths.<name>.password", "", "the password itself; masked wherever the configuration is shown"},
		{"auths.<name>.ntlm", "v2", "v2, or v1 for Windows NT 4.0 before Service Pack 4: whoever sees a v1 answer can crack it. The first v2 login after a start can crash lsass.exe on Service Packs 4 and 5 (Q241338)"},

		{"modules.<name>.timeout", "10s", "time for one probe, 100ms to 5m; never more than Prometheus' scrape timeout"},
		{"modules.<name>.dialect", "auto", "auto, smb1 or smb2"},
		{"modules.<name>.transport", "auto", "auto (a NetBIOS session on port 139, direct TCP on others), netbios or direct"},
		{"modules.<name>.netbios_name", `""`, "called name to try first, at most 15 characters; needed if neither the target's own name nor *SMBSERVER nor a node status query finds it"},
		{"modules.<name>.signing", "auto", "auto (if the server wants it), or required: a server that does not sign is refused"},
		{"modules.<name>.share", "ADMIN$", "administrative share, its bare name"},
		{"modules.<name>.phonebook.path", `System32\Ras\rasphone.pbk`, "phone book, relative to the share"},
		{"modules.<name>.phonebook.dialed_entries", "[]", "names of the entries that the Internet Mail Service dials, at most 100"},
		{"modules.<name>.phonebook.max_size", "1MiB", "a larger phone book is not read; 1KiB to 64MiB"},
		{"modules.<name>.eventlog.enabled", "true", "count the events of failed dialling"},
		{"modules.<name>.eventlog.log", "Application", "event log"},
		{"modules.<name>.eventlog.source", "MSExchangeIMC", "source of the events"},
		{"modules.<name>.eventlog.event_id", "4106", "ID of the events, 1 to 65535"},
		{"modules.<name>.eventlog.windows", "[15m, 1h, 24h]", "spans of time that events are counted in, up to now; at most 10, each at most 31d. The spelling becomes the label; the shipped rules and dashboards want these three"},
		{"modules.<name>.session", "per_probe", "per_probe: each probe logs in. kept: an SMB1 session and its pipes stay between probes, with a new login every 15 minutes: two round trips for a probe, at the cost of a client licence of the server (see operations.md). Not with dialect smb2; a server that speaks only SMB2 is probed as with per_probe"},
		{"modules.<name>.min_interval", "5s", "0s (off) to 1m. A request within it is answered with the last result again, so that two Prometheus servers do not cost two logins; for the same target, module and configuration, and never with a result that is not_probed, or that had less time"},
		{"modules.<name>.server.registry", "true", "read from the registry what helps to find the cause"},
		{"modules.<name>.server.services", "[MSExchangeIMC, RasMan]", "services whose state is read, at most 20"},

		{"lockout_file", "", "file in which what is known of refused logins survives restarts, relative to the folder of the configuration file; or none. Default: lockout.json in $STATE_DIRECTORY, else rasphone_exporter/lockout.json in the user's cache folder"},

		{"targets[].hosts", "", "hosts that may be probed: names or addresses, either with a port; required"},
		{"targets[].auth", "", "the account for these hosts, one of auths; required"},
		{"targets[].modules", "[default]", "the modules that these hosts may be probed with, a list of names under modules; the first is used if a request names none. They agree in dialect, transport and signing. The module default is there without being written; writing it changes it, and no other"},
		{"targets[].labels.<label>", "", "label of these hosts in service discovery; instance, names that begin with __, and the labels of the metrics (state, service, ...) are taken"},
	}
}
