package config

import (
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
}

// ModuleFlags is what the command line changes of the built-in default module.
type ModuleFlags struct {
	DialedEntries []string
}

// ForHosts makes the configuration of a probe without a file: the hosts named,
// and no others, are allowed, with this account and the built-in default module.
// Its error lists all problems, and no password.
func ForHosts(hosts []string, auth AuthFlags, module ModuleFlags) (*Config, error) {
	p := &problems{}
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
