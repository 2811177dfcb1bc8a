package simnt

import (
	"encoding/binary"
	"slices"
)

// Commands that change something (MS-CIFS 2.2.2.1).
const (
	cmdCreateDirectory = 0x00
	cmdDeleteDirectory = 0x01
	cmdOpen            = 0x02
	cmdCreate          = 0x03
	cmdFlush           = 0x05
	cmdDelete          = 0x06
	cmdRename          = 0x07
	cmdSetInformation  = 0x09
	cmdWrite           = 0x0B
	cmdLockByteRange   = 0x0C
	cmdUnlockByteRange = 0x0D
	cmdCreateTemporary = 0x0E
	cmdCreateNew       = 0x0F
	cmdLockAndRead     = 0x13
	cmdWriteAndUnlock  = 0x14
	cmdWriteRaw        = 0x1D
	cmdWriteMPX        = 0x1E
	cmdSetInformation2 = 0x22
	cmdLockingAndX     = 0x24
	cmdCopy            = 0x29
	cmdMove            = 0x2A
	cmdWriteAndClose   = 0x2C
	cmdOpenAndX        = 0x2D
	cmdNTTransact      = 0xA0
	cmdNTRename        = 0xA5
)

// noFID marks a command that names what it changes.
const noFID = -1

// change describes the request of a command that changes something.
type change struct {
	wordCounts []int
	fidAt      int // offset in bytes in the words, or noFID
}

// changes are the commands that a server whose disks are read-only refuses (MS-CIFS 2.2.4).
var changes = map[byte]change{
	cmdCreateDirectory: {[]int{0}, noFID},
	cmdDeleteDirectory: {[]int{0}, noFID},
	cmdCreate:          {[]int{3}, noFID},
	cmdDelete:          {[]int{1}, noFID},
	cmdRename:          {[]int{1}, noFID},
	cmdSetInformation:  {[]int{8}, noFID},
	cmdWrite:           {[]int{5}, 0},
	cmdLockByteRange:   {[]int{5}, 0},
	cmdUnlockByteRange: {[]int{5}, 0},
	cmdCreateTemporary: {[]int{3}, noFID},
	cmdCreateNew:       {[]int{3}, noFID},
	cmdLockAndRead:     {[]int{5}, 0},
	cmdWriteAndUnlock:  {[]int{5}, 0},
	cmdWriteRaw:        {[]int{12, 14}, 0},
	cmdWriteMPX:        {[]int{12}, 0},
	cmdSetInformation2: {[]int{7}, 0},
	cmdLockingAndX:     {[]int{8}, 4},
	cmdCopy:            {[]int{3}, noFID},
	cmdMove:            {[]int{3}, noFID},
	cmdWriteAndClose:   {[]int{6, 12}, 0},
	cmdNTRename:        {[]int{4}, noFID},
}

// refuseChange answers a command that changes something with STATUS_ACCESS_DENIED, as NT does
// for a caller without the right to, and any other one as unknown.
func (c *conn) refuseChange(r *request) uint32 {
	switch r.command {
	case cmdOpen:
		return refuseOpen(r, []int{2}, 0, noFID)
	case cmdOpenAndX:
		return refuseOpen(r, []int{15}, 6, 16)
	case cmdNTTransact:
		return refuseNTTransact(r)
	}
	change, known := changes[r.command]
	switch {
	case !known:
		return statusBadCommand
	case !slices.Contains(change.wordCounts, r.wordCount()):
		return statusInvalidSMB
	case change.fidAt != noFID && c.openOf(r, r.u16(change.fidAt)) == nil:
		return statusInvalidHandle
	}
	return statusAccessDenied
}

// changesFile reports whether an open of the dialects before NT LM 0.12 would write or make a
// file (MS-CIFS 2.2.4.41.1: AccessMode, OpenMode).
func changesFile(access, open uint16) bool {
	const toWrite, toReadAndWrite, truncate, create = 1, 2, 0x0002, 0x0010
	mode := access & 7
	return mode == toWrite || mode == toReadAndWrite || open&(truncate|create) != 0
}

// refuseOpen answers an open of an older dialect, whose AccessMode and OpenMode are at these
// offsets in the words.
func refuseOpen(r *request, wordCounts []int, accessAt, openAt int) uint32 {
	if !slices.Contains(wordCounts, r.wordCount()) {
		return statusInvalidSMB
	}
	var open uint16
	if openAt >= 0 {
		open = r.u16(openAt)
	}
	if changesFile(r.u16(accessAt), open) {
		return statusAccessDenied
	}
	return statusBadCommand
}

// refuseNTTransact answers NT_TRANSACT (MS-CIFS 2.2.4.62, 2.2.7), of which nothing is simulated.
func refuseNTTransact(r *request) uint32 {
	const (
		minWords, functionAt                         = 19, 36
		create, setSecurityDescriptor, rename, quota = 1, 3, 5, 8
	)
	if r.wordCount() < minWords {
		return statusInvalidSMB
	}
	switch r.u16(functionAt) {
	case create, setSecurityDescriptor, rename, quota:
		return statusAccessDenied
	}
	return statusNotSupported
}

// refuseTransaction2 answers a subcommand of TRANSACTION2 that changes something with
// STATUS_ACCESS_DENIED, and any other one as not implemented.
func (c *conn) refuseTransaction2(r *request, t *transaction) uint32 {
	const accessAt, openAt, openLength = 2, 12, 28 // MS-CIFS 2.2.6.1.1
	switch t.setup[0] {
	case setFS, setPathInfo, makeDirectory:
		return statusAccessDenied
	case setFileInfo:
		if len(t.parameters) < fileInfoLength {
			return statusInvalidSMB
		}
		if c.openOf(r, binary.LittleEndian.Uint16(t.parameters)) == nil {
			return statusInvalidHandle
		}
		return statusAccessDenied
	case open2:
		if len(t.parameters) < openLength {
			return statusInvalidSMB
		}
		u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(t.parameters[at:]) }
		if changesFile(u16(accessAt), u16(openAt)) {
			return statusAccessDenied
		}
	}
	return statusNotImplemented
}

// flush is FLUSH (MS-CIFS 2.2.4.6). There is nothing to write to a disk.
func (c *conn) flush(r *request, w *writer) uint32 {
	const allFiles = 0xFFFF
	if r.wordCount() != 1 {
		return statusInvalidSMB
	}
	if fid := r.u16(0); fid != allFiles && c.openOf(r, fid) == nil {
		return statusInvalidHandle
	}
	w.empty()
	return statusOK
}
