package main

import (
	"strings"
	"unicode/utf16"
)

// accounts begins a configuration whose mistake is further down.
const accounts = "auths:\n  corp:\n    username: rasphone\n    domain: CORP\n    password_env: CORP_PASSWORD\n"

// group ends one.
const group = "targets:\n  - hosts: [exch01.corp.example]\n    auth: corp\n"

func inModule(yaml string) string { return accounts + "modules:\n  default:\n" + yaml + group }

func inHosts(yaml string) string {
	return accounts + "targets:\n  - auth: corp\n    hosts:\n" + yaml
}

func utf16LE(s string) string {
	b := []byte{0xff, 0xfe}
	for _, u := range utf16.Encode([]rune(s)) {
		b = append(b, byte(u), byte(u>>8))
	}
	return string(b)
}

var yamlMistakes = []mistake{
	{name: "no mistake", config: goodConfig, env: goodEnv},
	{name: "empty file", config: "\n"},
	{name: "comments alone", config: "# to be written\n"},
	{name: "one word", config: "rasphone\n"},
	{name: "INI file", config: "[auths]\nusername=rasphone\n"},
	{name: "CRLF", config: strings.ReplaceAll(goodConfig, "\n", "\r\n"), env: goodEnv},
	{name: "byte order mark", config: "\ufeff" + goodConfig, env: goodEnv},
	{name: "UTF-16", config: utf16LE(goodConfig), env: goodEnv},
	{name: "UTF-16 without a mark", config: utf16LE(goodConfig)[2:], env: goodEnv},
	{name: "Latin 1", config: strings.Replace(goodConfig, "CORP\n", "CORP # M\xfcnchen\n", 1), env: goodEnv},
	{name: "NUL in the file", config: strings.Replace(goodConfig, "CORP\n", "CORP\x00\n", 1), env: goodEnv},
	{name: "tab for indentation", config: strings.Replace(goodConfig, "    username", "\tusername", 1), env: goodEnv},
	{name: "tabs everywhere", config: strings.ReplaceAll(goodConfig, "  ", "\t"), env: goodEnv},
	{name: "tab after a colon", config: strings.Replace(goodConfig, "username: ", "username:\t", 1), env: goodEnv},
	{name: "no blank after a colon", config: strings.Replace(goodConfig, "username: ", "username:", 1), env: goodEnv},
	{name: "equals sign", config: strings.Replace(goodConfig, "username: ", "username = ", 1), env: goodEnv},
	{name: "bad indentation", config: strings.Replace(goodConfig, "    domain", "   domain", 1), env: goodEnv},
	{name: "indented too far", config: strings.Replace(goodConfig, "    domain", "      domain", 1), env: goodEnv},
	{name: "bracket that is not closed", config: strings.Replace(goodConfig, `:139"]`, `:139"`, 1), env: goodEnv},
	{name: "quote that is not closed", config: strings.Replace(goodConfig, `:139"]`, `:139]`, 1), env: goodEnv},
	{name: "typographic quotes", config: strings.Replace(goodConfig, `"10.1.2.3:139"`, `“10.1.2.3:139”`, 1), env: goodEnv},
	{name: "backslashes in double quotes", config: inModule("    phonebook:\n      path: \"System32\\Ras\\rasphone.pbk\"\n"), env: goodEnv},
	{name: "no colon", config: strings.Replace(goodConfig, "targets:", "targets", 1), env: goodEnv},
	{name: "dash without a blank", config: strings.Replace(goodConfig, "- hosts", "-hosts", 1), env: goodEnv},
	{name: "colon in a value", config: strings.Replace(goodConfig, "CORP\n", "CORP: main\n", 1), env: goodEnv},
	{name: "value that begins with a percent sign", config: strings.Replace(goodConfig, "CORP\n", "%CORP%\n", 1), env: goodEnv},
	{name: "value that begins with an asterisk", config: strings.Replace(goodConfig, "domain: CORP", "domain: *", 1), env: goodEnv},
	{name: "two documents", config: goodConfig + "---\n" + goodConfig, env: goodEnv},
	{name: "anchor and alias", config: accounts + "modules:\n  a: &a {timeout: 5s}\n  b: *a\n" + group, env: goodEnv},
	{name: "JSON", config: `{"auths": {"corp": {"username": "u", "password_env": "CORP_PASSWORD"}}, "targets": [{"hosts": ["exch01.corp.example"], "auth": "corp"}],}`, env: goodEnv},
	{name: "list less indented than its lines", config: accounts + "targets:\n  - hosts:\n      - exch01.corp.example\n     - exch02.corp.example\n    auth: corp\n", env: goodEnv},
	{name: "XML", config: "<auths>\n  <corp username=\"u\"/>\n</auths>\n"},
	{name: "mistakes of several kinds", config: "auths:\n  corp:\n    user: rasphone\n    pasword_file: gone\nmodules:\n  default:\n    timeout: 10\n\tdialect: smb1\ntargets:\n  - host: [exch01]\n    auth: cropp\n", env: goodEnv},
	{name: "mistakes in several sections", config: "auths:\n  corp:\n    username: CORP\\rasphone\n    password_env: GONE\nmodules:\n  default: {timeout: 10, dialect: SMB1, phonebook: {max_size: 4, dialed_entires: [ISP]}}\ntargets:\n  - hosts: [smb://exch01, exch02, exch02]\n    auth: copr\n    labels: {state: x}\n", env: goodEnv},
}

