package smbtest

import (
	"encoding/binary"
	"fmt"
	"path/filepath"
	"strings"
	"unicode/utf16"
)

// Types of a registry value ([MS-RRP] 3.1.1.5).
const (
	regText   = 1 // REG_SZ
	regNumber = 4 // REG_DWORD
	regTexts  = 7 // REG_MULTI_SZ
)

// SetRegistry sets a REG_DWORD, and creates its key with those above it if they are missing:
// HKLM\SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters.
//
// A fresh Samba has, in HKLM\SYSTEM\CurrentControlSet, Control\Print,
// Control\ProductOptions, Control\Terminal Server, Services\LanmanServer\Shares,
// Services\Eventlog, Services\Tcpip\Parameters and Services\Netlogon\Parameters, and in
// HKLM\SOFTWARE\Microsoft\Windows NT, CurrentVersion. Some answer with values that
// cannot be set: ProductType (ServerNT), CurrentVersion (6.1), SystemRoot, Hostname.
// The first call of the service control manager makes the keys of its services in
// Services: RemoteRegistry and Spooler run, NETLOGON and WINS are stopped and disabled, and
// there are no others. Opening an event log makes its key in Services\Eventlog.
func (s *Samba) SetRegistry(key, value string, number uint32) {
	s.t.Helper()
	s.setRegistry(key, value, regNumber, binary.LittleEndian.AppendUint32(nil, number))
}

// SetRegistryText sets a REG_SZ, as SetRegistry.
func (s *Samba) SetRegistryText(key, value, text string) {
	s.t.Helper()
	s.setRegistry(key, value, regText, registryTexts(text))
}

// SetRegistryTexts sets a REG_MULTI_SZ, as SetRegistry.
func (s *Samba) SetRegistryTexts(key, value string, texts ...string) {
	s.t.Helper()
	s.setRegistry(key, value, regTexts, append(registryTexts(texts...), 0, 0))
}

// DeleteRegistryValue deletes a value, which must exist.
func (s *Samba) DeleteRegistryValue(key, value string) {
	s.t.Helper()
	s.netRegistry("deletevalue", key, value)
}

// DeleteRegistryKey deletes a key, which must exist, with its contents.
func (s *Samba) DeleteRegistryKey(key string) {
	s.t.Helper()
	s.netRegistry("deletekey_recursive", key)
}

// eventlogKey is the key with the settings of Samba's event logs.
const eventlogKey = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\`

// SetLogSize sets the largest size of the log Application in bytes. Otherwise Samba prunes it to
// 512 KiB whenever it is opened. It also sets Retention: Samba refuses to open a log that has
// only a size.
func (s *Samba) SetLogSize(bytes uint32) {
	s.t.Helper()
	const retention = 7 * 24 * 3600 // seconds
	key := eventlogKey + ApplicationLog
	s.SetRegistry(key, "MaxSize", bytes)
	s.SetRegistry(key, "Retention", retention)
}

// registryTexts returns texts in UTF-16LE, each with its terminator.
func registryTexts(texts ...string) []byte {
	var b []byte
	for _, text := range texts {
		for _, unit := range utf16.Encode([]rune(text + "\x00")) {
			b = binary.LittleEndian.AppendUint16(b, unit)
		}
	}
	return b
}

// setRegistry imports a registration file of one value: the command that sets a value mixes up
// its arguments for a REG_MULTI_SZ (Samba 4.17).
func (s *Samba) setRegistry(key, value string, kind int, data []byte) {
	s.t.Helper()
	file := filepath.Join(s.dir, "value.reg")
	writeFile(s.t, file, fmt.Appendf(nil, "Windows Registry Editor Version 5.00\n\n[%s]\n\"%s\"=hex(%d):%s\n\n", // without the empty line it ends too early
		key, value, kind, strings.ReplaceAll(fmt.Sprintf("% x", data), " ", ",")))
	s.netRegistry("import", file)
}

func (s *Samba) netRegistry(args ...string) {
	s.t.Helper()
	net := needProgram(s.t, "net", "samba-common-bin")
	runProgram(s.t, "", net, append([]string{"--configfile=" + s.confPath(), "registry"}, args...)...)
}
