package main

// goodConfig is a configuration without mistakes.
const goodConfig = `auths:
  corp:
    username: rasphone
    domain: CORP
    password_env: CORP_PASSWORD
lockout_file: none
targets:
  - hosts: [exch01.corp.example, "10.1.2.3:139"]
    auth: corp
`

var goodEnv = map[string]string{"CORP_PASSWORD": "hunter2"}

// mistakes are in the order of the golden file.
func mistakes() (all []mistake) {
	all = append(all, commandMistakes...)
	all = append(all, probeMistakes...)
	all = append(all, listenMistakes...)
	all = append(all, yamlMistakes...)
	all = append(all, keyMistakes...)
	all = append(all, valueMistakes...)
	all = append(all, hostMistakes...)
	all = append(all, passwordMistakes...)
	return all
}

var commandMistakes = []mistake{
	{name: "misspelled command", args: words("porbe exch01")},
	{name: "unknown command", args: words("dance")},
	{name: "command in capitals", args: words("PROBE exch01")},
	{name: "command of another program", args: words("check exch01")},
	{name: "host without a command", args: words("exch01.corp.example")},
	{name: "configuration without a flag", args: words("rasphone.yml")},
	{name: "phone book without a command", args: words("rasphone.pbk")},
	{name: "misspelled flag", args: words("--confg.file=x.yml")},
	{name: "flag with a dash instead of a dot", args: words("--config-file=x.yml")},
	{name: "flag with one dash", args: words("-config.file=x.yml")},
	{name: "unknown short flag", args: words("-x")},
	{name: "unknown flag", args: words("--wibble")},
	{name: "flag of probe for serve", args: words("--capture=x.pcap")},
	{name: "flag of serve for lint", args: words("lint --web.listen-address=:1 x.pbk")},
	{name: "flag before its command", args: words("--config.file=x.yml probe exch01"), files: map[string]string{"x.yml": goodConfig}},
	{name: "flag with its value before its command", args: words("--output json probe --demo healthy.demo")},
	{name: "flag without a value", args: words("probe exch01 --module")},
	{name: "flag without a value before another", args: words("probe --module --output=json exch01")},
	{name: "value for a flag without one", args: words("probe --demo=yes exch01")},
	{name: "flag given twice", args: words("probe --output=json --output=text exch01")},
	{name: "several mistakes at once", args: words("probe --timeout 5 --outptu=json --log.level=loud exch01")},
	{name: "no such level", args: words("--log.level=verbose")},
	{name: "no such log format", args: words("--log.format=text")},
	{name: "argument of serve", args: words("serve exch01.corp.example")},
	{name: "argument of demo", args: words("demo healthy.demo")},
	{name: "argument of version", args: words("version 1")},
	{name: "two commands", args: words("serve probe exch01")},
	{name: "empty argument", args: []string{""}},
	{name: "empty flag", args: []string{"--config.file="}},
	{name: "value for a switch of serve", args: words("--config.check=true")},
	{name: "short flag for the version", args: words("-v")},
	{name: "help as DOS has it", args: words("/?")},
	{name: "flag of probe for version", args: words("version --demo")},
	{name: "help about no command", args: words("help dance")},
	{name: "lint without a file", args: words("lint")},
	{name: "lint of a file without a name", args: []string{"lint", "rasphone.pbk", ""}},
	{name: "lint of a file that is missing", args: words("lint gone.pbk")},
	{name: "lint of a host", args: words("lint exch01")},
	{name: "lint of a folder", args: words("lint folder"), files: map[string]string{"folder/": ""}},
	{name: "lint of a UNC path", args: []string{"lint", `\\exch01\Admin$\System32\Ras\rasphone.pbk`}},
	{name: "lint with an output that is none", args: words("lint --output=xml rasphone.pbk")},
	{name: "lint with an empty dialed entry", args: words("lint --dialed-entry= rasphone.pbk")},
	{name: "healthcheck of an address", args: words("healthcheck --url=localhost:10196")},
	{name: "healthcheck of nothing", args: words("healthcheck --url=http://127.0.0.1:1/-/healthy")},
	{name: "healthcheck with a password in a bad URL", args: words("healthcheck --url=http://u:hunter2@[::1")},
	{name: "healthcheck with a password and no scheme", args: words("healthcheck --url=u:hunter2@localhost:10196")},
	{name: "healthcheck with a bad URL", args: words("healthcheck --url=http://[::1")},
}

