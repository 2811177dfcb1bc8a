package simnt

import (
	"encoding/binary"
	"strings"
	"time"
)

// The simulated disk: 2 GB in clusters of 4 KB, a quarter of it free.
const (
	diskSectors  = 8 // a cluster
	diskSector   = 512
	diskClusters = 1 << 19
	diskFree     = diskClusters / 4
	diskSerial   = 0x1998_0706
	diskLabel    = "NT40"
)

// lookUp returns a file or folder to query, like an open without rights to the contents.
func (h *Host) lookUp(t *tree, path string) (*node, uint32) {
	h.mu.Lock()
	defer h.mu.Unlock()
	n, status := h.find(t, path)
	if status != statusOK {
		return nil, status
	}
	if n.refusal != statusOK && n.refusal != statusSharingViolation {
		return nil, n.refusal
	}
	return n, statusOK
}

// pathOf reads the one name of an old command, which follows a byte with its format.
func (c *conn) pathOf(r *request) (string, bool) {
	const bufferFormatASCII = 0x04
	if r.wordCount() != 0 || len(r.bytes) == 0 || r.bytes[0] != bufferFormatASCII || r.tree.share.isIPC() {
		return "", false
	}
	return r.textsOf(1, c.unicode(r)).next(), true
}

// queryInformation is QUERY_INFORMATION (MS-CIFS 2.2.4.9).
func (c *conn) queryInformation(r *request, w *writer) uint32 {
	path, ok := c.pathOf(r)
	if !ok {
		return statusInvalidSMB
	}
	n, status := c.host.lookUp(r.tree, path)
	if status != statusOK {
		return status
	}
	i := c.host.infoOf(n)
	w.words()
	w.u16(uint16(i.attributes))
	w.u32(dosTime(i.modified))
	w.u32(uint32(i.size))
	w.zeros(10)
	w.data()
	w.end()
	return statusOK
}

// checkDirectory is CHECK_DIRECTORY (MS-CIFS 2.2.4.17).
func (c *conn) checkDirectory(r *request, w *writer) uint32 {
	path, ok := c.pathOf(r)
	if !ok {
		return statusInvalidSMB
	}
	n, status := c.host.lookUp(r.tree, path)
	switch {
	case status == statusObjectNameNotFound:
		return statusObjectPathNotFound
	case status != statusOK:
		return status
	case !n.isFolder():
		return statusNotADirectory
	}
	w.empty()
	return statusOK
}

// queryDisk is QUERY_INFORMATION_DISK (MS-CIFS 2.2.4.57), whose units count in 16 bits.
func (c *conn) queryDisk(r *request, w *writer) uint32 {
	const scale = 64 // clusters a unit
	if r.wordCount() != 0 || r.tree.share.isIPC() {
		return statusInvalidSMB
	}
	w.words()
	w.u16(diskClusters / scale)
	w.u16(diskSectors * scale)
	w.u16(diskSector)
	w.u16(diskFree / scale)
	w.u16(0)
	w.data()
	w.end()
	return statusOK
}

// Information levels of QUERY_FS_INFORMATION (MS-CIFS 2.2.2.3.4).
const (
	fsAllocation = 0x0001
	fsVolume     = 0x0102
	fsSize       = 0x0103
	fsAttribute  = 0x0105
)

// queryFS is TRANS2_QUERY_FS_INFORMATION (MS-CIFS 2.2.6.4).
func (c *conn) queryFS(r *request, w *writer, t *transaction) uint32 {
	if len(t.parameters) < 2 {
		return statusInvalidSMB
	}
	d := &writer{unicode: w.unicode}
	switch binary.LittleEndian.Uint16(t.parameters) {
	case fsAllocation:
		d.u32(0)
		d.u32(diskSectors)
		d.u32(diskClusters)
		d.u32(diskFree)
		d.u16(diskSector)
	case fsVolume:
		d.u64(toFiletime(c.host.infoOf(c.host.disk).modified))
		d.u32(diskSerial)
		label := d.encode(diskLabel)
		d.u32(uint32(len(label)))
		d.u16(0)
		d.bytes(label)
	case fsSize:
		d.u64(diskClusters)
		d.u64(diskFree)
		d.u32(diskSectors)
		d.u32(diskSector)
	case fsAttribute:
		const caseIsKept, unicodeNames, longestName = 0x2, 0x4, 255
		d.u32(caseIsKept | unicodeNames)
		d.u32(longestName)
		d.counted("NTFS")
	default:
		return statusInvalidInfoClass
	}
	return c.limited(r, w, t, nil, d.b)
}

