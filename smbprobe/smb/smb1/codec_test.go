package smb1

import (
	"bytes"
	"encoding/binary"
	"encoding/hex"
	"errors"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/netbios"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb/ntlm"
)

// windows2000 returns the messages of a real server by name.
func windows2000(t testing.TB) map[string][]byte {
	t.Helper()
	text, err := os.ReadFile("testdata/windows2000.txt")
	if err != nil {
		t.Fatal(err)
	}
	messages := make(map[string][]byte)
	for line := range strings.Lines(string(text)) {
		name, digits, _ := strings.Cut(strings.TrimSpace(line), " ")
		if messages[name], err = hex.DecodeString(digits); err != nil {
			t.Fatal(err)
		}
	}
	return messages
}

func parse(t testing.TB, raw []byte) *message {
	t.Helper()
	h, err := parseHeader(raw)
	if err != nil {
		t.Fatal(err)
	}
	return &message{header: h, raw: raw}
}

func TestAnswersOfWindows2000(t *testing.T) {
	raw := windows2000(t)

	n, err := parseNegotiate(parse(t, raw["negotiate"]))
	if err != nil {
		t.Fatal(err)
	}
	want := negotiated{
		securityMode: 0x03, maxMpx: 10, maxBufferSize: 4356, capabilities: 0xE3FD,
		time:      time.Date(2006, time.January, 25, 21, 30, 27, 735250000, time.UTC),
		challenge: [8]byte{0x87, 0x06, 0x1a, 0x4e, 0xd9, 0x31, 0xf8, 0x42},
		domain:    "WORKGROUP", serverName: "LIJULK-55O3RDFB",
	}
	if diff := cmp.Diff(want, n, cmp.AllowUnexported(negotiated{})); diff != "" {
		t.Error(diff)
	}

	m := parse(t, raw["session_setup"])
	a, err := parseLogin(m)
	if err != nil {
		t.Fatal(err)
	}
	wantLogin := loginAnswer{os: "Windows 5.0", lanManager: "Windows 2000 LAN Manager", domain: "WORKGROUP"}
	if diff := cmp.Diff(wantLogin, a, cmp.AllowUnexported(loginAnswer{})); diff != "" || m.uid != 0x0800 {
		t.Error(m.uid, diff)
	}

	c, err := parseCreate(parse(t, raw["create"]))
	if err != nil {
		t.Fatal(err)
	}
	wantCreate := created{fid: 0x4000, resourceType: typeMessagePipe}
	if diff := cmp.Diff(wantCreate, c, cmp.AllowUnexported(created{})); diff != "" {
		t.Error(diff)
	}

	for name, size := range map[string]int{"bind_ack": 68, "fault": 32} {
		tr := transaction{limit: 4280}
		last, err := tr.add(parse(t, raw[name]))
		if !last || err != nil || len(tr.data) != size || tr.data[0] != 5 {
			t.Errorf("%s: last %v, %v, % x", name, last, err, tr.data)
		}
	}
}

// TestCreateRequestVector compares with a request that was made independently
// of this code; the fields that differ by choice are listed.
func TestCreateRequestVector(t *testing.T) {
	vector, err := hex.DecodeString("ff534d42a2000000001801c0000000000000000000000000000834120008020018ff00000000120000000000000000009f01020000000000000000000000000003000000010000000000000002000000031500005c006500760065006e0074006c006f0067000000")
	if err != nil {
		t.Fatal(err)
	}
	const processID, securityFlags = 26, 80
	h := header{flags: flagCaseless | flagCanonical, flags2: flags2LongNames | flags2NTStatus | flags2Unicode, tid: 0x0800, uid: 0x0800}
	b := createRequest(h, `eventlog`, toTransact()).b[netbios.HeaderSize:]
	binary.LittleEndian.PutUint16(b[30:], 2)
	copy(b[processID:processID+2], vector[processID:])
	b[securityFlags] = vector[securityFlags]
	if diff := cmp.Diff(hex.EncodeToString(vector), hex.EncodeToString(b)); diff != "" {
		t.Error(diff)
	}
}

