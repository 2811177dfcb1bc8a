package smb2

import (
	"encoding/binary"
	"unicode/utf16"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// statusStoppedOnSymlink refuses a CREATE and names what the symbolic link on
// the way leads to; go-smb2 then opens that.
const statusStoppedOnSymlink smb.Status = 0x8000002D

// checkSymlink checks the Symbolic Link Error Response ([MS-SMB2] 2.2.2.2.1) in
// the body of an error answer that checkErrorBody has passed, to the CREATE of
// this path. SMB 3.1.1 wraps it in an error context.
func checkSymlink(body []byte, path string) error {
	data := body[8 : 8+binary.LittleEndian.Uint32(body[4:8])]
	if body[2] != 0 {
		data = data[8 : 8+binary.LittleEndian.Uint32(data[0:4])]
	}
	if len(data) < 28 || binary.LittleEndian.Uint32(data[4:8]) != 0x4C4D5953 || binary.LittleEndian.Uint32(data[8:12]) != 0xA000000C {
		return violation("a symbolic link that is described with %d bytes, or by another tag", len(data))
	}
	length := uint64(binary.LittleEndian.Uint32(data[0:4]))    // SymLinkLength, of what follows it
	reparse := uint64(binary.LittleEndian.Uint16(data[12:14])) // ReparseDataLength
	unparsed := int(binary.LittleEndian.Uint16(data[14:16]))   // bytes at the end of path
	for _, name := range [][]byte{data[16:20], data[20:24]} {  // SubstituteName, PrintName
		offset, size := uint64(binary.LittleEndian.Uint16(name[0:2])), uint64(binary.LittleEndian.Uint16(name[2:4]))
		if offset%2 != 0 || 12+offset+size > reparse {
			return violation("a symbolic link with a name that leaves it")
		}
	}
	if 4+length > uint64(len(data)) || 12+reparse > length || unparsed/2 > len(utf16.Encode([]rune(path))) {
		return violation("a symbolic link whose lengths do not fit")
	}
	return nil
}