var keyMistakes = []mistake{
	{name: "misspelled key", config: strings.Replace(goodConfig, "username", "usrname", 1), env: goodEnv},
	{name: "key in capitals", config: strings.Replace(goodConfig, "username", "Username", 1), env: goodEnv},
	{name: "key with a dash", config: strings.Replace(goodConfig, "password_env", "password-env", 1), env: goodEnv},
	{name: "shortened key", config: strings.Replace(goodConfig, "username", "user", 1), env: goodEnv},
	{name: "singular key", config: strings.Replace(goodConfig, "hosts", "host", 1), env: goodEnv},
	{name: "key of an older version", config: goodConfig + "    module: default\n", env: goodEnv},
	{name: "key that does not exist", config: goodConfig + "scrape_interval: 1m\n", env: goodEnv},
	{name: "key in the wrong section", config: accounts + "timeout: 5s\n" + group, env: goodEnv},
	{name: "key in the section above its own", config: inModule("    dialed_entries: [ISP]\n"), env: goodEnv},
	{name: "key twice", config: strings.Replace(goodConfig, "    domain", "    username: other\n    domain", 1), env: goodEnv},
	{name: "section twice", config: goodConfig + "auths:\n  other: {username: u, password_env: CORP_PASSWORD}\n", env: goodEnv},
	{name: "account twice", config: strings.Replace(goodConfig, "lockout_file", "  corp: {username: u, password_env: CORP_PASSWORD}\nlockout_file", 1), env: goodEnv},
	{name: "no auths", config: group},
	{name: "no targets", config: accounts, env: goodEnv},
	{name: "auths is a list", config: "auths:\n  - corp:\n      username: u\n" + group},
	{name: "account without keys", config: "auths:\n  corp: rasphone\n" + group},
	{name: "targets is a mapping", config: accounts + "targets:\n  hosts: [exch01.corp.example]\n  auth: corp\n", env: goodEnv},
	{name: "targets is a list of hosts", config: accounts + "targets: [exch01.corp.example, exch02.corp.example]\n", env: goodEnv},
	{name: "hosts is one host", config: accounts + "targets:\n  - hosts: exch01.corp.example\n    auth: corp\n", env: goodEnv},
	{name: "hosts is a line of hosts", config: accounts + "targets:\n  - hosts: exch01.corp.example, exch02.corp.example\n    auth: corp\n", env: goodEnv},
	{name: "modules of a target is one module", config: goodConfig + "    modules: default\n", env: goodEnv},
	{name: "labels is a list", config: goodConfig + "    labels: [site]\n", env: goodEnv},
	{name: "account that does not exist", config: strings.Replace(goodConfig, "auth: corp", "auth: cropp", 1), env: goodEnv},
	{name: "module that is not written", config: goodConfig + "    modules: [default, slow]\n", env: goodEnv},
	{name: "group without an account", config: strings.Replace(goodConfig, "    auth: corp\n", "", 1), env: goodEnv},
	{name: "group without hosts", config: accounts + "targets:\n  - auth: corp\n", env: goodEnv},
	{name: "name with a blank", config: strings.ReplaceAll(goodConfig, "corp:", "corp main:"), env: goodEnv},
	{name: "label that is reserved", config: goodConfig + "    labels: {instance: a, state: b, __x: c, 1st: d, my-site: e}\n", env: goodEnv},
	{name: "account on one line", config: "auths:\n  corp: username: rasphone\n" + group},
	{name: "modules is a list", config: accounts + "modules:\n  - name: default\n    timeout: 5s\n" + group, env: goodEnv},
	{name: "targets below auths", config: accounts + "  targets:\n    - hosts: [exch01.corp.example]\n      auth: corp\n", env: goodEnv},
	{name: "template that was not filled in", config: strings.Replace(goodConfig, "[exch01.corp.example,", "[{{ host }},", 1), env: goodEnv},
	{name: "merge key", config: accounts + "modules:\n  a: {timeout: 5s}\n  b:\n    <<: {timeout: 6s}\n" + group, env: goodEnv},
	{name: "label with a list", config: goodConfig + "    labels: {site: [hq]}\n", env: goodEnv},
	{name: "auth with a list", config: strings.Replace(goodConfig, "auth: corp", "auth: [corp]", 1), env: goodEnv},
	{name: "modules that differ", config: accounts + "modules:\n  a: {dialect: smb1}\n  b: {dialect: smb2}\n" + group + "    modules: [a, b]\n", env: goodEnv},
}

