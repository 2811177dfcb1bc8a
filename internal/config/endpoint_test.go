package config

import "testing"

// The expectations are what glibc's inet_aton gives.
func TestParseIPv4(t *testing.T) {
	for s, want := range map[string]string{
		"10.1.2.3": "10.1.2.3", "167838211": "10.1.2.3", "0x0a010203": "10.1.2.3", "01200201003": "10.1.2.3",
		"10.66051": "10.1.2.3", "10.1.515": "10.1.2.3", "0x0a.1.2.3": "10.1.2.3", "012.1.2.3": "10.1.2.3",
		"10.1.65535": "10.1.255.255", "10.16777215": "10.255.255.255", "4294967295": "255.255.255.255",
		"037777777777": "255.255.255.255", "0xFFFFFFFF": "255.255.255.255", "0XffFFffff": "255.255.255.255",
		"0": "0.0.0.0", "00": "0.0.0.0", "0x0": "0.0.0.0", "127.1": "127.0.0.1", "127.0.1": "127.0.0.1",
		"1.2.3.0377": "1.2.3.255", "0xff.0xff.0xff.0xff": "255.255.255.255", "0000000010.1.2.3": "8.1.2.3",
		// no addresses
		"256.1.2.3": "", "10.1.2.256": "", "10.1.65536": "", "10.16777216": "", "4294967296": "", "040000000000": "",
		"0x100000000": "", "08": "", "10.1.2.08": "", "0400.1.2.3": "", "0x": "", "0x.1.2.3": "", "1.2.3.4.5": "",
		"1..2": "", "1.": "", ".1": "", "": "", "0xg": "", "+1": "", "-1": "", " 1": "", "1 ": "", "1_0": "", "0b1": "",
	} {
		addr, err := parseIPv4(s)
		switch {
		case want == "" && err == nil:
			t.Errorf("%q is %s", s, addr)
		case want != "" && (err != nil || addr.String() != want):
			t.Errorf("%q: %s, %v, want %s", s, addr, err, want)
		}
	}
}

func TestLooksNumeric(t *testing.T) {
	for s, want := range map[string]bool{
		"1": true, "10.1.2.3": true, "exch.1": true, "0x1": true, "0X": true, "0xg": true, "a.0xb": true, "1.2.3.4.5": true,
		"": false, ".": false, "1.": false, "a": false, "1a": false, "1.a": false, "10.1.2.3x": false, "x0": false, "1e3": false, "-1": false,
	} {
		if got := looksNumeric(s); got != want {
			t.Errorf("%q: %v", s, got)
		}
	}
}