var probeMistakes = []mistake{
	{name: "no configuration", args: words("probe exch01")},
	{name: "no configuration and no target", args: words("probe")},
	{name: "configuration called yaml", args: words("probe exch01"), files: map[string]string{"rasphone.yaml": goodConfig}},
	{name: "configuration misspelled", args: words("probe --config.file=raspone.yml exch01"), files: map[string]string{"rasphone.yml": goodConfig}},
	{name: "configuration is a folder", args: words("probe --config.file=conf exch01"), files: map[string]string{"conf/": "", "conf/rasphone.yml": goodConfig}},
	{name: "configuration in a folder that is missing", args: words("probe --config.file=/etc/nowhere/rasphone.yml exch01")},
	{name: "configuration below a file", args: words("probe --config.file=rasphone.yml/x exch01"), config: goodConfig},
	{name: "password file is missing", args: words("probe exch01"), config: "auths:\n  corp:\n    username: rasphone\n    password_file: corp.password\ntargets:\n  - hosts: [exch01]\n    auth: corp\n"},
	{name: "target that is not configured", args: words("probe exch99.corp.example"), config: goodConfig, env: goodEnv},
	{name: "target that is misspelled", args: words("probe exhc01.corp.example"), config: goodConfig, env: goodEnv},
	{name: "target on another port", args: words("probe 10.1.2.3:445"), config: goodConfig, env: goodEnv},
	{name: "target that is a file", args: words("probe rasphone.pbk"), config: goodConfig, env: goodEnv, files: map[string]string{"rasphone.pbk": "[x]\r\n"}},
	{name: "several targets that are not configured", args: words("probe exch98 exch99"), config: goodConfig, env: goodEnv},
	{name: "module that does not exist", args: words("probe --module=defalt 10.1.2.3:139"), config: goodConfig, env: goodEnv},
	{name: "configuration without hosts", args: words("probe"), config: "auths: {a: {username: u, password_env: CORP_PASSWORD}}\ntargets: []\n", env: goodEnv},
	{name: "metrics of all targets", args: words("probe --output=metrics"), config: goodConfig, env: goodEnv},
	{name: "metrics of several targets", args: words("probe --output=metrics exch01.corp.example 10.1.2.3:139"), config: goodConfig, env: goodEnv},
	{name: "timeout without a unit", args: words("probe --timeout 5 exch01")},
	{name: "timeout in words", args: []string{"probe", "--timeout=5 seconds", "exch01"}},
	{name: "timeout that is none", args: words("probe --timeout=soon exch01")},
	{name: "timeout of zero", args: words("probe --timeout=0s exch01")},
	{name: "negative timeout", args: words("probe --timeout=-5s exch01")},
	{name: "output that is none", args: words("probe --output=jsn exch01")},
	{name: "password on the command line", args: words("probe --username=u --password=hunter3 exch01")},
	{name: "password on the command line with one dash", args: words("probe -password=hunter2 exch01")},
	{name: "password on the command line in capitals", args: words("probe --Password=hunter2 exch01")},
	{name: "password behind a letter", args: words("probe -phunter2 exch01")},
	{name: "empty user", args: words("probe --username= exch01"), config: goodConfig},
	{name: "empty configuration file", args: words("probe --config.file=empty.yml exch01"), files: map[string]string{"empty.yml": ""}},
	{name: "several capture files", args: words("probe --capture=a --capture=b exch01")},
	{name: "timeout that is too long", args: words("probe --timeout=2h exch01")},
	{name: "module without a configuration", args: words("probe --username=rasphone --module=slow exch01"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "domain without a user", args: words("probe --domain=CORP exch01")},
	{name: "user without a target", args: words("probe --username=rasphone")},
	{name: "user and configuration", args: words("probe --username=rasphone --config.file=rasphone.yml exch01"), config: goodConfig},
	{name: "domain in the user name", args: []string{"probe", `--username=CORP\rasphone`, "exch01"}, env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "user name with an at sign", args: words("probe --username=rasphone@corp.example exch01"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "domain with a backslash", args: []string{"probe", "--username=rasphone", `--domain=\\EXCH01`, "exch01"}, env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "no password and no terminal", args: words("probe --username=rasphone exch01")},
	{name: "empty password variable", args: words("probe --username=rasphone exch01"), env: map[string]string{"RASPHONE_PASSWORD": ""}},
	{name: "password file of the command line is missing", args: words("probe --username=rasphone --password-file=gone exch01")},
	{name: "password file of the command line is a folder", args: words("probe --username=rasphone --password-file=folder exch01"), files: map[string]string{"folder/": ""}},
	{name: "password file of the command line is empty", args: words("probe --username=rasphone --password-file=p exch01"), files: map[string]string{"p": "\r\n"}},
	{name: "password file of the command line has a mark", args: words("probe --username=rasphone --password-file=p exch01"), files: map[string]string{"p": "\ufeffhunter2"}},
	{name: "the same host twice", args: words("probe --username=rasphone exch01 EXCH01"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "URL", args: words("probe --username=rasphone smb://exch01/Admin$"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "UNC name", args: []string{"probe", "--username=rasphone", `\\exch01`}, env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "UNC path to the share", args: []string{"probe", "--username=rasphone", `\\exch01\Admin$`}, env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "UNC name with slashes", args: words("probe --username=rasphone //exch01/Admin$"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "address range", args: words("probe --username=rasphone 10.1.2.0/24"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "user in the target", args: words("probe --username=rasphone rasphone@exch01"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "targets with a comma", args: words("probe --username=rasphone exch01,exch02"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "port that is none", args: words("probe --username=rasphone exch01:smb"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "port that is too large", args: words("probe --username=rasphone exch01:99999"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "colon without a port", args: words("probe --username=rasphone exch01:"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "IPv6 address with a port, without brackets", args: words("probe --username=rasphone 2001:db8::1:99999"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "address with a number that is too large", args: words("probe --username=rasphone 10.1.2.300"), env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "empty target", args: []string{"probe", "--username=rasphone", ""}, env: map[string]string{"RASPHONE_PASSWORD": "hunter2"}},
	{name: "empty dialed entry", args: []string{"probe", "--dialed-entry=", "10.1.2.3:139"}, config: goodConfig, env: goodEnv},
	{name: "capture into a folder that is missing", args: words("probe --capture=gone/x.pcap 10.1.2.3:139"), config: goodConfig, env: goodEnv},
	{name: "capture into a folder", args: words("probe --capture=folder 10.1.2.3:139"), config: goodConfig, env: goodEnv, files: map[string]string{"folder/": ""}},
	{name: "demo with a configuration", args: words("probe --demo --config.file=rasphone.yml"), config: goodConfig},
	{name: "demo with a server that it does not have", args: words("probe --demo exch01")},
	{name: "demo with a server without its domain", args: words("probe --demo share-removed")},
}

var listenMistakes = []mistake{
	{name: "serve without a configuration", args: words("serve")},
	{name: "serve with the configuration called yaml", args: nil, files: map[string]string{"rasphone.yaml": goodConfig}},
	{name: "serve with a missing configuration", args: words("--config.file=/etc/nowhere.yml")},
	{name: "check of a missing configuration", args: words("--config.check --config.file=gone.yml")},
	{name: "port without a colon", args: words("--web.listen-address=10196"), config: goodConfig, env: goodEnv},
	{name: "address without a port", args: words("--web.listen-address=127.0.0.1"), config: goodConfig, env: goodEnv},
	{name: "name without a port", args: words("--web.listen-address=localhost"), config: goodConfig, env: goodEnv},
	{name: "IPv6 address without brackets", args: words("--web.listen-address=::1"), config: goodConfig, env: goodEnv},
	{name: "listen address is a URL", args: words("--web.listen-address=http://localhost:10196/"), config: goodConfig, env: goodEnv},
	{name: "listen port too large", args: words("--web.listen-address=127.0.0.1:99999"), config: goodConfig, env: goodEnv},
	{name: "listen port that is none", args: words("--web.listen-address=127.0.0.1:http-alt-x"), config: goodConfig, env: goodEnv},
	{name: "address of another computer", args: words("--web.listen-address=192.0.2.1:10196"), config: goodConfig, env: goodEnv},
	{name: "demo on a port without a colon", args: words("demo --web.listen-address=10196")},
	{name: "web configuration is missing", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=gone.yml"), config: goodConfig, env: goodEnv},
	{name: "web configuration is a device", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=/dev/zero"), config: goodConfig, env: goodEnv},
	{name: "web configuration without a key", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "tls_server_config: {cert_file: x}\n"}},
	{name: "web configuration with a password that is not hashed", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_users: {bob: hunter2}\n"}},
	{name: "web configuration with another hash", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_users: {bob: $9$hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2hunter2}\n"}},
	{name: "web configuration with an unknown key", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_user: {bob: hunter2}\ntls_server: {}\n"}},
	{name: "web configuration that is a password", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "hunter2"}},
	{name: "web configuration with a password in place of users", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_users: hunter2\n"}},
	{name: "web configuration with a list of users", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_users: [hunter2]\n"}},
	{name: "web configuration with a tab", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "\thunter2"}},
	{name: "web configuration with an alias", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_users: *hunter2\n"}},
	{name: "web configuration with a value in quotes twice", args: words("--web.listen-address=127.0.0.1:0 --web.config.file=web.yml"), config: goodConfig, env: goodEnv, files: map[string]string{"web.yml": "basic_auth_users: 'hun'ter2'\n"}},
	{name: "socket of systemd without systemd", args: words("--web.systemd-socket"), config: goodConfig, env: goodEnv},
	{name: "no probes at a time", args: words("--probe.max-concurrent=0"), config: goodConfig, env: goodEnv},
	{name: "probes at a time are no number", args: words("--probe.max-concurrent=many"), config: goodConfig, env: goodEnv},
	{name: "negative timeout offset", args: words("--probe.timeout-offset=-1s"), config: goodConfig, env: goodEnv},
	{name: "timeout offset without a unit", args: words("--probe.timeout-offset=0.5"), config: goodConfig, env: goodEnv},
	{name: "external address is no URL", args: words("--web.external-address=ftp://x"), config: goodConfig, env: goodEnv},
	{name: "external address with a password", args: words("--web.external-address=http://u:hunter2@exporter:10196"), config: goodConfig, env: goodEnv},
	{name: "external address with a password and no scheme", args: words("--web.external-address=u:hunter2@exporter:10196"), config: goodConfig, env: goodEnv},
	{name: "external address in a broken URL", args: words("--web.external-address=http://exporter:x"), config: goodConfig, env: goodEnv},
	{name: "external address with a password in a bad URL", args: words("--web.external-address=http://u:hun%ter2@[exporter"), config: goodConfig, env: goodEnv},
	{name: "lockout file in a folder that cannot be made", args: words("--lockout.file=rasphone.yml/lockout.json"), config: goodConfig, env: goodEnv},
	{name: "lockout file is a folder", args: words("--lockout.file=folder"), config: goodConfig, env: goodEnv, files: map[string]string{"folder/": ""}},
}
