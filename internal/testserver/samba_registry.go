package testserver

import "strconv"

// eventlogKey is where Samba looks up what it allows an event log.
const eventlogKey = `HKLM\SYSTEM\CurrentControlSet\Services\EventLog\`

// SetLogSize allows the log Application so many bytes. Samba prunes it to 512 KiB
// otherwise, whenever it is opened. Retention goes with it: Samba refuses to open
// a log of which it finds the size alone.
func (s *Samba) SetLogSize(bytes uint32) {
	s.t.Helper()
	const retention = 7 * 24 * 3600 // seconds
	key := eventlogKey + ApplicationLog
	s.netRegistry("createkey", key)
	s.netRegistry("setvalue", key, "MaxSize", "dword", strconv.FormatUint(uint64(bytes), 10))
	s.netRegistry("setvalue", key, "Retention", "dword", strconv.Itoa(retention))
}

func (s *Samba) netRegistry(args ...string) {
	s.t.Helper()
	net := needProgram(s.t, "net", "samba-common-bin")
	runProgram(s.t, "", net, append([]string{"--configfile=" + s.confPath(), "registry"}, args...)...)
}