// TestLoginRequestLayout holds the request against the offsets of MS-CIFS, and
// what NT must not be sent.
func TestLoginRequestLayout(t *testing.T) {
	n := negotiated{maxMpx: 10, maxBufferSize: 4356, capabilities: capUnicode | capNTSMBs | capStatus32 | 0x80000000}
	response := ntlm.Response{OEM: make([]byte, 24), Unicode: make([]byte, 24)}
	b := loginRequest(n, response, "svcprobe", "EXCHDOM", `\\EXCH1\ADMIN$`, false).b[netbios.HeaderSize:]
	u16 := func(at int) uint16 { return binary.LittleEndian.Uint16(b[at:]) }
	for _, test := range []struct {
		what string
		got  uint32
		want uint32
	}{
		{"WordCount", uint32(b[32]), 13},
		{"AndXCommand", uint32(b[33]), cmdTreeConnect},
		{"MaxMpxCount", uint32(u16(39)), 10},
		{"VcNumber, never 0", uint32(u16(41)), 1},
		{"OEM response", uint32(u16(47)), 24},
		{"Unicode response", uint32(u16(49)), 24},
		{"capabilities: large reads, no extended security", binary.LittleEndian.Uint32(b[55:]), 0x405C},
		{"the account name on an even offset", uint32(u16(110)), 's'},
		{"Flags2", uint32(u16(10)), 0xC001},
	} {
		if test.got != test.want {
			t.Errorf("%s: 0x%X, expected 0x%X", test.what, test.got, test.want)
		}
	}
	tree := int(u16(35))
	if b[tree] != 4 || b[tree+1] != cmdNone || u16(tree+7) != 1 || !strings.HasSuffix(string(b), "?????\x00") {
		t.Errorf("tree connect block % x", b[tree:])
	}
	if got := int(u16(tree+9)) + tree + 11; got != len(b) {
		t.Errorf("the tree connect's ByteCount ends at %d of %d", got, len(b))
	}
	if tree != 61+int(u16(59)) {
		t.Errorf("the chain goes on at %d, the bytes end at %d", tree, 61+int(u16(59)))
	}
}

func TestOEMStrings(t *testing.T) {
	h := header{flags2: flags2NTStatus, command: cmdTreeConnect}
	if b := treeConnectRequest(h, `\\EXCH1\ADMIN$`).b; !strings.Contains(string(b), "\\\\EXCH1\\ADMIN$\x00?????\x00") {
		t.Errorf("% x", b)
	}
	if w := treeConnectRequest(h, `\\EXCH1\Ω`); w.err == nil {
		t.Error("a name outside of the code page was sent")
	}
	r := textReader{bytes: []byte("W\x81ste\x00half"), unicode: false}
	if a, b, c := r.next(), r.next(), r.next(); a != "Wüste" || b != "half" || c != "" {
		t.Errorf("%q %q %q", a, b, c)
	}
}

func TestUnicodeStringsOfCarelessServers(t *testing.T) {
	for _, test := range []struct {
		name   string
		bytes  string
		offset int
		want   []string
	}{
		{"aligned by a pad byte", "\x00A\x00\x00\x00B\x00\x00\x00", 41, []string{"A", "B", ""}},
		{"half a terminator at the end", "A\x00\x00\x00B\x00\x00", 42, []string{"A", "B", ""}},
		{"no terminator", "A\x00B\x00", 42, []string{"AB", ""}},
		{"nothing", "", 41, []string{"", ""}},
		{"a control character", "A\x00\x1b\x00\x00\x00", 42, []string{"A\uFFFD"}},
		{"half a surrogate pair", "\x00\xd8\x00\x00", 42, []string{"\uFFFD"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := textReader{bytes: []byte(test.bytes), offset: test.offset, unicode: true}
			for i, want := range test.want {
				if got := r.next(); got != want {
					t.Errorf("string %d: %q, expected %q", i, got, want)
				}
			}
		})
	}
}

