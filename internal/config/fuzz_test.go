package config

import (
	"errors"
	"net/netip"
	"slices"
	"strings"
	"testing"
)

// FuzzTarget asks for anything. What is allowed is held against a second,
// plainer reading of the same rules.
func FuzzTarget(f *testing.F) {
	for _, seed := range []string{
		"exch01", "EXCH01.:139", "exch02:139", "exch02", "10.1.2.3", "10.1.2.3:445", "167838211", "0x0a.1.2.3", "012.1.515", "10.9.9.9:4450",
		"::ffff:10.1.2.3", "[::ffff:a01:203]:139", "2001:db8::1", "[2001:db8::1%eth0]:445", "fe80::1%eth0", "0.0.0.0", "[", ":", "h:0",
	} {
		f.Add(seed)
	}
	c := parse(f, `
auths: {a: {username: u, password: hunter2}}
targets:
  - auth: a
    hosts: [exch01, "exch02:139", 10.1.2.3, "10.9.9.9:4450", 2001:db8::1, "fe80::1%eth0"]
`)
	addrs := []netip.Addr{netip.MustParseAddr("10.1.2.3"), netip.MustParseAddr("2001:db8::1"), netip.MustParseAddr("fe80::1%eth0")}
	f.Fuzz(func(t *testing.T, ask string) {
		target, err := c.Target(ask, "")
		if err != nil {
			if !errors.Is(err, ErrBadTarget) && !errors.Is(err, ErrNotAllowed) {
				t.Errorf("error %v wraps neither", err)
			}
			return
		}
		allowed := []uint16{445, 139}
		switch host := target.Host; {
		case !target.Addr.IsValid():
			if host == "exch02" {
				allowed = []uint16{139}
			} else if host != "exch01" {
				t.Errorf("name %q", host)
			}
			if !strings.EqualFold(ask[:min(len(ask), len(host))], host) {
				t.Errorf("%q is %q", ask, host)
			}
		case target.Addr.String() != host:
			t.Errorf("host %q, address %s", host, target.Addr)
		case host == "10.9.9.9":
			allowed = []uint16{4450}
		case !slices.Contains(addrs, target.Addr):
			t.Errorf("address %s", target.Addr)
		}
		if len(target.Ports) == 0 {
			t.Error("no ports")
		}
		for _, port := range target.Ports {
			if !slices.Contains(allowed, port) {
				t.Errorf("port %d of %s", port, target.Name)
			}
			if target.Addr.IsValid() && !target.Allows(netip.AddrPortFrom(target.Addr, port)) {
				t.Errorf("%s is a target and not allowed", target.Name)
			}
		}
		again, err := c.Target(target.Name, "")
		if err != nil || again.Name != target.Name || !slices.Equal(again.Ports, target.Ports) {
			t.Errorf("%q asked for again is %q, %v", target.Name, again.Name, err)
		}
	})
}

// FuzzParse parses anything. What it takes can be shown and read again, and no
// password is in what it says.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"", "auths: {}", allowYAML, "auths: &a {a: *a}", "targets: [{hosts: [h], auth: a}]", "--- \n...\n---\n", "? [a]\n: b", "auths: !x {a: !y b}", "%YAML 1.2\n---\n#",
		"modules: {m: {timeout: 1s, eventlog: {windows: [1h], event_id: 1}}}\ntargets: []",
		"auths: {a: {username: u, password: p}}\nlockout_file: none\nmodules: {m: {min_interval: 0s, session: per_probe}}\ntargets: [{hosts: [h], auth: a, modules: [m, default]}]",
		"auths:\n\ta:\n\t\tusername: u\n", "auths:\n  a:\n    username:u\n   domain = x\ntargets\n  -hosts: [[::1]:139]\n", "modules:\n  m:\n    phonebook:\n      path: \"C:\\q\"\n    share: a: b\n",
		"auths:\n  a:\n    password: *x\n  - b\n c: |\n", "\xff\xfea\x00", "targets:\n- hosts:\n   - a\n  - b\n",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		// Files under the fuzzer's folder are not to be read: no password_file.
		if strings.Contains(string(data), "password_file") {
			return
		}
		c, err := Parse("rasphone.yml", data, testEnv)
		if err != nil {
			if c != nil {
				t.Error("a Config together with an error")
			}
			return
		}
		out, err := c.Masked()
		if err != nil {
			t.Fatal(err)
		}
		again, err := Parse("again.yml", out, testEnv)
		if err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		if len(again.Hosts()) != len(c.Hosts()) || len(again.modules) != len(c.modules) {
			t.Errorf("read again it is another one:\n%s", out)
		}
		for _, h := range c.Hosts() {
			if target, err := c.Target(h.Name, ""); err != nil {
				t.Errorf("listed host %q: %q, %v", h.Name, target.Name, err)
			}
		}
	})
}