var valueMistakes = []mistake{
	{name: "duration without a unit", config: inModule("    timeout: 10\n"), env: goodEnv},
	{name: "duration in words", config: inModule("    timeout: 10 seconds\n"), env: goodEnv},
	{name: "duration with a fraction", config: inModule("    timeout: 1.5s\n"), env: goodEnv},
	{name: "duration that is too long", config: inModule("    timeout: 1h\n"), env: goodEnv},
	{name: "duration that is negative", config: inModule("    timeout: -5s\n"), env: goodEnv},
	{name: "interval without a unit", config: inModule("    min_interval: 30\n"), env: goodEnv},
	{name: "size without a unit", config: inModule("    phonebook: {max_size: 1048576}\n"), env: goodEnv},
	{name: "size with a blank", config: inModule("    phonebook: {max_size: 1 MB}\n"), env: goodEnv},
	{name: "size in small letters", config: inModule("    phonebook: {max_size: 512kb}\n"), env: goodEnv},
	{name: "size that is too large", config: inModule("    phonebook: {max_size: 1GiB}\n"), env: goodEnv},
	{name: "dialect in capitals", config: inModule("    dialect: SMB1\n"), env: goodEnv},
	{name: "dialect of a newer server", config: inModule("    dialect: smb3\n"), env: goodEnv},
	{name: "transport that is none", config: inModule("    transport: tcp\n"), env: goodEnv},
	{name: "signing as a truth value", config: inModule("    signing: true\n"), env: goodEnv},
	{name: "truth value in words", config: inModule("    eventlog: {enabled: yes}\n    server: {registry: 0}\n"), env: goodEnv},
	{name: "truth value that is none", config: inModule("    eventlog: {enabled: maybe}\n"), env: goodEnv},
	{name: "share as a UNC path", config: inModule("    share: \\\\exch01\\ADMIN$\n"), env: goodEnv},
	{name: "phone book as a UNC path", config: inModule("    phonebook:\n      path: \\\\exch01\\Admin$\\System32\\Ras\\rasphone.pbk\n"), env: goodEnv},
	{name: "phone book as a Windows path", config: inModule("    phonebook:\n      path: C:\\WINNT\\System32\\Ras\\rasphone.pbk\n"), env: goodEnv},
	{name: "NetBIOS name that is too long", config: inModule("    netbios_name: exch01.corp.example\n"), env: goodEnv},
	{name: "event ID with its type", config: inModule("    eventlog: {event_id: \"Warning 4106\"}\n"), env: goodEnv},
	{name: "windows without units", config: inModule("    eventlog: {windows: [15, 60]}\n"), env: goodEnv},
	{name: "windows that the rules do not have", config: inModule("    eventlog: {windows: [1h, 1d]}\n"), env: goodEnv},
	{name: "no windows", config: inModule("    eventlog: {windows: []}\n"), env: goodEnv},
	{name: "the same window twice", config: inModule("    eventlog: {windows: [15m, 1h, 60m, 24h]}\n"), env: goodEnv},
	{name: "service with its path", config: inModule("    server: {services: [\"\\\\\\\\exch01\\\\RasMan\"]}\n"), env: goodEnv},
	{name: "session that is kept for SMB2", config: inModule("    session: forever\n"), env: goodEnv},
	{name: "lockout file is the configuration", config: "lockout_file: rasphone.yml\n" + accounts + group, env: goodEnv},
	{name: "lockout file in the home folder", config: "lockout_file: ~/lockout.json\n" + accounts + group, env: goodEnv},
	{name: "lockout file is a folder by its name", config: "lockout_file: state/\n" + accounts + group, env: goodEnv},
}

