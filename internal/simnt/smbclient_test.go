package simnt_test

import (
	"bytes"
	"fmt"
	"net/netip"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

// smbclient runs Samba's client, which must be installed, with a configuration of its own.
func smbclient(t testing.TB, addr netip.AddrPort, options []string, args ...string) string {
	t.Helper()
	program, err := exec.LookPath("smbclient")
	if err != nil {
		t.Fatalf("this test needs the program smbclient: apt-get install smbclient (%v)", err)
	}
	dir := t.TempDir()
	var conf bytes.Buffer
	fmt.Fprintln(&conf, "[global]\nclient min protocol = NT1\nclient max protocol = NT1\nclient use spnego = no")
	for _, option := range options {
		fmt.Fprintln(&conf, option)
	}
	for _, kind := range []string{"lock", "state", "cache", "private"} {
		fmt.Fprintf(&conf, "%s directory = %s\n", kind, dir)
	}
	file := filepath.Join(dir, "smb.conf")
	if err := os.WriteFile(file, conf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
	authentication := filepath.Join(dir, "account")
	account := fmt.Sprintf("username = %s\npassword = %s\ndomain = %s\n", username, password, domain)
	if err := os.WriteFile(authentication, []byte(account), 0o600); err != nil {
		t.Fatal(err)
	}
	args = append([]string{"-s", file, "-m", "NT1", "-p", fmt.Sprint(addr.Port()), "-A", authentication}, args...)
	out, err := exec.CommandContext(t.Context(), program, args...).CombinedOutput()
	if err != nil {
		t.Fatalf("smbclient %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// TestSmbclient lists folders and shares and gets the phone book with Samba's client, which
// wants Unicode.
func TestSmbclient(t *testing.T) {
	t.Parallel()
	const v1, v2, signed = "client NTLMv2 auth = no", "client NTLMv2 auth = yes", "client signing = required"
	tests := []struct {
		name    string
		options simnt.Options
		conf    []string
	}{
		{"NTLMv2", simnt.Options{ServicePack: 6}, []string{v2}},
		{"NTLMv1", simnt.Options{}, []string{v1}},
		{"NTLMv1, LM refused", simnt.Options{ServicePack: 6, LMCompatibility: 4}, []string{v1}},
		{"NTLMv2 alone", simnt.Options{ServicePack: 6, LMCompatibility: 5}, []string{v2}},
		{"signed, NTLMv2", simnt.Options{ServicePack: 6, Signing: simnt.SigningRequired}, []string{v2, signed}},
		{"signed, NTLMv1", simnt.Options{ServicePack: 3, Signing: simnt.SigningEnabled}, []string{v1, signed}},
		{"DOS errors", simnt.Options{ServicePack: 6, DOSErrors: true}, []string{v2}},
		{"Windows 2000", simnt.Options{OS: simnt.Windows2000}, []string{v2}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			_, addr := start(t, tt.options)
			got := filepath.Join(t.TempDir(), "got.pbk")
			commands := `ls; cd System32\Ras; ls; get rasphone.pbk ` + got + `; allinfo rasphone.pbk`
			out := smbclient(t, addr, tt.conf, "//127.0.0.1/ADMIN$", "-c", commands)
			for _, want := range []string{"System32", "rasphone.pbk", "blocks available", "attributes: A (20)"} {
				if !strings.Contains(out, want) {
					t.Errorf("smbclient does not say %q:\n%s", want, out)
				}
			}
			content, err := os.ReadFile(got)
			if err != nil {
				t.Fatal(err)
			}
			if !bytes.Equal(content, simnt.Phonebook()) {
				t.Errorf("smbclient gets %d bytes, want the phone book's %d", len(content), len(simnt.Phonebook()))
			}
			shares := smbclient(t, addr, tt.conf, "-g", "-L", "127.0.0.1")
			for _, want := range []string{"Disk|ADMIN$|Remote Admin", "Disk|C$|Default share", "IPC|IPC$|Remote IPC"} {
				if !strings.Contains(shares, want) {
					t.Errorf("smbclient -L does not say %q:\n%s", want, shares)
				}
			}
		})
	}
}
