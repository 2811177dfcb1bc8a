package simnt

import "encoding/binary"

// The simulated disk: 2 GB in clusters of 4 KB, a quarter of it free.
const (
	diskSectors  = 8 // a cluster
	diskSector   = 512
	diskClusters = 1 << 19
	diskFree     = diskClusters / 4
	diskSerial   = 0x1998_0706
	diskLabel    = "NT40"
)

// lookUp finds what can be asked about, as an open without rights to the contents would.
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

// pathOf reads the one name of an old command: behind a byte that says what it is.
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
