package config

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/prometheus/common/model"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// Bounds of the targets.
const (
	maxHosts      = 100_000
	maxLabelValue = 1024 // bytes
)

// readTargets makes the allow-list of the target groups, and the list of hosts.
func (b *builder) readTargets(groups []fileTargets, auths map[string]smbprobe.Auth, modules map[string]smbprobe.Module) (allowList, []Host) {
	list := newAllowList()
	accounts := map[account]smbprobe.Auth{}
	var hosts []Host
	total := 0
	for i, g := range groups {
		at := fmt.Sprintf("targets[%d]", i)
		if total += len(g.Hosts); total > maxHosts {
			b.problems.addf(g.Line, at+".hosts", "brings the hosts to more than %d; use several exporters", maxHosts)
			return list, nil
		}
		r := rule{auth: b.authOf(at, g, auths), modules: b.readModules(at+".modules", g, modules)}
		labels := b.readLabels(at+".labels", g.Labels)
		if len(g.Hosts) == 0 {
			b.problems.addf(g.Line, at+".hosts", "is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.3]")
		}
		for j, t := range g.Hosts {
			at := fmt.Sprintf("%s.hosts[%d]", at, j)
			r.name, r.line = t.value, t.line
			e, listed := b.addHost(list, at, r)
			if !listed {
				continue
			}
			hosts = append(hosts, Host{Name: r.name, Module: r.modules[0].Name, Auth: r.auth.Name, Labels: labels})
			if r.auth.Domain == "" {
				b.checkAccount(accounts, at, t.line, account{e.onPort(0), strings.ToLower(r.auth.Username)}, r.auth)
			}
		}
	}
	b.checkPortsLeft(list, hosts)
	return list, hosts
}

// account is what an auth without a domain logs in to: a user of one host.
type account struct {
	host endpoint // without a port
	user string   // lower case
}

// checkAccount finds two auths for one user of a host, with different passwords.
func (b *builder) checkAccount(accounts map[account]smbprobe.Auth, at string, line int, of account, auth smbprobe.Auth) {
	first, known := accounts[of]
	if !known {
		accounts[of] = auth
		return
	}
	if differ(first, auth) {
		b.problems.addf(line, at, "gets the auths %s and %s, which are one account with different passwords; %s", first.Name, auth.Name, onePassword)
	}
}

// readModules returns a group's modules, at least one.
func (b *builder) readModules(at string, g fileTargets, modules map[string]smbprobe.Module) []smbprobe.Module {
	fallback := []smbprobe.Module{modules[DefaultModule]}
	switch {
	case g.Modules == nil:
		return fallback
	case len(g.Modules) == 0:
		b.problems.addf(g.Line, at, "is empty; list names of modules, or leave the key out for [%s]", DefaultModule)
		return fallback
	case len(g.Modules) > maxModules:
		b.problems.addf(g.Modules[maxModules].line, at, "has %d names; %d are allowed", len(g.Modules), maxModules)
		return fallback
	}
	read := readModuleList(b, at, g.Modules, modules)
	if len(read) == 0 {
		return fallback
	}
	// What one module refuses, another one must not permit: the request chooses among them.
	first := read[0]
	for _, m := range read[1:] {
		for _, key := range []struct {
			name   string
			differ bool
		}{
			{"dialect", m.Dialect != first.Dialect},
			{"transport", m.Transport != first.Transport},
			{"signing", m.RequireSigning != first.RequireSigning},
		} {
			if key.differ {
				b.problems.addf(g.Modules[0].line, at, "%s and %s differ in %s; the modules of one target agree in dialect, transport and signing", first.Name, m.Name, key.name)
			}
		}
	}
	return read
}

func readModuleList(b *builder, at string, list []text, modules map[string]smbprobe.Module) []smbprobe.Module {
	var read []smbprobe.Module
	for i, t := range list {
		at := fmt.Sprintf("%s[%d]", at, i)
		switch m, ok := modules[t.value]; {
		case !ok && b.isKnownBad("modules", t.value):
		case !ok:
			b.problems.addf(t.line, at, "%s is not under modules; %s", Quote(t.value), didYouMean(t.value, names(modules)))
		case slices.ContainsFunc(read, func(m smbprobe.Module) bool { return m.Name == t.value }):
			b.problems.addf(t.line, at, "%s is in the list twice", Quote(t.value))
		default:
			read = append(read, m)
		}
	}
	return read
}