var hostMistakes = []mistake{
	{name: "host is a URL", config: inHosts("      - smb://exch01.corp.example/Admin$\n      - http://exch02.corp.example:80\n"), env: goodEnv},
	{name: "host is a UNC path", config: inHosts("      - \\\\exch01\n      - \\\\exch02\\Admin$\n      - //exch03\n"), env: goodEnv},
	{name: "host is a range", config: inHosts("      - 10.1.2.0/24\n      - 10.1.2.1-20\n      - exch*\n      - 2001:db8::/64\n"), env: goodEnv},
	{name: "host is a path", config: inHosts("      - exch01/Admin$\n      - CORP\\exch01\n"), env: goodEnv},
	{name: "host has a user and a password", config: inHosts("      - rasphone:hunter2@exch01.corp.example\n      - rasphone%hunter2@exch02.corp.example\n      - smb://rasphone:hunter2@exch03.corp.example/Admin$\n      - //rasphone:hunter2@exch04.corp.example\n      - rasphone:hunter2@exch05.corp.example/Admin$\n      - smb://rasphone:hun/ter2@hunter2@[\n"), env: goodEnv},
	{name: "host has a user", config: inHosts("      - rasphone@exch01.corp.example\n"), env: goodEnv},
	{name: "several hosts in one item", config: inHosts("      - exch01.corp.example, exch02.corp.example\n      - exch03.corp.example exch04.corp.example\n"), env: goodEnv},
	{name: "host has blanks", config: inHosts("      - \" exch01.corp.example\"\n"), env: goodEnv},
	{name: "host has a bad port", config: inHosts("      - exch01.corp.example:0\n      - exch02.corp.example:65536\n      - exch03.corp.example:netbios\n"), env: goodEnv},
	{name: "host is empty", config: inHosts("      - \"\"\n      -\n"), env: goodEnv},
	{name: "host is an address that is none", config: inHosts("      - 10.1.2.256\n      - 10.1.2.3.4\n      - 0.0.0.0\n      - 224.0.0.1\n"), env: goodEnv},
	{name: "address with leading zeros", config: inHosts("      - 010.001.002.003\n"), env: goodEnv},
	{name: "host without a dot", config: inHosts("      - exch01\n"), env: goodEnv},
	{name: "host with an umlaut", config: inHosts("      - münchen.corp.example\n"), env: goodEnv},
	{name: "host twice", config: inHosts("      - exch01.corp.example\n      - EXCH01.corp.example.\n"), env: goodEnv},
	{name: "IPv6 address in brackets without quotes", config: inHosts("      - [2001:db8::1]:139\n"), env: goodEnv},
	{name: "IPv6 address in brackets alone without quotes", config: inHosts("      - [2001:db8::1]\n"), env: goodEnv},
	{name: "IPv6 address in a list without quotes", config: accounts + "targets:\n  - hosts: [[2001:db8::1]:139]\n    auth: corp\n", env: goodEnv},
	{name: "IPv6 address that ends in colons", config: inHosts("      - fe80::\n      - ::1\n"), env: goodEnv},
	{name: "IPv6 address with a port without brackets", config: inHosts("      - 2001:db8:0:0:0:0:0:1:139\n"), env: goodEnv},
	{name: "IPv6 address with a port that reads as an address", config: inHosts("      - 2001:db8::1:139\n"), env: goodEnv},
	{name: "host is a mapping", config: inHosts("      - name: exch01.corp.example\n        port: 139\n"), env: goodEnv},
}

