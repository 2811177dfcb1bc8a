package config

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestTargetsErrors(t *testing.T) {
	tests := []struct {
		name, targets string
		want          []string
	}{
		{"missing keys", "  - module: m\n  -\n  - {hosts: [], auth: a}", []string{
			`3: targets[0].auth: is missing; name one of auths`,
			`3: targets[0].module: "m" is not under modules; there are default`,
			`3: targets[0].hosts: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.0/24]`,
			`4: targets[1].auth: is missing; name one of auths`,
			`4: targets[1].hosts: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.0/24]`,
			`5: targets[2].hosts: is missing or empty; list the hosts, as in [exch01.corp.example, 10.1.2.0/24]`,
		}},
		{"unknown auth", "  - {hosts: [h], auth: A}", []string{
			`3: targets[0].auth: "A" is not under auths; there are a`,
		}},
		{"ranges", "  - auth: a\n    hosts:\n      - 10.1.2.0/33\n      - 10.1.2.5/24\n      - 10.1.2.0/24:139\n      - ::ffff:0:0/95\n      - 10.1/16\n      - fe80::%eth0/64\n      - exch01/24", []string{
			`5: targets[0].hosts[0]: "10.1.2.0/33" is not a CIDR range; write address/bits, as in 10.1.2.0/24`,
			`6: targets[0].hosts[1]: "10.1.2.5/24" has bits set behind the first 24; write 10.1.2.0/24`,
			`7: targets[0].hosts[2]: "10.1.2.0/24:139" is not a CIDR range; write address/bits, as in 10.1.2.0/24`,
			`8: targets[0].hosts[3]: "::ffff:0:0/95" is not a CIDR range; write address/bits, as in 10.1.2.0/24`,
			`9: targets[0].hosts[4]: "10.1/16" is not a CIDR range; write address/bits, as in 10.1.2.0/24`,
			`10: targets[0].hosts[5]: "fe80::%eth0/64" is not a CIDR range; write address/bits, as in 10.1.2.0/24`,
			`11: targets[0].hosts[6]: "exch01/24" is not a CIDR range; write address/bits, as in 10.1.2.0/24`,
		}},
		{"hosts", "  - auth: a\n    hosts: [10.1.2.256, 'h:0', '', ~, 'a b']", []string{
			`4: targets[0].hosts[0]: "10.1.2.256" is not a host: looks like an IPv4 address and is none; write four numbers up to 255, as in 10.1.2.3`,
			`4: targets[0].hosts[1]: "h:0" is not a host: the port is not a number from 1 to 65535`,
			`4: targets[0].hosts[2]: "" is not a host: no host is named`,
			`4: targets[0].hosts[3]: "" is not a host: no host is named`,
			`4: targets[0].hosts[4]: "a b" is not a host: a host name has letters, digits, -, _ and . alone`,
		}},
		{"duplicates", "  - {auth: a, hosts: [h, 'h:139', 10.1.2.3, 10.1.2.0/24, '[::1]']}\n  - {auth: a, hosts: [H., 'H:139', 167838211]}\n  - {auth: a, hosts: ['::ffff:10.1.2.0/120', '0:0::1', 'h:4450']}", []string{
			`4: targets[1].hosts[0]: the host "H." is already there as "h" in line 3; keep one of them`,
			`4: targets[1].hosts[1]: the host "H:139" is already there as "h:139" in line 3; keep one of them`,
			`4: targets[1].hosts[2]: the host "167838211" is already there as "10.1.2.3" in line 3; keep one of them`,
			`5: targets[2].hosts[0]: the range "::ffff:10.1.2.0/120" is already there as "10.1.2.0/24" in line 3; keep one of them`,
			`5: targets[2].hosts[1]: the host "0:0::1" is already there as "[::1]" in line 3; keep one of them`,
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
		{"too many hosts", "  - {auth: a, hosts: [h]}\n  - {auth: a, hosts: [" + strings.Repeat("h,", maxHosts) + "]}", []string{
			`4: targets[1].hosts: brings the hosts to more than 100000; use ranges, or several exporters`,
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
