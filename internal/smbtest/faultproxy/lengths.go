package faultproxy

import (
	"math/rand/v2"
	"slices"
)

// maxBlocks is how many blocks of an AndX chain are looked at.
const maxBlocks = 8

// lengths returns the counts, lengths and offsets in a message, which a receiver has to check
// before use.
func lengths(p protocol, body []byte) []field {
	if p == smb1 {
		return smb1Lengths(body)
	}
	return smb2Lengths(body)
}

// smb1Lengths walks the blocks of a message ([MS-CIFS] 2.2.3.2 to 2.2.3.4).
func smb1Lengths(body []byte) []field {
	var found []field
	command, at := body[smb1Command], smb1HeaderSize
	reply := body[smb1Flags]&smb1Reply != 0
	for range maxBlocks {
		if at >= len(body) {
			break
		}
		found = append(found, field{at, 1}) // WordCount
		end := at + 1 + 2*int(body[at])
		if end+2 > len(body) {
			break
		}
		found = append(found, field{end, 2}) // ByteCount
		for _, f := range smb1Words(command, reply) {
			if f.at += at; f.at+f.width <= end {
				found = append(found, f)
			}
		}
		next := field{at + 3, 2}
		if !isAndX(command) || end < next.at+next.width {
			break
		}
		found = append(found, next)
		command = body[at+1]
		if command == 0xFF || int(next.number(body)) < end {
			break
		}
		at = int(next.number(body))
	}
	return found
}

func isAndX(command byte) bool {
	return slices.Contains([]byte{0x24, 0x2D, 0x2E, 0x2F, 0x73, 0x74, 0x75, 0xA2}, command)
}

// smb1Words returns the fields of a command, from its WordCount ([MS-CIFS] 2.2.4).
func smb1Words(command byte, reply bool) []field {
	switch command {
	case 0x72: // NEGOTIATE
		if reply {
			return []field{{1, 2}, {8, 4}, {34, 1}} // DialectIndex, MaxBufferSize, ChallengeLength
		}
	case 0x73: // SESSION_SETUP_ANDX
		if !reply {
			return []field{{15, 2}, {17, 2}} // OEMPasswordLen, UnicodePasswordLen
		}
	case 0x75: // TREE_CONNECT_ANDX
		if !reply {
			return []field{{7, 2}} // PasswordLength
		}
	case 0xA2: // NT_CREATE_ANDX
		if !reply {
			return []field{{6, 2}} // NameLength
		}
	case 0x2E: // READ_ANDX
		if reply {
			return []field{{11, 2}, {13, 2}, {15, 2}} // DataLength, DataOffset, DataLengthHigh
		}
		return []field{{11, 2}, {13, 2}} // MaxCount, MinCount
	case 0x2F: // WRITE_ANDX
		if reply {
			return []field{{5, 2}} // Count
		}
		return []field{{21, 2}, {23, 2}} // DataLength, DataOffset
	case 0x25, 0x32: // TRANSACTION, TRANSACTION2
		if reply { // TotalParameterCount, TotalDataCount, ParameterCount and -Offset, DataCount, -Offset and -Displacement, SetupCount
			return []field{{1, 2}, {3, 2}, {7, 2}, {9, 2}, {13, 2}, {15, 2}, {17, 2}, {19, 1}}
		}
		return []field{{1, 2}, {3, 2}, {7, 2}, {19, 2}, {21, 2}, {23, 2}, {25, 2}, {27, 1}}
	}
	return nil
}

// smb2Lengths returns NextCommand, StructureSize and the fields of the command, of the first
// message of a compound only.
func smb2Lengths(body []byte) []field {
	found := []field{{smb2NextCommand, 4}}
	known := []field{{0, 2}} // StructureSize
	response := body[smb2Flags]&flagResponse != 0
	status := field{smb2Status, 4}.number(body)
	const warning, moreProcessing, errorSize = 0x80000000, 0xC0000016, 9 // the size is also that of SESSION_SETUP
	isError := response && status >= warning && status != moreProcessing
	if isError && len(body) > smb2HeaderSize && body[smb2HeaderSize] == errorSize {
		known = append(known, field{4, 4}) // ByteCount of an error ([MS-SMB2] 2.2.2)
	} else {
		known = append(known, smb2Body(field{smb2Command, 2}.number(body), response)...)
	}
	for _, f := range known {
		if f.at += smb2HeaderSize; f.at+f.width <= len(body) {
			found = append(found, f)
		}
	}
	return found
}

// smb2Body returns the fields of a command, from its StructureSize ([MS-SMB2] 2.2.3 to 2.2.38).
func smb2Body(command uint32, response bool) []field {
	switch command {
	case 0x00: // NEGOTIATE
		if response { // NegotiateContextCount, SecurityBufferOffset and -Length, NegotiateContextOffset
			return []field{{6, 2}, {56, 2}, {58, 2}, {60, 4}}
		}
		return []field{{2, 2}} // DialectCount
	case 0x01: // SESSION_SETUP: SecurityBufferOffset, -Length
		if response {
			return []field{{4, 2}, {6, 2}}
		}
		return []field{{12, 2}, {14, 2}}
	case 0x03: // TREE_CONNECT: PathOffset, PathLength
		if !response {
			return []field{{4, 2}, {6, 2}}
		}
	case 0x05: // CREATE: (NameOffset, NameLength,) CreateContextsOffset, -Length
		if response {
			return []field{{80, 4}, {84, 4}}
		}
		return []field{{44, 2}, {46, 2}, {48, 4}, {52, 4}}
	case 0x08: // READ
		if response {
			return []field{{2, 1}, {4, 4}, {8, 4}} // DataOffset, DataLength, DataRemaining
		}
		return []field{{4, 4}} // Length
	case 0x09: // WRITE
		if response {
			return []field{{4, 4}} // Count
		}
		return []field{{2, 2}, {4, 4}} // DataOffset, Length
	case 0x0B: // IOCTL
		if response { // InputOffset, InputCount, OutputOffset, OutputCount
			return []field{{24, 4}, {28, 4}, {32, 4}, {36, 4}}
		}
		return []field{{24, 4}, {28, 4}, {36, 4}, {40, 4}, {44, 4}}
	case 0x0E, 0x10: // QUERY_DIRECTORY, QUERY_INFO: OutputBufferOffset, -Length
		if response {
			return []field{{2, 2}, {4, 4}}
		}
	}
	return nil
}

// lie returns a wrong value for a field of a message of size bytes.
func lie(f field, truth uint32, size int, random *rand.Rand) uint32 {
	most := uint32(uint64(1)<<(8*f.width) - 1)
	lies := []uint32{0, truth - 1, truth + 1, 2*truth + 1, uint32(size), uint32(size) + 1, most, most - 7, random.Uint32()}
	for i := range lies {
		lies[i] &= most
	}
	lies = slices.DeleteFunc(lies, func(n uint32) bool { return n == truth })
	return lies[random.IntN(len(lies))]
}
