package config

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTargetsErrors(t *testing.T) {
	tests := []struct {
		name, targets string
		want          []string
	}{
		{"missing keys", "  - modules: [m]\n  -\n  - {hosts: [], auth: a}", []string{
			`3: targets[0].auth: is missing; name one of auths`,
			`3: targets[0].modules[0]: "m" is not under modules; there are default`,
			`3: targets[0].hosts: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.3]`,
			`4: targets[1].auth: is missing; name one of auths`,
			`4: targets[1].hosts: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.3]`,
			`5: targets[2].hosts: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.3]`,
		}},
		{"unknown auth", "  - {hosts: [h], auth: A}", []string{
			`3: targets[0].auth: "A" is not under auths; did you mean a?`,
		}},
		{"ranges", "  - auth: a\n    hosts:\n      - 10.1.2.0/24\n      - 2001:db8::/64\n      - exch01/24\n      - 10.1.2.3/32\n      - ://", []string{
			`5: targets[0].hosts[0]: "10.1.2.0/24" is a range, and ranges are not taken: anyone who holds an address in one could ask for it and be handed the login; list each host by name or address`,
			`6: targets[0].hosts[1]: "2001:db8::/64" is a range, and ranges are not taken: anyone who holds an address in one could ask for it and be handed the login; list each host by name or address`,
			`7: targets[0].hosts[2]: "exch01/24" is a path; write the host alone: exch01`,
			`8: targets[0].hosts[3]: "10.1.2.3/32" is a range, and ranges are not taken: anyone who holds an address in one could ask for it and be handed the login; list each host by name or address`,
			`9: targets[0].hosts[4]: "://" is a URL; write the host alone`,
		}},
		{"hosts", "  - auth: a\n    hosts: [10.1.2.256, 'h:0', '', ~, 'a b']", []string{
			`4: targets[0].hosts[0]: "10.1.2.256" is not a host: looks like an IPv4 address and is not one; write four numbers up to 255, as in 10.1.2.3`,
			`4: targets[0].hosts[1]: "h:0" is not a host: the port is not a number from 1 to 65535; write 139 or 445, or leave it out: then both are tried`,
			`4: targets[0].hosts[2]: "" is not a host; write a name or an address`,
			`4: targets[0].hosts[3]: "" is not a host; write a name or an address`,
			`4: targets[0].hosts[4]: "a b" is more than one host; write each as an item of its own`,
		}},
		{"duplicates", "  - {auth: a, hosts: [h, 'h:139', 10.1.2.3, '[::1]']}\n  - {auth: a, hosts: [H., 'H:139', 167838211]}\n  - {auth: a, hosts: ['0:0::1', 'h:4450']}", []string{
			`4: targets[1].hosts[0]: the host "H." is already there as "h" in line 3; keep one of them`,
			`4: targets[1].hosts[1]: the host "H:139" is already there as "h:139" in line 3; keep one of them`,
			`4: targets[1].hosts[2]: the host "167838211" is already there as "10.1.2.3" in line 3; keep one of them`,
			`5: targets[2].hosts[0]: the host "0:0::1" is already there as "[::1]" in line 3; keep one of them`,
		}},
		{"labels", "  - auth: a\n    hosts: [h]\n    labels: {1a: x, __a: x, a-b: x, instance: x, job: x, ok: ''}", []string{
			`5: targets[0].labels.1a: is not the name of a Prometheus label; it has letters, digits and _, and begins with no digit`,
			`5: targets[0].labels.__a: is a label that service discovery sets itself; choose another name`,
			`5: targets[0].labels.a-b: is not the name of a Prometheus label; it has letters, digits and _, and begins with no digit`,
			`5: targets[0].labels.instance: is a label that service discovery sets itself; choose another name`,
		}},
		{"no port left", "  - auth: a\n    hosts:\n      - h:445\n      - h\n      - h:139", []string{
			`6: targets: the host "h" has no port left: 445 and 139 are listed on their own; list it without a port, or with`,
		}},
		{"no modules", "  - auth: a\n    hosts: [h]\n    modules: []", []string{
			`3: targets[0].modules: is empty; list names of modules, or leave the key out for [default]`,
		}},
		{"modules twice", "  - auth: a\n    hosts: [h]\n    modules: [default, default]", []string{
			`5: targets[0].modules[1]: "default" is in the list twice`,
		}},
		{"too many modules", "  - auth: a\n    hosts: [h]\n    modules: [" + strings.Repeat("m,", 21) + "]", []string{
			`5: targets[0].modules: has 21 names; 20 are allowed`,
		}},
		{"the key of old", "  - auth: a\n    hosts: [h]\n    module: default", []string{
			`5: targets[0].module: is now modules, a list; write modules: [name], the one to use by default first`,
		}},
		{"too many hosts", "  - {auth: a, hosts: [h]}\n  - {auth: a, hosts: [" + strings.Repeat("h,", maxHosts) + "]}", []string{
			`4: targets[1].hosts: brings the hosts to more than 100000; use several exporters`,
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got := parseErrors(t, "auths: {a: {username: u, password: hunter2}}\ntargets:\n"+tt.targets)
			for i, line := range got {
				got[i] = strings.TrimPrefix(line, "rasphone.yml:")
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
		})
	}
}

// A request chooses among the modules of its target: none may permit what another refuses.
func TestModulesOfATargetAgree(t *testing.T) {
	const head = "auths: {a: {username: u, password: hunter2}}\nmodules:\n  one: {timeout: 5s}\n  two: {%s}\ntargets:\n  - {hosts: [h], auth: a, modules: [one, two]}\n"
	for key, want := range map[string]string{
		"dialect: smb2":      "differ in dialect",
		"transport: netbios": "differ in transport",
		"signing: required":  "differ in signing",
		"signing: auto, share: C$, netbios_name: X, timeout: 1m, min_interval: 0s": "",
	} {
		_, err := Parse("rasphone.yml", fmt.Appendf(nil, head, key), testEnv)
		switch full := "rasphone.yml:6: targets[0].modules: one and two " + want + "; the modules of one target agree in dialect, transport and signing"; {
		case want == "" && err != nil:
			t.Errorf("%s: %v", key, err)
		case want != "" && fmt.Sprint(err) != full:
			t.Errorf("%s: %v, want %s", key, err, full)
		}
	}
}
