package simnt

import (
	"bytes"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
)

const (
	drive        = `C:\`
	systemRoot   = `C:\WINNT`
	phonebook    = systemRoot + `\System32\Ras\rasphone.pbk`
	logFolder    = systemRoot + `\System32\config\`
	phonebookTxt = "[Internet Dial-Up]\r\n" +
		"Description=\r\nAutoLogon=0\r\nDialParamsUID=1432120\r\nBaseProtocol=1\r\nVpnStrategy=0\r\nAuthentication=-1\r\n" +
		"ExcludedProtocols=3\r\nLcpExtensions=1\r\nDataEncryption=0\r\nSwCompression=1\r\nUseCountryAndAreaCodes=0\r\n" +
		"AreaCode=\r\nCountryID=1\r\nCountryCode=1\r\nSkipNwcWarning=0\r\nSkipDownLevelDialog=0\r\nDialMode=1\r\n" +
		"DialPercent=90\r\nDialSeconds=120\r\nHangUpPercent=50\r\nHangUpSeconds=120\r\nOverridePref=0\r\nRedialAttempts=0\r\n" +
		"RedialSeconds=0\r\nIdleDisconnectSeconds=0\r\nRedialOnLinkFailure=0\r\nSecureLocalFiles=0\r\nCustomDialDll=\r\n" +
		"CustomDialFunc=\r\nAuthRestrictions=0\r\nIpPrioritizeRemote=1\r\nIpHeaderCompression=1\r\nIpAddress=0.0.0.0\r\n" +
		"IpDnsAddress=0.0.0.0\r\nIpDns2Address=0.0.0.0\r\nIpWinsAddress=0.0.0.0\r\nIpWins2Address=0.0.0.0\r\nIpAssign=1\r\n" +
		"IpNameAssign=1\r\nIpFrameSize=1006\r\n\r\n" +
		"MEDIA=serial\r\nPort=COM1\r\nDevice=Modem\r\nConnectBPS=28800\r\n\r\n" +
		"DEVICE=modem\r\nPhoneNumber=555-0100\r\nPromoteHuntNumbers=0\r\nHwFlowControl=1\r\nProtocol=1\r\nCompression=1\r\nSpeaker=1\r\n"
)

// Phonebook returns the phone book of a new host: one entry, "Internet Dial-Up", over a modem
// on COM1.
func Phonebook() []byte { return []byte(phonebookTxt) }

// newVolume makes the disk of a new host.
func (h *Host) newVolume() {
	installed := h.now().AddDate(0, -6, 0).Truncate(time.Second)
	h.disk = newFolder("", installed)
	for _, folder := range []string{systemRoot + `\System32\Ras`, systemRoot + `\System32\config`, systemRoot + `\System32\drivers`, drive + `exchsrvr`} {
		h.disk.make(parts(folder), installed)
	}
	h.WriteFile(phonebook, Phonebook(), installed.AddDate(0, 1, 0))
	h.WriteFile(systemRoot+`\win.ini`, []byte("; for 16-bit app support\r\n[fonts]\r\n[extensions]\r\n[files]\r\n"), installed)
	for file, log := range map[string]string{"AppEvent.Evt": "Application", "SysEvent.Evt": "System", "SecEvent.Evt": "Security"} {
		h.WriteFile(logFolder+file, nil, installed)
		n, _ := h.disk.walk(withoutDrive(logFolder + file))
		n.size = h.system.Log(log).Size
	}
}

// withoutDrive removes the drive from a path on the server.
func withoutDrive(path string) string {
	return strings.TrimPrefix(strings.TrimPrefix(path, drive), strings.ToLower(drive))
}

func parts(path string) []string {
	all, _ := splitPath(withoutDrive(path))
	return all
}

// WriteFile writes a file to the server's disk, with missing folders, or replaces it:
// `C:\WINNT\System32\Ras\rasphone.pbk`. It panics if the path is not valid on NT.
func (h *Host) WriteFile(name string, content []byte, modified time.Time) {
	all, status := splitPath(withoutDrive(name))
	if status != statusOK || len(all) == 0 {
		panic(fmt.Sprintf("simnt: WriteFile: %q is not the path of a file", name))
	}
	h.mu.Lock()
	defer h.mu.Unlock()
	last := len(all) - 1
	folder := h.disk.make(all[:last], modified)
	key := strings.ToUpper(all[last])
	file := folder.children[key]
	if file == nil || file.isFolder() {
		file = &node{name: all[last]}
		folder.children[key] = file
	}
	file.content, file.modified, file.size = bytes.Clone(content), modified, nil
}

// RemoveFile removes a file, if it exists.
func (h *Host) RemoveFile(name string) { h.remove(name) }

// RemoveFolder removes a folder with its contents, if it exists.
func (h *Host) RemoveFolder(name string) { h.remove(name) }

func (h *Host) remove(name string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.disk.remove(withoutDrive(name))
}

// DenyFile makes every open of a file or folder, and of what is below it, fail with an NT
// status, such as that of a damaged disk or of a server without resources; 0: opens work
// again. It does nothing if the file does not exist.
func (h *Host) DenyFile(name string, status uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if n, found := h.disk.walk(withoutDrive(name)); found == statusOK {
		n.refusal = status
	}
}

// Attributes of files (MS-CIFS 2.2.1.2.3).
const (
	attributeDirectory = 0x10
	attributeArchive   = 0x20
)

// node is a file or folder of the simulated disk. Its fields are guarded by Host.mu; the
// content is replaced and never modified.
type node struct {
	name     string // in its original case
	children map[string]*node
	content  []byte
	size     func() int64 // not nil: a file that a service has open: it can be queried and not read
	modified time.Time
	refusal  uint32  // the NT status that opens fail with; 0: none
	opens    []*open // current ones
}

func newFolder(name string, modified time.Time) *node {
	return &node{name: name, children: map[string]*node{}, modified: modified}
}

func (n *node) isFolder() bool { return n.children != nil }

func (n *node) length() int64 {
	if n.size != nil {
		return n.size()
	}
	return int64(len(n.content))
}

func (n *node) attributes() uint32 {
	if n.isFolder() {
		return attributeDirectory
	}
	return attributeArchive
}

// sorted returns the contents of a folder in the order of NTFS: by name in upper case.
func (n *node) sorted() []*node {
	var all []*node
	for _, key := range slices.Sorted(maps.Keys(n.children)) {
		all = append(all, n.children[key])
	}
	return all
}

// splitPath splits a path, `\System32\Ras`. The status is that of NT for an invalid one:
// empty parts, dots, characters that names cannot have.
func splitPath(path string) ([]string, uint32) {
	path = strings.Trim(path, `\`)
	if path == "" {
		return nil, statusOK
	}
	parts := strings.Split(path, `\`)
	for _, part := range parts {
		switch {
		case part == ".." || part == ".":
			return nil, statusObjectPathSyntaxBad
		case part == "" || strings.ContainsAny(part, "\"*/:<>?|") || strings.ContainsFunc(part, func(r rune) bool { return r < ' ' }):
			return nil, statusObjectNameInvalid
		}
	}
	return parts, statusOK
}

// walk returns the node at a path below this one. The status distinguishes a missing leaf
// from a missing folder.
func (n *node) walk(path string) (*node, uint32) {
	parts, status := splitPath(path)
	if status != statusOK {
		return nil, status
	}
	for i, part := range parts {
		next := n.children[strings.ToUpper(part)]
		last := i == len(parts)-1
		switch {
		case next == nil && last:
			return nil, statusObjectNameNotFound
		case next == nil || !last && !next.isFolder():
			return nil, statusObjectPathNotFound
		case !last && next.refusal != statusOK && next.refusal != statusSharingViolation:
			return nil, next.refusal
		}
		n = next
	}
	return n, statusOK
}

// make makes the missing folders of a path, and returns the last one.
func (n *node) make(folders []string, modified time.Time) *node {
	for _, name := range folders {
		key := strings.ToUpper(name)
		next := n.children[key]
		if next == nil || !next.isFolder() {
			next = newFolder(name, modified)
			n.children[key] = next
		}
		n = next
	}
	return n
}

// remove removes a file or folder, if it exists. What is open stays open.
func (n *node) remove(path string) {
	parts, _ := splitPath(path)
	if len(parts) == 0 {
		return
	}
	last := len(parts) - 1
	if parent, status := n.walk(strings.Join(parts[:last], `\`)); status == statusOK {
		delete(parent.children, strings.ToUpper(parts[last]))
	}
}

// release removes an open from a node.
func (n *node) release(o *open) {
	n.opens = slices.DeleteFunc(n.opens, func(other *open) bool { return other == o })
}
