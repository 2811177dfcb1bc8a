package web

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseExternalAddress(t *testing.T) {
	tests := []struct {
		in      string
		want    address
		wantErr bool
	}{
		{"", address{}, false},
		{"exporter", address{host: "exporter"}, false},
		{"exporter.example:10196", address{host: "exporter.example:10196"}, false},
		{"10.1.2.3:10196", address{host: "10.1.2.3:10196"}, false},
		{"[fd00::1]:10196", address{host: "[fd00::1]:10196"}, false},
		{"http://exporter:10196", address{scheme: "http", host: "exporter:10196"}, false},
		{"https://exporter/", address{scheme: "https", host: "exporter"}, false},
		{"https://exporter/a/b%20c/", address{scheme: "https", host: "exporter", path: "/a/b%20c"}, false},
		{"exporter/path", address{}, true},
		{"ftp://exporter", address{}, true},
		{"https://user:password@exporter", address{}, true},
		{"https://exporter?x=1", address{}, true},
		{"https://exporter#x", address{}, true},
		{"https://", address{}, true},
		{"https://%zz", address{}, true},
		{":10196", address{}, true},
	}
	for _, tt := range tests {
		got, err := parseExternalAddress(tt.in)
		if (err != nil) != tt.wantErr {
			t.Errorf("%q: error %v, want one: %t", tt.in, err, tt.wantErr)
		}
		if err != nil && strings.Contains(err.Error(), "password@") {
			t.Errorf("%q: the error has the password in it: %v", tt.in, err)
		}
		if diff := cmp.Diff(tt.want, got, cmp.AllowUnexported(address{})); diff != "" {
			t.Errorf("%q (-want +got):\n%s", tt.in, diff)
		}
	}
}

func TestCheckHostPort(t *testing.T) {
	good := []string{"a", "a-b_c.example", "a:1", "a:65535", "10.1.2.3", "10.1.2.3:80", "[::1]", "[::1]:80", "[fd00::a:1]:10196"}
	bad := []string{
		"", ":80", "a:", "a:0", "a:65536", "a:-1", "a:+1", "a:b", "a b", "a/b", "a\nb", "a,b", "a@b", "ä", "::1", "a:1:2",
		"[::1", "::1]", "[]", "[10.1.2.3]", "[fe80::1%eth0]:80", "[a]:80", "[::1]x:80", "[[::1]]:80", strings.Repeat("a", maxHostPort+1),
	}
	for _, s := range good {
		if err := checkHostPort(s); err != nil {
			t.Errorf("%q: %v", s, err)
		}
	}
	for _, s := range bad {
		if err := checkHostPort(s); err == nil {
			t.Errorf("%q was taken", s)
		}
	}
}

// FuzzCheckHostPort: what is taken holds nothing that has a meaning elsewhere.
func FuzzCheckHostPort(f *testing.F) {
	for _, seed := range []string{"a:1", "[::1]:80", "[::1", "a:", "]:1", "[:1"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if err := checkHostPort(s); err == nil && strings.ContainsAny(s, " /\\\"'<>&?#@%\r\n\t\x00") {
			t.Errorf("%q was taken", s)
		}
	})
}

func TestExternalURL(t *testing.T) {
	for external, want := range map[string]string{
		"":                               "",
		"exporter.example:10196":         "http://exporter.example:10196",
		"https://mail.example/rasphone/": "https://mail.example/rasphone",
		"[2001:db8::1]:10196":            "http://[2001:db8::1]:10196",
	} {
		f := newFixture(t, func(o *Options) { o.ExternalAddress = external })
		if got := f.server.ExternalURL(); got != want {
			t.Errorf("external address %q: URL %q, want %q", external, got, want)
		}
	}
}
