package smbtest_test

import (
	"os/exec"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
)

// remoteRegistry runs `net rpc registry` as the administrator.
func remoteRegistry(t *testing.T, s *smbtest.Samba, args ...string) string {
	t.Helper()
	return netRPC(t, s, smbtest.Username, append([]string{"registry"}, args...)...)
}

// netRPC runs `net rpc` over the network and returns what it wrote.
func netRPC(t *testing.T, s *smbtest.Samba, user string, args ...string) string {
	t.Helper()
	args = append([]string{"rpc", "--server=127.0.0.1", "--port=" + strconv.Itoa(int(s.Port())),
		"--user=TESTDOM/" + user + "%" + smbtest.Password, "--option=client min protocol=NT1"}, args...)
	out, _ := exec.CommandContext(t.Context(), smbtest.NeedProgram(t, "net", "samba-common-bin"), args...).CombinedOutput()
	return string(out)
}

func TestSambaRegistry(t *testing.T) {
	s := smbtest.StartSamba(t, smbtest.SambaOptions{})
	const services = `HKLM\SYSTEM\CurrentControlSet\Services\`
	const key = services + `LanmanServer\Parameters`
	s.SetRegistry(key, "AutoShareServer", 0xFFFFFFFF)
	s.SetRegistry(key, "AutoShareServer", 0)
	s.SetRegistry(key, "AutoDisconnect", 0xFFFFFFFF)
	s.SetRegistryText(key, "Comment", `a "quoted" Äußerung`)
	s.SetRegistryTexts(key, "NullSessionShares", "COMCFG", "DFS$")
	s.SetRegistryTexts(key, "NullSessionPipes")
	s.SetRegistry(services+`MSExchangeIMC\Parameters`, "RasPhone", 1)
	want := []string{
		"AutoShareServer REG_DWORD 0",
		"AutoDisconnect REG_DWORD 4294967295",
		`Comment REG_SZ "a "quoted" Äußerung"`,
		`NullSessionShares REG_MULTI_SZ "COMCFG" "DFS$"`,
		"NullSessionPipes REG_MULTI_SZ",
	}
	if diff := cmp.Diff(want, registryValues(remoteRegistry(t, s, "enumerate", key))); diff != "" {
		t.Errorf("over the network (-want +got):\n%s", diff)
	}

	s.DeleteRegistryValue(key, "Comment")
	if diff := cmp.Diff(append(want[:2:2], want[3:]...), registryValues(remoteRegistry(t, s, "enumerate", key))); diff != "" {
		t.Errorf("with a value removed (-want +got):\n%s", diff)
	}
	const made = "Keyname   = MSExchangeIMC\n"
	if out := remoteRegistry(t, s, "enumerate", services[:len(services)-1]); !strings.Contains(out, made) {
		t.Errorf("a key that was made is not there: %s", out)
	}
	s.DeleteRegistryKey(services + "MSExchangeIMC")
	if out := remoteRegistry(t, s, "enumerate", services[:len(services)-1]); !strings.Contains(out, "Keyname") || strings.Contains(out, made) {
		t.Errorf("a key that was removed is there: %s", out)
	}
}

// registryValues returns a line for each value: name, type, data.
func registryValues(out string) []string {
	var values []string
	for line := range strings.Lines(out) {
		field, text, _ := strings.Cut(strings.TrimSpace(line), "= ")
		switch field = strings.TrimSpace(field); {
		case field == "Valuename":
			values = append(values, text)
		case field == "Type", strings.HasPrefix(field, "Value"):
			values[len(values)-1] += " " + text
		}
	}
	return values
}

// TestSambaPlainUser: an account that may log in and is not an administrator.
func TestSambaPlainUser(t *testing.T) {
	s := smbtest.StartSamba(t, smbtest.SambaOptions{})
	creds := s.AddPlainUser()
	plain := account(s, "NT1")
	plain.user, plain.password = creds.Username, creds.Password.Reveal()
	if diff := cmp.Diff("NT_STATUS_ACCESS_DENIED", plain.read(t)); diff != "" {
		t.Errorf("ADMIN$: phone book or status (-want +got):\n%s", diff)
	}
	if out := netRPC(t, s, creds.Username, "service", "list"); !strings.Contains(out, "RemoteRegistry") {
		t.Errorf("asking for the services: %s", out)
	}
	plain.password = "wrong"
	if diff := cmp.Diff("NT_STATUS_LOGON_FAILURE", plain.read(t)); diff != "" {
		t.Errorf("wrong password: phone book or status (-want +got):\n%s", diff)
	}
	if diff := cmp.Diff(string(smbtest.Phonebook()), account(s, "NT1").read(t)); diff != "" {
		t.Errorf("the administrator: phone book or status (-want +got):\n%s", diff)
	}
}
