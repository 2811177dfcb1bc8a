package config

import (
	"errors"
	"net/netip"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

const allowYAML = `
auths:
  a: {username: a, password: hunter2}
  b: {username: b, password: hunter2}
  c: {username: c, password: hunter2}
modules: {m: {timeout: 5s}, other: {timeout: 6s}}
targets:
  - auth: a
    hosts:
      - Exch01.Corp.example
      - exch02:139
      - absolute.example.
      - both
      - 10.1.2.3
      - 10.1.2.8
      - 10.1.2.50
      - 10.1.2.50:4450
      - 10.1.2.51:4450
      - "[2001:DB8::1]"
      - 2001:db8:2::5
      - 2001:db8:2::9
      - fe80::1%eth0
      - fe80::1
      - single.
  - auth: b
    modules: [m, default]
    hosts:
      - both:139
      - 10.1.3.3
      - 10.1.2.7
      - 10.1.2.8:139
      - 0x0a.1.2.9
      - 10.1.2.60:445
      - 10.1.2.60:139
      - "[2001:db8:2::5]:445"
  - auth: c
    hosts:
      - ::ffff:192.0.2.255
`

// decision is what a test wants of Target.
type decision struct {
	Name, Host, Lookup, Addr string
	Auth, Module             string
	Ports                    []uint16
}

func TestTargetAllowed(t *testing.T) {
	c := parse(t, allowYAML)
	direct, netbios, two := []uint16{445}, []uint16{139}, []uint16{445, 139}
	listed := decision{"10.1.2.3", "10.1.2.3", "", "10.1.2.3", "a", "default", two}
	exch01 := decision{"Exch01.Corp.example", "Exch01.Corp.example", "Exch01.Corp.example.", "", "a", "default", two}
	v6 := decision{"[2001:DB8::1]", "2001:db8::1", "", "2001:db8::1", "a", "default", two}
	hex := decision{"0x0a.1.2.9", "10.1.2.9", "", "10.1.2.9", "b", "m", two}
	tests := []struct {
		ask  string
		want decision
	}{
		// Rule 2: case and a trailing dot make no difference.
		{"Exch01.Corp.example", exch01},
		{"exch01.corp.example", exch01},
		{"EXCH01.CORP.EXAMPLE.", exch01},
		{"absolute.example", decision{"absolute.example.", "absolute.example.", "absolute.example.", "", "a", "default", two}},
		// A name without a dot, and one that was written with one.
		{"Single", decision{"single.", "single.", "single.", "", "a", "default", two}},
		// Rule 5: ports.
		{"exch01.corp.example:445", decision{"Exch01.Corp.example:445", "Exch01.Corp.example", "Exch01.Corp.example.", "", "a", "default", direct}},
		{"exch01.corp.example.:139", decision{"Exch01.Corp.example:139", "Exch01.Corp.example", "Exch01.Corp.example.", "", "a", "default", netbios}},
		{"exch02:139", decision{"exch02:139", "exch02", "exch02", "", "a", "default", netbios}},
		{"EXCH02.:139", decision{"exch02:139", "exch02", "exch02", "", "a", "default", netbios}},
		{"10.1.2.50:4450", decision{"10.1.2.50:4450", "10.1.2.50", "", "10.1.2.50", "a", "default", []uint16{4450}}},
		{"10.1.2.50", decision{"10.1.2.50", "10.1.2.50", "", "10.1.2.50", "a", "default", two}},
		{"10.1.2.51:4450", decision{"10.1.2.51:4450", "10.1.2.51", "", "10.1.2.51", "a", "default", []uint16{4450}}},
		{"10.1.2.50:445", decision{"10.1.2.50:445", "10.1.2.50", "", "10.1.2.50", "a", "default", direct}},
		// Rule 3: spellings of one IPv4 address.
		{"10.1.2.3", listed},
		{"10.1.2.3.", listed},
		{"::ffff:10.1.2.3", listed},
		{"::FFFF:10.1.2.3", listed},
		{"::ffff:a01:203", listed},
		{"0:0:0:0:0:ffff:0a01:0203", listed},
		{"[::ffff:10.1.2.3]", listed},
		{"[::ffff:a01:203]", listed},
		{"167838211", listed},
		{"0x0a010203", listed},
		{"0X0A010203", listed},
		{"01200201003", listed},
		{"10.66051", listed},
		{"10.1.515", listed},
		{"10.0x10203", listed},
		{"0x0a.1.2.3", listed},
		{"012.1.2.3", listed},
		{"0000012.01.02.03", listed},
		{"167838211:139", decision{"10.1.2.3:139", "10.1.2.3", "", "10.1.2.3", "a", "default", netbios}},
		{"[::ffff:a01:203]:445", decision{"10.1.2.3:445", "10.1.2.3", "", "10.1.2.3", "a", "default", direct}},
		{"10.1.2.9", hex},
		{"10.1.521", hex},
		{"10.1.2.9:445", decision{"0x0a.1.2.9:445", "10.1.2.9", "", "10.1.2.9", "b", "m", direct}},
		{"192.0.2.255", decision{"::ffff:192.0.2.255", "192.0.2.255", "", "192.0.2.255", "c", "default", two}},
		// IPv6.
		{"2001:db8::1", v6},
		{"[2001:db8::1]", v6},
		{"2001:0DB8:0:0:0:0:0:1", v6},
		{"[2001:db8::1]:139", decision{"[2001:DB8::1]:139", "2001:db8::1", "", "2001:db8::1", "a", "default", netbios}},
		{"2001:db8:2::9", decision{"2001:db8:2::9", "2001:db8:2::9", "", "2001:db8:2::9", "a", "default", two}},
		{"[2001:DB8:2:0::9]:445", decision{"[2001:db8:2::9]:445", "2001:db8:2::9", "", "2001:db8:2::9", "a", "default", direct}},
		// Rule 4: zones.
		{"fe80::1%eth0", decision{"fe80::1%eth0", "fe80::1%eth0", "", "fe80::1%eth0", "a", "default", two}},
		{"[fe80:0::1%eth0]:445", decision{"[fe80::1%eth0]:445", "fe80::1%eth0", "", "fe80::1%eth0", "a", "default", direct}},
		{"fe80::1", decision{"fe80::1", "fe80::1", "", "fe80::1", "a", "default", two}},
		// Rule 6: a listed port belongs to that entry.
		{"10.1.3.3", decision{"10.1.3.3", "10.1.3.3", "", "10.1.3.3", "b", "m", two}},
		{"10.1.2.7", decision{"10.1.2.7", "10.1.2.7", "", "10.1.2.7", "b", "m", two}},
		{"10.1.2.7:445", decision{"10.1.2.7:445", "10.1.2.7", "", "10.1.2.7", "b", "m", direct}},
		{"10.1.2.8:139", decision{"10.1.2.8:139", "10.1.2.8", "", "10.1.2.8", "b", "m", netbios}},
		{"10.1.2.8:445", decision{"10.1.2.8:445", "10.1.2.8", "", "10.1.2.8", "a", "default", direct}},
		{"both:139", decision{"both:139", "both", "both", "", "b", "m", netbios}},
		{"both:445", decision{"both:445", "both", "both", "", "a", "default", direct}},
		// Rule 7: without a port, what another rule has is left out.
		{"both", decision{"both", "both", "both", "", "a", "default", direct}},
		{"10.1.2.8", decision{"10.1.2.8", "10.1.2.8", "", "10.1.2.8", "a", "default", direct}},
		{"2001:db8:2::5", decision{"2001:db8:2::5", "2001:db8:2::5", "", "2001:db8:2::5", "a", "default", netbios}},
	}
	for _, tt := range tests {
		t.Run(tt.ask, func(t *testing.T) {
			target, err := c.Target(tt.ask, "")
			if err != nil {
				t.Fatal(err)
			}
			got := decision{target.Name, target.Host, target.LookupName, "", target.Auth.Name, target.Module.Name, target.Ports}
			if target.Addr.IsValid() {
				got.Addr = target.Addr.String()
			}
			if diff := cmp.Diff(tt.want, got); diff != "" {
				t.Errorf("(-want +got):\n%s", diff)
			}
			again, err := c.Target(target.Name, "")
			if err != nil || again.Name != target.Name || !cmp.Equal(again.Ports, target.Ports) {
				t.Errorf("asked for as %q it is %q on %v, %v", target.Name, again.Name, again.Ports, err)
			}
		})
	}
}

func TestTargetNotAllowed(t *testing.T) {
	c := parse(t, allowYAML)
	const unlisted = `target is not allowed by the configuration; it is not under targets`
	tests := []struct{ ask, want string }{
		// Rules 1 and 2: nothing else, and no name for an address.
		{"exch03", unlisted},
		{"exch01", unlisted},
		{"corp.example", unlisted},
		{"x.exch01.corp.example", unlisted},
		{"localhost", unlisted},
		{"10.1.2.3.nip.io", unlisted},
		{"10.1.2.3x", unlisted},
		{"10.1.2.-3", unlisted},
		{"10.1.2._3", unlisted},
		{"10-1-2-3", unlisted},
		{"127.0.0.1", unlisted},
		{"::1", unlisted},
		{"10.1.2.2", unlisted},
		{"10.1.2.4", unlisted},
		{"1", unlisted},
		// Rule 3: other addresses that only look alike.
		{"::10.1.2.3", unlisted},
		{"64:ff9b::10.1.2.3", unlisted},
		{"2002:a01:203::", unlisted},
		{"::fffe:10.1.2.3", unlisted},
		{"2001:db8:1::1", unlisted},
		// Rule 4.
		{"fe80::1%eth1", unlisted},
		{"fe80::1%ETH0", unlisted},
		{"fe80::2%eth0", unlisted},
		{"2001:db8::1%eth0", unlisted},
		{"2001:db8:2::9%eth0", unlisted},
		// Rule 5.
		{"exch01.corp.example:80", unlisted},
		{"10.1.2.3:4450", unlisted},
		{"[2001:db8::1]:22", unlisted},
		{"exch02", `target is not allowed by the configuration; "exch02:139" is`},
		{"exch02:445", `target is not allowed by the configuration; "exch02:139" is`},
		{"10.1.2.51", `target is not allowed by the configuration; "10.1.2.51:4450" is`},
		{"10.1.2.50:4451", `target is not allowed by the configuration; "10.1.2.50:4450" is`},
		// Rule 7: both ports belong to others.
		{"10.1.2.60", `target is not allowed by the configuration; "10.1.2.60:445" is`},
	}
	for _, tt := range tests {
		t.Run(tt.ask, func(t *testing.T) {
			target, err := c.Target(tt.ask, "")
			if !errors.Is(err, ErrNotAllowed) || errors.Is(err, ErrBadTarget) {
				t.Fatalf("error %v, target %+v", err, target)
			}
			if want := `"` + tt.ask + `": ` + tt.want; err.Error() != want {
				t.Errorf("error %q, want %q", err, want)
			}
			if target.Name != "" || target.Ports != nil || target.Auth.Username != "" {
				t.Errorf("a target together with an error: %+v", target)
			}
		})
	}
}

func TestBadTarget(t *testing.T) {
	c := parse(t, allowYAML)
	for _, ask := range []string{
		"", " ", ".", "..", ":", ":445", "h:", "h:0", "h:00445", "h:0445", "h:65536", "h:-1", "h:+445", "h: 445", "h:smb", "h:445:139",
		"a..b", ".a", "a..", "a b", " exch02:139", "exch02:139 ", "exch02\x00:139", "exch02\n:139", "exch02/24:139",
		"10.1.2.0/24", "http://exch02", `\\exch02`, "user@exch02", "exch02?x", "exch02#", "exch02%eth0", "héx", "exch02。example", "１０.1.2.3",
		"[", "[]", "[exch02]", "[10.1.2.3]", "[2001:db8::1", "[2001:db8::1]139", "[2001:db8::1]:", "[2001:db8::1]:0", "[[2001:db8::1]]", "2001:db8::1]", "[2001:db8::1]:139:445",
		"2001:db8::1::2", "2001:db8", "1:2:3:4:5:6:7:8:9", "12345::", "::ffff:10.1.2.3:445", "::ffff:10.1.2", "::ffff:010.1.2.3", "::ffff:0x0a.1.2.3", "::ffff:256.1.2.3",
		"::ffff:10.1.2.3%eth0", "fe80::1%", "fe80::1%a b", "fe80::1%" + strings.Repeat("z", 65), "fe80::1%eth0%eth1", "fe80::1%eth\x00",
		"256.1.2.3", "10.256.2.3", "10.1.2.256", "10.1.65536", "10.16777216", "4294967296", "18446744073709551616", "340282366920938463463374607599599616259",
		"0400.1.2.3", "10.1.2.3.4", "10.1.2.3.4.", "1.2.3.4.5", "10..2.3", ".10.1.2.3", "09.1.2.3", "10.1.2.08", "10.1.2.0x", "0x", "0xg", "0x100000000", "exch.1", "exch.0x1", "a.b.12", "a10.1.2.3", "10.1.2.+3", "10.1.2.50:139139", "0x_a.1.2.3", "1_0.1.2.3", "0b1010.1.2.3", "0o12.1.2.3",
		"0.0.0.0", "0", "0x0", "::", "[::]", "[::]:445", "::ffff:0.0.0.0", "224.0.0.1", "ff02::1", "ff02::1%eth0",
		strings.Repeat("a", 254), strings.Repeat("a", 301), strings.Repeat("0", 301), strings.Repeat("[", 300),
	} {
		target, err := c.Target(ask, "")
		if !errors.Is(err, ErrBadTarget) || errors.Is(err, ErrNotAllowed) {
			t.Errorf("%.40q: error %v, target %q %v", ask, err, target.Name, target.Addr)
		}
	}
}

func TestTargetModule(t *testing.T) {
	c := parse(t, allowYAML)
	for _, tt := range []struct{ ask, module, want string }{
		{"exch02:139", "", "default"},
		{"exch02:139", "default", "default"},
		{"both:139", "", "m"},
		{"both:139", "m", "m"},
		{"both:139", "default", "default"},
	} {
		target, err := c.Target(tt.ask, tt.module)
		if err != nil || target.Module.Name != tt.want {
			t.Errorf("%v: %q, %v", tt, target.Module.Name, err)
		}
	}
	for _, tt := range []struct {
		ask, module string
		is          error
		want        string
	}{
		{"exch02:139", "M", ErrUnknownModule, `"M": module is not in the configuration; did you mean m?`},
		{"exch02:139", "m", ErrModuleNotAllowed, `"m": module is not one of this target's; exch02:139 has default`},
		{"both:139", "other", ErrModuleNotAllowed, `"other": module is not one of this target's; both:139 has m, default`},
		// Who may not ask for the target does not learn which modules there are.
		{"exch03", "M", ErrNotAllowed, `"exch03": target is not allowed by the configuration; it is not under targets`},
		{"exch03", "m", ErrNotAllowed, `"exch03": target is not allowed by the configuration; it is not under targets`},
	} {
		target, err := c.Target(tt.ask, tt.module)
		if !errors.Is(err, tt.is) || err.Error() != tt.want || target.Name != "" {
			t.Errorf("%s with module %s: error %v, want %s", tt.ask, tt.module, err, tt.want)
		}
	}
}

// TestAllowsOwnModules: a login goes to another host of the account only in a way that one of
// that host's own modules has.
func TestAllowsOwnModules(t *testing.T) {
	c := parse(t, `
auths: {a: {username: a, password: hunter2}}
modules: {m: {timeout: 5s}, signed: {signing: required}, smb2: {dialect: smb2}, direct: {transport: direct}, c: {share: C$}}
targets:
  - {auth: a, hosts: [10.1.2.1]}
  - {auth: a, hosts: [10.1.2.2], modules: [m]}
  - {auth: a, hosts: [10.1.2.3], modules: [signed]}
  - {auth: a, hosts: [10.1.2.4], modules: [smb2]}
  - {auth: a, hosts: [10.1.2.5], modules: [direct]}
  - {auth: a, hosts: [10.1.2.6], modules: [c]}
  - {auth: a, hosts: [10.1.2.7], modules: [c, default]}
`)
	target, err := c.Target("10.1.2.1", "")
	if err != nil {
		t.Fatal(err)
	}
	for to, want := range map[string]bool{
		"10.1.2.2": true, "10.1.2.3": false, "10.1.2.4": false, "10.1.2.5": false, "10.1.2.6": false, "10.1.2.7": true,
	} {
		if got := target.Allows(netip.AddrPortFrom(netip.MustParseAddr(to), 139)); got != want {
			t.Errorf("%s: %v, want %v", to, got, want)
		}
	}
}

func TestTargetAllows(t *testing.T) {
	c := parse(t, allowYAML)
	tests := []struct {
		to       string
		forA     bool
		forB     bool
		describe string
	}{
		{"10.1.2.3:139", true, false, "a host of a"},
		{"[::ffff:10.1.2.3]:139", true, false, "the same, mapped"},
		{"10.1.2.3:445", true, false, "the other port"},
		{"10.1.2.3:4450", false, false, "another port"},
		{"10.1.2.3:0", false, false, "no port"},
		{"10.1.2.7:139", false, true, "a host of b"},
		{"10.1.2.7:0", false, false, "no port of a listed host"},
		{"10.1.2.8:139", false, true, "a port of b of a host of a"},
		{"10.1.2.8:445", true, false, "the port that is left of it"},
		{"10.1.2.50:4450", true, false, "a listed port"},
		{"10.1.3.3:139", false, true, "another host of b"},
		{"192.0.2.255:139", false, false, "a host of c"},
		{"127.0.0.1:139", false, false, "not listed"},
		{"[fe80::1%eth0]:139", true, false, "listed zone"},
		{"[fe80::1%eth1]:139", false, false, "another zone"},
	}
	a, err := c.Target("exch02:139", "")
	if err != nil {
		t.Fatal(err)
	}
	b, err := c.Target("both:139", "")
	if err != nil {
		t.Fatal(err)
	}
	for _, tt := range tests {
		to, err := netip.ParseAddrPort(tt.to)
		if err != nil {
			t.Fatal(err)
		}
		if got := a.Allows(to); got != tt.forA {
			t.Errorf("%s, %s, for a: %v", tt.to, tt.describe, got)
		}
		if got := b.Allows(to); got != tt.forB {
			t.Errorf("%s, %s, for b: %v", tt.to, tt.describe, got)
		}
	}
	zoned := netip.MustParseAddr("::ffff:10.1.2.3").WithZone("eth0")
	if a.Allows(netip.AddrPortFrom(zoned, 139)) {
		t.Error("an IPv4 address with a zone is allowed")
	}
	if a.Allows(netip.AddrPort{}) || a.Allows(netip.AddrPortFrom(netip.Addr{}, 139)) {
		t.Error("no address is allowed")
	}
}
