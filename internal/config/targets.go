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
	maxHosts      = 100_000 // hosts and ranges together
	maxLabelValue = 1024    // bytes

	// A range with fewer bits than this is warned about.
	minRangeBits4 = 8
	minRangeBits6 = 32
)

// readTargets makes the allow-list of the target groups, and the list of hosts.
func (b *builder) readTargets(groups []fileTargets, auths map[string]smbprobe.Auth, modules map[string]smbprobe.Module) (allowList, []Host) {
	list := newAllowList()
	var hosts []Host
	total := 0
	for i, g := range groups {
		at := fmt.Sprintf("targets[%d]", i)
		if total += len(g.Hosts); total > maxHosts {
			b.problems.addf(g.Line, at+".hosts", "brings the hosts to more than %d; use ranges, or several exporters", maxHosts)
			return list, nil
		}
		r := rule{module: DefaultModule}
		r.auth = b.authOf(at, g, auths)
		if g.Module.given {
			r.module = g.Module.value
			if _, ok := modules[r.module]; !ok {
				b.problems.addf(g.Module.line, at+".module", "%.80q is not under modules; there are %s", r.module, names(modules))
			}
		}
		labels := b.readLabels(at+".labels", g.Labels)
		if len(g.Hosts) == 0 {
			b.problems.addf(g.Line, at+".hosts", "is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.0/24]")
		}
		for j, t := range g.Hosts {
			r.name, r.line = t.value, t.line
			if b.addHost(list, fmt.Sprintf("%s.hosts[%d]", at, j), r) {
				hosts = append(hosts, Host{Name: r.name, Module: r.module, Auth: r.auth.Name, Labels: labels})
			}
		}
	}
	b.checkPortsLeft(list, hosts)
	return list, hosts
}

// checkPortsLeft finds hosts that can never be probed as they are listed,
// because other rules have both of their ports.
func (b *builder) checkPortsLeft(list allowList, hosts []Host) {
	for _, h := range hosts {
		e, _, err := parseEndpoint(h.Name)
		if err != nil {
			b.problems.add(0, "targets", fmt.Errorf("host %q: %w", h.Name, err))
			continue
		}
		if r, ports := list.find(e); len(ports) == 0 {
			b.problems.addf(r.line, "targets", "the host %q has no port left: 445 and 139 are listed on their own; list it without a port, or with", h.Name)
		}
	}
}

func (b *builder) authOf(at string, g fileTargets, auths map[string]smbprobe.Auth) smbprobe.Auth {
	if !g.Auth.given {
		b.problems.addf(g.Line, at+".auth", "is missing; name one of auths")
		return smbprobe.Auth{}
	}
	auth, ok := auths[g.Auth.value]
	if !ok {
		b.problems.addf(g.Auth.line, at+".auth", "%.80q is not under auths; there are %s", g.Auth.value, names(auths))
	}
	return auth
}

// addHost puts a host or a range into the list; listed says that it is a host
// and went well.
func (b *builder) addHost(list allowList, at string, r rule) (listed bool) {
	if strings.Contains(r.name, "/") {
		prefix, err := parseRange(r.name)
		if err != nil {
			b.problems.addf(r.line, at, "%.80q %w", r.name, err)
			return false
		}
		if first := list.addRange(prefix, r); first != nil {
			b.problems.addf(r.line, at, "the range %q is already there as %q in line %d; keep one of them", r.name, first.name, first.line)
			return false
		}
		least := minRangeBits6
		if prefix.Addr().Is4() {
			least = minRangeBits4
		}
		if prefix.Bits() < least {
			b.warn(r.line, at, fmt.Sprintf("%s is a very large range, and its account is sent to whatever answers there", prefix))
		}
		return false
	}
	e, host, err := parseEndpoint(r.name)
	if err != nil {
		b.problems.addf(r.line, at, "%.80q is not a host: %w", r.name, err)
		return false
	}
	r.host = host
	if first := list.addHost(e, r); first != nil {
		b.problems.addf(r.line, at, "the host %q is already there as %q in line %d; keep one of them", r.name, first.name, first.line)
		return false
	}
	if e.addr.Is4() && host != e.addr.String() {
		b.warn(r.line, at, fmt.Sprintf("%q is read as %s", r.name, e.addr))
	}
	return true
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
		case slices.Contains(metricLabels(), name):
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
func metricLabels() []string {
	return []string{
		"article", "cause", "check", "class", "code", "device", "dialect", "domain", "entry", "error", "lan_manager", "media",
		"netbios_name", "os", "port", "service", "severity", "start_mode", "state", "step", "window",
	}
}

// names lists what there is, for an error; the first ones of many.
func names[T any](m map[string]T) string {
	sorted := slices.Sorted(maps.Keys(m))
	switch {
	case len(sorted) == 0:
		return "none"
	case len(sorted) > 10:
		return strings.Join(sorted[:10], ", ") + ", ..."
	}
	return strings.Join(sorted, ", ")
}