func TestNegotiateRefusals(t *testing.T) {
	good := windows2000(t)["negotiate"]
	change := func(f func([]byte)) []byte {
		b := append([]byte(nil), good...)
		f(b)
		return b
	}
	for _, test := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"no common dialect", change(func(b []byte) { b[33], b[34] = 0xFF, 0xFF }), smb.ErrNotOffered},
		{"no common dialect, short form", append(append(append([]byte(nil), good[:32]...), 1, 0xFF, 0xFF), 0, 0), smb.ErrNotOffered},
		{"plain text passwords", change(func(b []byte) { b[35] = 0x01 }), smb.ErrNotOffered},
		{"no challenge", change(func(b []byte) { b[66] = 0 }), smb.ErrNotOffered},
		{"a challenge of another length", change(func(b []byte) { b[66] = 9 }), smb.ErrProtocol},
		{"no NT SMBs", change(func(b []byte) { b[52] &^= capNTSMBs }), smb.ErrNotOffered},
		{"a tiny buffer", change(func(b []byte) { b[40], b[41] = 100, 0 }), smb.ErrProtocol},
		{"no names", append(append(append([]byte(nil), good[:67]...), 8, 0), good[69:77]...), nil},
		{"ByteCount beyond the message", change(func(b []byte) { b[67], b[68] = 0xFF, 0xFF }), smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			if _, err := parseNegotiate(parse(t, test.raw)); !errors.Is(err, test.want) {
				t.Errorf("%v, expected %v", err, test.want)
			}
		})
	}
}

// extendedSecurity makes a negotiate answer one with extended security: a GUID and a
// security blob instead of the challenge and the names (MS-SMB 2.2.4.5.2.1).
func extendedSecurity(b []byte) []byte {
	b = append(bytes.Clone(b[:headerSize+1+2*17]), 20, 0)
	b = append(b, "0123456789abcdefblob"...)
	b[66] = 0 // ChallengeLength
	return b
}

// TestExtendedSecurityUnasked: a server that answers with extended security, though
// it was not asked for, says nothing about plain text passwords.
func TestExtendedSecurityUnasked(t *testing.T) {
	good := windows2000(t)["negotiate"]
	for _, test := range []struct {
		name   string
		change func(b []byte) []byte
		want   string // part of the error; empty: none
	}{
		{"capability", func(b []byte) []byte { b[55] |= 0x80; return extendedSecurity(b) }, "insists on extended security"},
		{"flag", func(b []byte) []byte { b[11] |= 0x08; return extendedSecurity(b) }, "insists on extended security"},
		{"both, and no encrypted passwords", func(b []byte) []byte {
			b[11], b[35], b[55] = b[11]|0x08, 1, b[55]|0x80
			return extendedSecurity(b)
		}, "insists on extended security"},
		{"capability beside a challenge", func(b []byte) []byte { b[55] |= 0x80; return b }, ""},
		{"neither", extendedSecurity, "plain text only"},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parseNegotiate(parse(t, test.change(bytes.Clone(good))))
			if test.want == "" && err != nil || test.want != "" && (!errors.Is(err, smb.ErrNotOffered) || !strings.Contains(err.Error(), test.want)) {
				t.Errorf("%v, expected one with %q", err, test.want)
			}
		})
	}
}