func account(yaml string) string {
	return "auths:\n  corp:\n    username: rasphone\n    domain: CORP\n" + yaml + group
}

var passwordMistakes = []mistake{
	{name: "no password", config: account("")},
	{name: "two passwords", config: account("    password_env: CORP_PASSWORD\n    password_file: p\n"), env: goodEnv},
	{name: "password variable that is not set", config: account("    password_env: EXCH01_PASSWORD\n")},
	{name: "password variable with a dollar sign", config: account("    password_env: $CORP_PASSWORD\n"), env: goodEnv},
	{name: "password instead of its variable", config: account("    password_env: hunter2\n")},
	{name: "password variable is empty", config: account("    password_env: CORP_PASSWORD\n"), env: map[string]string{"CORP_PASSWORD": ""}},
	{name: "password variable with a line end", config: account("    password_env: CORP_PASSWORD\n"), env: map[string]string{"CORP_PASSWORD": "hunter2\n"}},
	{name: "password file that is missing", config: account("    password_file: corp.password\n")},
	{name: "password file with an absolute path that is missing", config: account("    password_file: /etc/nowhere/corp.password\n")},
	{name: "password file with a Windows path", config: account("    password_file: C:\\rasphone\\corp.password\n")},
	{name: "password file in the home folder", config: account("    password_file: ~/corp.password\n")},
	{name: "password file with a variable", config: account("    password_file: $HOME/corp.password\n")},
	{name: "password file without a value", config: account("    password_file: \"\"\n")},
	{name: "password file is a folder", config: account("    password_file: p\n"), files: map[string]string{"p/": ""}},
	{name: "password file is empty", config: account("    password_file: p\n"), files: map[string]string{"p": ""}},
	{name: "password file with CRLF", config: account("    password_file: p\n"), files: map[string]string{"p": "hunter2\r\n"}},
	{name: "password file with a trailing blank", config: account("    password_file: p\n"), files: map[string]string{"p": "hunter2 \n"}},
	{name: "password file with an empty line", config: account("    password_file: p\n"), files: map[string]string{"p": "hunter2\n\n"}},
	{name: "password file with two lines", config: account("    password_file: p\n"), files: map[string]string{"p": "rasphone\nhunter2\n"}},
	{name: "password file with a byte order mark", config: account("    password_file: p\n"), files: map[string]string{"p": "\ufeffhunter2\n"}},
	{name: "password file in UTF-16", config: account("    password_file: p\n"), files: map[string]string{"p": utf16LE("hunter2\r\n")}},
	{name: "password file in Latin 1", config: account("    password_file: p\n"), files: map[string]string{"p": "h\xfcnter2\n"}},
	{name: "password file that is too long", config: account("    password_file: p\n"), files: map[string]string{"p": strings.Repeat("x", 2000)}},
	{name: "password with a trailing blank in the variable", config: account("    password_env: CORP_PASSWORD\n"), env: map[string]string{"CORP_PASSWORD": "hunter2 "}},
	{name: "password in the configuration", config: account("    password: hunter2\n")},
	{name: "password with a comment behind it", config: account("    password: hunter #2\n")},
	{name: "password that begins with an asterisk", config: account("    password: *hunter2\n")},
	{name: "password that begins with a greater-than sign", config: strings.Replace(accounts, "password_env: CORP_PASSWORD", "password: >hunter2", 1) + group},
	{name: "password that begins with a question mark", config: strings.Replace(accounts, "password_env: CORP_PASSWORD", "password: ? hunter2", 1) + group},
	{name: "control character", config: accounts + group + "\x01", env: goodEnv},
	{name: "brackets without end", config: strings.Repeat("[", 20000)},
	{name: "password that begins with an at sign", config: account("    password: @hunter2\n")},
	{name: "password that begins with an exclamation mark", config: account("    password: !hunter2\n")},
	{name: "password as a key", config: account("    hunter2: x\n")},
	{name: "password as a key with a mapping", config: account("    hunter2: {}\n")},
	{name: "password as a key that is close to one", config: account("    Passw0rd: x\n    hunter2: ''\n")},
	{name: "password as the name of an account", config: "auths:\n  hunter2: rasphone\n  hunter2x: {}\n  hunter2y: []\n" + strings.Replace(group, "auth: corp", "auth: hunter2", 1)},
	{name: "password as the name of an account, with other characters", config: "auths:\n  \"hunter2!\": {username: rasphone, password: x}\n" + group},
	{name: "password as the account of a group", config: strings.Replace(goodConfig, "auth: corp", "auth: hunter2", 1), env: goodEnv},
	{name: "account without a name", config: "auths:\n  username: rasphone\n  password: hunter2\n" + group},
	{name: "password that is empty", config: account("    password:\n")},
	{name: "password as a list", config: account("    password: [hunter2]\n")},
	{name: "no username", config: "auths:\n  corp:\n    password_env: CORP_PASSWORD\n" + group, env: goodEnv},
	{name: "password behind the username", config: "auths:\n  corp:\n    username: rasphone:hunter2\n    password_env: CORP_PASSWORD\n" + group, env: goodEnv},
	{name: "password behind the username and a percent sign", config: "auths:\n  corp:\n    username: rasphone%hunter2\n    password_env: CORP_PASSWORD\n" + group, env: goodEnv},
	{name: "domain in the username", config: "auths:\n  corp:\n    username: CORP\\rasphone\n    password_env: CORP_PASSWORD\n" + group, env: goodEnv},
	{name: "at sign in the username", config: "auths:\n  corp:\n    username: rasphone@corp.example\n    password_env: CORP_PASSWORD\n" + group, env: goodEnv},
	{name: "domain as a UNC name", config: "auths:\n  corp:\n    username: rasphone\n    domain: \\\\EXCH01\n    password_env: CORP_PASSWORD\n" + group, env: goodEnv},
	{name: "NTLM in capitals", config: account("    password_env: CORP_PASSWORD\n    ntlm: V1\n"), env: goodEnv},
	{name: "NTLM as a number", config: account("    password_env: CORP_PASSWORD\n    ntlm: 1\n"), env: goodEnv},
	{name: "one account with two passwords", config: "auths:\n  a: {username: rasphone, domain: CORP, password_env: CORP_PASSWORD}\n  b: {username: RASPHONE, domain: corp, password_env: OTHER_PASSWORD}\n" + group, env: map[string]string{"CORP_PASSWORD": "hunter2", "OTHER_PASSWORD": "hunter3"}},
}
