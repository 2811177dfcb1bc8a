package simnt

import (
	"strings"
	"time"
)

// info is what a server says of a file or a folder.
type info struct {
	name       string
	size       int64
	modified   time.Time
	attributes uint32
	folder     bool
}

// infoOf asks what a node is at the moment.
func (h *Host) infoOf(n *node) info {
	h.mu.Lock()
	defer h.mu.Unlock()
	return n.info()
}

// info is asked with Host.mu held.
func (n *node) info() info {
	return info{name: n.name, size: n.length(), modified: n.modified, attributes: n.attributes(), folder: n.isFolder()}
}

// allocation is the size in whole clusters.
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

// appendInfo appends what a level tells. ok is false for a level that is not known here.
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

// counted writes a text with its length in bytes before it.
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

// shortName is the name of 8 and 3 characters that NTFS gives a file, where no other file
// has the same.
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