// checkPortsLeft finds hosts that can never be probed as they are listed,
// because both of their ports are listed on their own.
func (b *builder) checkPortsLeft(list allowList, hosts []Host) {
	for _, h := range hosts {
		e, _, err := parseEndpoint(h.Name)
		if err != nil {
			b.problems.add(0, "targets", fmt.Errorf("host %s: %w", Quote(h.Name), err))
			continue
		}
		if r, ports := list.find(e); len(ports) == 0 {
			b.problems.addf(r.line, "targets", "the host %s has no port left: 445 and 139 are listed on their own; list it without a port, or with", Quote(h.Name))
		}
	}
}

func (b *builder) authOf(at string, g fileTargets, auths map[string]smbprobe.Auth) smbprobe.Auth {
	if !g.Auth.given {
		b.problems.addf(g.Line, at+".auth", "is missing; name one of auths")
		return smbprobe.Auth{}
	}
	auth, ok := auths[g.Auth.value]
	if !ok && !b.isKnownBad("auths", g.Auth.value) {
		// What is close to no name may be the password.
		shown := "this name (not shown: it may be a password)"
		if Closest(g.Auth.value, names(auths)) != "" {
			shown = Quote(g.Auth.value)
		}
		b.problems.addf(g.Auth.line, at+".auth", "%s is not under auths; %s", shown, didYouMean(g.Auth.value, names(auths)))
	}
	return auth
}

// isKnownBad reports whether the auth or module of this name may be missing because of a
// problem that is reported already.
func (b *builder) isKnownBad(section, name string) bool {
	return b.badNames[name] || section == "auths" && b.problems.hiddenNames[name] || Closest(name, names(b.badNames)) != "" || b.problems.isUnread(section)
}

// addHost puts a host into the list, and reports whether that went well.
func (b *builder) addHost(list allowList, at string, r rule) (e endpoint, listed bool) {
	e, host, err := parseEndpoint(r.name)
	if err != nil {
		b.problems.add(r.line, at, badHost(r.name, err))
		return e, false
	}
	if err := checkLeadingZeros(e, host); err != nil {
		b.problems.add(r.line, at, err)
		return e, false
	}
	r.host = host
	if first := list.addHost(e, r); first != nil {
		where := ""
		if first.line > 0 {
			where = fmt.Sprintf(" in line %d", first.line)
		}
		b.problems.addf(r.line, at, "the host %s is already there as %s%s; keep one of them", Quote(r.name), Quote(first.name), where)
		return e, false
	}
	if e.addr.Is4() && host != e.addr.String() {
		b.warn(r.line, at, fmt.Sprintf("%s is read as %s", Quote(r.name), e.addr))
	}
	if last := host[strings.LastIndexByte(host, ':')+1:]; e.addr.Is6() && e.port == 0 && (last == "139" || last == "445") {
		b.warn(r.line, at, fmt.Sprintf("%s is read as an address without a port; with one it is \"[%s]:%s\", in quotes", Quote(r.name), strings.TrimSuffix(host, ":"+last), last))
	}
	if e.name != "" && !strings.Contains(host, ".") && b.problems.file != "" {
		b.warn(r.line, at, fmt.Sprintf("%s has no dot: the resolver's search list decides which host gets the login; write the whole name", Quote(r.name)))
	}
	return e, true
}

// readLabels reads labels for service discovery. The label instance and those
// that begin with __ are what /sd itself sets.
func (b *builder) readLabels(at string, labels map[string]text) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	read := make(map[string]string, len(labels))
	for _, name := range slices.Sorted(maps.Keys(labels)) {
		value, at := labels[name], join(at, name)
		switch {
		case !model.LegacyValidation.IsValidLabelName(name):
			b.problems.addf(value.line, at, "is not the name of a Prometheus label; it has letters, digits and _, and begins with no digit")
		case slices.Contains(metricLabels, name):
			b.problems.addf(value.line, at, "is a label of the exporter's own metrics, which Prometheus would rename, so that no rule or dashboard finds it; choose another name")
		case name == "instance" || strings.HasPrefix(name, "__"):
			b.problems.addf(value.line, at, "is a label that service discovery sets itself; choose another name")
		case !utf8.ValidString(value.value) || len(value.value) > maxLabelValue:
			b.problems.addf(value.line, at, "is not UTF-8, or longer than %d bytes", maxLabelValue)
		}
		read[name] = value.value
	}
	return read
}

// metricLabels are the labels of the metrics of a probe.
var metricLabels = []string{
	"article", "auth", "cause", "check", "class", "code", "device", "dialect", "domain", "entry", "error", "lan_manager", "media",
	"netbios_name", "os", "port", "service", "severity", "start_mode", "state", "step", "window",
}

// names returns the keys of a map, sorted.
func names[T any](m map[string]T) []string { return slices.Sorted(maps.Keys(m)) }
