package config

import (
	"cmp"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// CommandLineAuth is the name of the account that the command line gives.
const CommandLineAuth = "command-line"

// AuthFlags is the account that the command line gives.
type AuthFlags struct {
	Username string
	Domain   string // NT domain or computer name, may be empty
	Password secret.Secret
	NTLMv1   bool // NTLMv1 instead of NTLMv2

	PasswordFrom string // for messages: "--password-file"
}

// ModuleFlags is what the command line changes of the built-in default module.
type ModuleFlags struct {
	DialedEntries []string
}

// placeOf returns what gives on the command line what the configuration has at a path; empty
// for a host, which its message quotes.
func (a AuthFlags) placeOf(path string) string {
	switch section, key, _ := strings.Cut(path, "."+CommandLineAuth+"."); {
	case section == "auths" && key == "password":
		return cmp.Or(a.PasswordFrom, "password")
	case section == "auths":
		return "--" + key
	case strings.HasPrefix(path, "modules."):
		return "--dialed-entry"
	case strings.Contains(path, ".hosts["):
		return ""
	}
	return "target"
}

// ForHosts makes the configuration of a probe without a file: the hosts named,
// and no others, are allowed, with this account and the built-in default module.
// Its error lists all problems, and no password.
func ForHosts(hosts []string, auth AuthFlags, module ModuleFlags) (*Config, error) {
	p := &problems{placeOf: auth.placeOf}
	ntlm := ntlmV2
	if auth.NTLMv1 {
		ntlm = ntlmV1
	}
	shape := fileConfig{
		Auths: map[string]fileAuth{CommandLineAuth: {
			Username: given(auth.Username),
			Domain:   text{value: auth.Domain, given: auth.Domain != ""},
			Password: hidden{secret: auth.Password, given: true},
			NTLM:     given(ntlm),
		}},
		Targets: []fileTargets{{Hosts: givenAll(hosts), Auth: given(CommandLineAuth)}},
	}
	if len(module.DialedEntries) > 0 {
		shape.Modules = map[string]fileModule{DefaultModule: {
			Phonebook: filePhonebook{DialedEntries: givenAll(module.DialedEntries)},
		}}
	}
	return build(shape, p, nil)
}

// CheckDialedEntries checks names of entries that the command line gives.
func CheckDialedEntries(names []string) error {
	p := &problems{placeOf: func(string) string { return "--dialed-entry" }}
	readNames(section{problems: p}, "dialed_entries", givenAll(names), nil, maxDialedEntries, parseName)
	return p.err()
}
