package fleet

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// The account that the exporter has on every server.
const (
	username = "rasphone"
	password = "as in the demo"
	domain   = "DEMO"
)

// The modules of Config.
const (
	moduleDefault   = "default"
	moduleLongName  = "long-name"
	moduleImpatient = "impatient"
)

// Config is an exporter's configuration for servers, as YAML. Each server has an auth of its
// own, so that refusals of one hold back no other's logins.
func Config(servers []Server) []byte {
	var b bytes.Buffer
	fmt.Fprint(&b, "auths:\n")
	for _, s := range servers {
		ntlm := "v2"
		if s.NTLMv1 {
			ntlm = "v1"
		}
		fmt.Fprintf(&b, "  %s: {username: %s, domain: %s, password: %q, ntlm: %s}\n", s.auth(), username, domain, password, ntlm)
	}
	fmt.Fprintf(&b, `lockout_file: none
modules:
  %s:
    min_interval: 0s
    phonebook: {dialed_entries: [%q]}
  %s:
    min_interval: 0s
    phonebook: {dialed_entries: [%q]}
  %s: # so that one that never answers is soon known
    timeout: 3s
    min_interval: 0s
    phonebook: {dialed_entries: [%q]}
targets:
`, moduleDefault, entryName, moduleLongName, longEntryName, moduleImpatient, entryName)
	for _, s := range servers {
		var labels []string
		for _, name := range slices.Sorted(maps.Keys(s.Labels)) {
			labels = append(labels, fmt.Sprintf("%s: %q", name, s.Labels[name]))
		}
		fmt.Fprintf(&b, "  - {hosts: [%s], auth: %s, modules: [%s], labels: {%s}}\n", s.Name, s.auth(), s.Module, strings.Join(labels, ", "))
	}
	return b.Bytes()
}

// auth is the name of the server's auth.
func (s *Server) auth() string { return strings.TrimSuffix(s.Name, suffix) }
