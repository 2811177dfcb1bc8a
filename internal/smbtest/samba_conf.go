package smbtest

import (
	"cmp"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
)

// SambaOptions configure Samba; the zero value is an SMB1-only server that accepts NTLMv2 and
// NTLMv1.
type SambaOptions struct {
	MinProtocol string // "SMB2_02", "SMB3_11"; empty: "NT1"
	MaxProtocol string // empty: MinProtocol

	SigningMandatory bool // Samba never signs SMB1 without extended security
	Encrypt          bool // SMB3 encryption required

	NTLMv2Only  bool     // NTLMv1 responses are refused
	NoRawNTLMv2 bool     // NTLMv2 outside of extended security is STATUS_INVALID_PARAMETER
	MapToGuest  string   // "Bad User": unknown users are logged in as guest; empty: "Never"
	HostsDeny   string   // "ALL": NetBIOS sessions are refused
	OmitShares  []string // "ADMIN$", "C$"
	Extra       []string // lines for [global]
	ExtraShare  []string // lines for [ADMIN$]
}

// conf returns smb.conf. Every path is below dir. adminLines are added to [ADMIN$] besides
// ExtraShare; without admin there is no such share.
func (o SambaOptions) conf(dir string, port uint16, admin bool, adminLines []string) []byte {
	lowest := cmp.Or(o.MinProtocol, "NT1")
	global := []string{
		"workgroup = " + sambaDomain,
		"netbios name = " + sambaNetBIOSName,
		"server role = standalone server",
		"interfaces = 127.0.0.1/8",
		"bind interfaces only = yes",
		fmt.Sprintf("smb ports = %d", port),
		"username map = " + filepath.Join(dir, "users.map"),
		"passdb backend = tdbsam:" + filepath.Join(dir, "private", "passdb.tdb"),
		"server min protocol = " + lowest,
		"server max protocol = " + cmp.Or(o.MaxProtocol, lowest),
		"client min protocol = NT1", // smbcontrol complains otherwise
		"ntlm auth = " + pick(o.NTLMv2Only, "ntlmv2-only", "ntlmv1-permitted"),
		"raw NTLMv2 auth = " + pick(o.NoRawNTLMv2, "no", "yes"),
		"map to guest = " + cmp.Or(o.MapToGuest, "Never"),
		// smbd listens before its notify daemon has registered, and until then connects no
		// disk share: STATUS_NO_MEMORY. No test asks to be notified of changes.
		"change notify = no",
		"load printers = no",
		"printing = bsd",
		"eventlog list = Application System",
		"log file = " + filepath.Join(dir, "log.smbd"),
		"log level = 1 auth_json_audit:3@" + filepath.Join(dir, "auth.log"),
		"max log size = 0",
	}
	for _, folder := range sambaFolders {
		global = append(global, folder.option+" = "+filepath.Join(dir, folder.name))
	}
	if o.SigningMandatory {
		global = append(global, "server signing = mandatory")
	}
	if o.Encrypt {
		global = append(global, "server smb encrypt = required")
	}
	if o.HostsDeny != "" {
		global = append(global, "hosts deny = "+o.HostsDeny)
	}

	var b strings.Builder
	section(&b, "global", global, o.Extra)
	share := []string{"read only = no", "guest ok = yes", "admin users = " + Username}
	if admin && !slices.Contains(o.OmitShares, adminShare) {
		section(&b, adminShare, []string{"path = " + filepath.Join(dir, driveName, rootName), "invalid users = " + plainUnixUser}, share, o.ExtraShare, adminLines)
	}
	if !slices.Contains(o.OmitShares, driveShare) {
		section(&b, driveShare, []string{"path = " + filepath.Join(dir, driveName)}, share)
	}
	return []byte(b.String())
}

// sambaFolders are the folders that Samba would otherwise share with others on this machine,
// with the options that move them.
var sambaFolders = []struct{ option, name string }{
	{"private dir", "private"},
	{"lock directory", "lock"},
	{"state directory", "state"},
	{"cache directory", "cache"},
	{"pid directory", "pid"},
	{"ncalrpc dir", "ncalrpc"},
}

func section(b *strings.Builder, name string, lines ...[]string) {
	fmt.Fprintf(b, "[%s]\n", name)
	for _, line := range slices.Concat(lines...) {
		fmt.Fprintf(b, "\t%s\n", line)
	}
}

func pick(condition bool, yes, no string) string {
	if condition {
		return yes
	}
	return no
}