// info is the metadata of a file or folder.
type info struct {
	name       string
	size       int64
	modified   time.Time
	attributes uint32
	folder     bool
}

// infoOf returns the current metadata of a node.
func (h *Host) infoOf(n *node) info {
	h.mu.Lock()
	defer h.mu.Unlock()
	return n.info()
}

// info returns the metadata. Host.mu is held.
func (n *node) info() info {
	return info{name: n.name, size: n.length(), modified: n.modified, attributes: n.attributes(), folder: n.isFolder()}
}

// allocation returns the size in bytes of whole clusters.
func (i info) allocation() uint64 {
	const cluster = 4096
	return uint64((i.size + cluster - 1) / cluster * cluster)
}

// times writes creation, last access, last write and change, which are all the same here.
func (w *writer) times(i info) {
	for range 4 {
		w.u64(toFiletime(i.modified))
	}
}

func (w *writer) bool(v bool) {
	if v {
		w.u8(1)
	} else {
		w.u8(0)
	}
}

// Information levels of QUERY_PATH_INFORMATION and QUERY_FILE_INFORMATION (MS-CIFS 2.2.2.3.3).
const (
	infoStandard      = 0x0001
	infoQueryEASize   = 0x0002
	queryFileBasic    = 0x0101
	queryFileStandard = 0x0102
	queryFileEA       = 0x0103
	queryFileName     = 0x0104
	queryFileAll      = 0x0107
	queryFileAltName  = 0x0108
)

// appendInfo appends the metadata of a level. ok is false if the level is not simulated.
func (w *writer) appendInfo(level uint16, i info, path string) (ok bool) {
	switch level {
	case infoStandard, infoQueryEASize:
		for range 3 {
			w.u32(smbDate(i.modified))
		}
		w.u32(uint32(i.size))
		w.u32(uint32(i.allocation()))
		w.u16(uint16(i.attributes))
		if level == infoQueryEASize {
			w.u32(0)
		}
	case queryFileBasic:
		w.times(i)
		w.u32(i.attributes)
		w.u32(0)
	case queryFileStandard:
		w.standardInfo(i)
	case queryFileEA:
		w.u32(0)
	case queryFileName:
		w.counted(path)
	case queryFileAll:
		w.times(i)
		w.u32(i.attributes)
		w.u32(0)
		w.standardInfo(i)
		w.u32(0) // EaSize
		w.counted(path)
		w.u32(0) // NT appends four bytes without meaning (MS-CIFS appendix A <147>)
	case queryFileAltName:
		w.counted(shortName(i.name))
	default:
		return false
	}
	return true
}

func (w *writer) standardInfo(i info) {
	w.u64(i.allocation())
	w.u64(uint64(i.size))
	w.u32(1) // links
	w.u8(0)  // no delete pending
	w.bool(i.folder)
	w.u16(0)
}

// counted writes a text after its length in bytes.
func (w *writer) counted(s string) {
	b := w.encode(s)
	w.u32(uint32(len(b)))
	w.bytes(b)
}

// smbDate packs a time as SMB_DATE and SMB_TIME (MS-CIFS 2.2.1.4).
func smbDate(t time.Time) uint32 {
	t = t.UTC()
	date := uint32(t.Year()-1980)<<9 | uint32(t.Month())<<5 | uint32(t.Day())
	clock := uint32(t.Hour())<<11 | uint32(t.Minute())<<5 | uint32(t.Second()/2)
	return clock<<16 | date
}

// shortName returns the name of 8 and 3 characters that NTFS assigns to a file, if no other
// file has it.
func shortName(name string) string {
	name = strings.ToUpper(strings.ReplaceAll(name, " ", ""))
	base, extension := name, ""
	if dot := strings.LastIndexByte(name, '.'); dot > 0 {
		base, extension = strings.ReplaceAll(name[:dot], ".", ""), name[dot:min(dot+4, len(name))]
	}
	if len(base) > 8 {
		base = base[:6] + "~1"
	}
	return base + extension
}