// TestExtendedCreateAnswer: Windows writes WordCount 42 and sends 50 words, so that
// the bytes where ByteCount would be are a part of the file's number.
func TestExtendedCreateAnswer(t *testing.T) {
	extended := windows2000(t)["create"]
	const fileIDAt, endOf50 = 117, headerSize + 1 + 2*50
	if extended[headerSize] != 42 || len(extended) < endOf50+2 {
		t.Fatalf("WordCount %d in %d bytes", extended[headerSize], len(extended))
	}
	want, err := parseCreate(parse(t, extended))
	if err != nil {
		t.Fatal(err)
	}
	with := func(change func(b []byte) []byte) []byte { return change(bytes.Clone(extended)) }
	for _, test := range []struct {
		name string
		raw  []byte
		want error
	}{
		{"a file number", with(func(b []byte) []byte { copy(b[fileIDAt:], "\xff\xff\xff\xff"); return b }), nil},
		{"42 words sent", with(func(b []byte) []byte { return append(b[:fileIDAt], 0, 0) }), nil},
		{"50 words written", with(func(b []byte) []byte { b[headerSize] = 50; return b }), nil},
		{"34 words", with(func(b []byte) []byte { b[headerSize] = 34; return append(b[:headerSize+1+68], 0, 0) }), nil},
		{"truncated", extended[:fileIDAt+1], smb.ErrProtocol},
		{"34 words, truncated", with(func(b []byte) []byte { b[headerSize] = 34; return b[:headerSize+1+68] }), smb.ErrProtocol},
		{"no words", with(func(b []byte) []byte { b[headerSize] = 0; return b }), smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			got, err := parseCreate(parse(t, test.raw))
			if !errors.Is(err, test.want) {
				t.Fatalf("%v, expected %v", err, test.want)
			}
			if diff := cmp.Diff(want, got, cmp.AllowUnexported(created{})); err == nil && diff != "" {
				t.Error(diff)
			}
		})
	}
}

func TestReadSizeFitsBothBuffers(t *testing.T) {
	for _, test := range []struct {
		buffer       int
		capabilities uint32
		want         int
	}{
		{4356, 0, 4096},
		{16644, 0, 16384},
		{1024, 0, 960},
		{1 << 20, 0, 61440},
		{4356, capLargeReadX, 61440},
	} {
		if got := maxRead(negotiated{maxBufferSize: test.buffer, capabilities: test.capabilities}); got != test.want {
			t.Errorf("MaxBufferSize %d, capabilities 0x%X: %d, expected %d", test.buffer, test.capabilities, got, test.want)
		}
	}
}

func TestTransactionParts(t *testing.T) {
	part := func(status smb.Status, total, displacement int, data string) []byte {
		return answerTransaction(0, status, total, displacement, data)
	}
	for _, test := range []struct {
		name  string
		parts [][]byte
		want  string
		err   error
	}{
		{"one", [][]byte{part(0, 4, 0, "abcd")}, "abcd", nil},
		{"two", [][]byte{part(0, 4, 0, "ab"), part(0, 4, 2, "cd")}, "abcd", nil},
		{"the total shrinks", [][]byte{part(0, 9, 0, "ab"), part(0, 4, 2, "cd")}, "abcd", nil},
		{"overflow ends it", [][]byte{part(smb.StatusBufferOverflow, 9, 0, "ab")}, "ab", nil},
		{"a gap", [][]byte{part(0, 4, 0, "a"), part(0, 4, 2, "cd")}, "", smb.ErrProtocol},
		{"twice the same", [][]byte{part(0, 4, 0, "ab"), part(0, 4, 0, "ab")}, "", smb.ErrProtocol},
		{"more than the total", [][]byte{part(0, 3, 0, "abcd")}, "", smb.ErrProtocol},
		{"more than the limit", [][]byte{part(0, 20, 0, "abcdefghijklmnopqrst")}, "", smb.ErrProtocol},
		{"nothing, indefinitely", [][]byte{part(0, 4, 0, "")}, "", smb.ErrProtocol},
	} {
		t.Run(test.name, func(t *testing.T) {
			tr := transaction{limit: 10}
			var last bool
			var err error
			for i, raw := range test.parts {
				if last, err = tr.add(parse(t, raw)); err != nil {
					break
				}
				if last != (i == len(test.parts)-1) {
					t.Fatalf("part %d: last is %v", i, last)
				}
			}
			if !errors.Is(err, test.err) || test.err == nil && string(tr.data) != test.want {
				t.Errorf("%q, %v", tr.data, err)
			}
		})
	}
}
