// Package peer has scripted SMB1 servers for states that no real server gets into on demand:
// hangs, resets, wrong lengths, DOS error codes, refusals of every kind. It has its own codec, so
// that a client is not tested against itself; the package's tests check it with the clients of
// Samba and impacket. Only tests may import it.
package peer

import (
	"net/netip"
	"strings"
	"time"
)

// Script configures a peer. Start from Healthy and change what the test is about.
type Script struct {
	Listen     netip.Addr // zero: 127.0.0.1; the port is a free one
	NetBIOS    *NetBIOS   // nil: direct TCP, a session request ends the connection
	KeepAlives bool       // a NetBIOS keep-alive before every answer
	Negotiate  Negotiate
	Login      Login

	// ChainCutShort answers session setup + tree connect with the session setup only, as
	// impacket does.
	ChainCutShort bool
	// DOSErrors answers with error class and code instead of NT statuses.
	DOSErrors bool

	Shares map[string]Status // by name in upper case; others are STATUS_BAD_NETWORK_NAME
	Files  map[string]File   // by CleanPath; others are Missing
	// Missing is the answer to an open of a file that is not in Files.
	Missing Status

	Faults map[Step]Fault
}

// NetBIOS is the session service (RFC 1002 4.3).
type NetBIOS struct {
	Names  map[string]byte // answer by called name, without padding and suffix: 0 accepts, others are the code of a negative answer
	Others byte            // the answer for every other name
	// Retarget is the answer to every request, if it is valid.
	Retarget netip.AddrPort
}

// Negotiate is the answer to NEGOTIATE (MS-CIFS 2.2.4.52.2).
type Negotiate struct {
	NoCommonDialect bool // DialectIndex 0xFFFF
	SecurityMode    uint8
	MaxMpxCount     uint16
	MaxBufferSize   uint32
	Capabilities    uint32
	Challenge       [8]byte
	Domain          string
	NoDomain        bool             // nothing after the challenge
	Time            func() time.Time // the server's clock
	TimeZone        int16            // minutes west of UTC
}

// Capabilities of a server (MS-CIFS 2.2.4.52.2).
const (
	CapUnicode    = 0x00000004
	CapLargeFiles = 0x00000008
	CapNTSMBs     = 0x00000010
	CapRPC        = 0x00000020
	CapStatus32   = 0x00000040
	CapLargeReadX = 0x00004000
)

// Login is the answer to SESSION_SETUP_ANDX. Any password is accepted.
type Login struct {
	Status     Status
	Guest      bool // Action bit 0: logged in as guest
	OS         string
	LANManager string
	Domain     string
}

// File is the file at a path; in IPC$ the path is the name of a pipe.
type File struct {
	Content   []byte
	Modified  time.Time
	Directory bool
	Pipe      bool // a pipe in message mode without a program behind it: calls are STATUS_NOT_IMPLEMENTED

	// OpenStatus is the answer to the open. As on NT, a sharing violation is not the answer to
	// an open for attributes only.
	OpenStatus Status
	// OpenRefusals is the number of opens of a connection that OpenStatus applies to; later ones
	// succeed. 0: all.
	OpenRefusals int

	ReadStatus Status // the answer to every read
	ClaimSize  int64  // EndOfFile in the answer to the open; 0: the real one
}

// Status is the status field of an answer: an NT status or, from DOS, an error class and code.
type Status uint32

// The statuses that a peer itself answers with.
const (
	statusInvalidSMB     Status = 0x00010002
	statusBadTID         Status = 0x00050002
	statusBadUID         Status = 0x005B0002
	statusInvalidHandle  Status = 0xC0000008
	statusNotImplemented Status = 0xC0000002
	statusBadNetworkName Status = 0xC00000CC

	statusObjectNameNotFound Status = 0xC0000034
	statusSharingViolation   Status = 0xC0000043
)

// DOS makes the status field of a DOS error (MS-CIFS 2.2.3.1); set DOSErrors too.
func DOS(class uint8, code uint16) Status { return Status(class) | Status(code)<<16 }

// Step is a step of the conversation, and the name that a command is recorded with.
type Step string

// The steps, in the order of a probe. A tree connect that is chained to a
// session setup is both.
const (
	StepAccept         Step = "accept"
	StepSessionRequest Step = "session request"
	StepNegotiate      Step = "negotiate"
	StepSessionSetup   Step = "session setup"
	StepTreeConnect    Step = "tree connect"
	StepOpen           Step = "open"
	StepRead           Step = "read"
	StepClose          Step = "close"
	StepTreeDisconnect Step = "tree disconnect"
	StepLogoff         Step = "logoff"
	StepEcho           Step = "echo"
)

// Fault is a fault at a step.
type Fault struct {
	Kind  FaultKind
	After int           // number of requests of the step that are answered correctly before
	Delay time.Duration // for Delay
	Seed  uint64        // for RandomBytes
}

// FaultKind is a kind of fault.
type FaultKind int

// The kinds of faults. After Hang, RandomBytes, HugeFrame and SMB2Stub the peer sends nothing
// more, and leaves the connection open.
const (
	Hang          FaultKind = iota + 1 // no answer
	Close                              // the connection is closed
	Reset                              // the connection is reset
	RandomBytes                        // 512 random bytes, from Seed
	HugeFrame                          // a frame header that announces 16 MiB less one byte
	SMB2Stub                           // a frame with the first two bytes of SMB2
	Truncate                           // half of the SMB message in a whole frame
	CloseMidFrame                      // half of the frame, then the connection is closed
	WrongMID                           // the answer carries the MID of no request
	Delay                              // the answer comes late
)

// PhonebookPath is the path of Healthy's phone book.
const PhonebookPath = `system32\ras\rasphone.pbk`

// CleanPath returns a path as a key of Files: in lower case, with backslashes, without a leading
// one.
func CleanPath(path string) string {
	return strings.ToLower(strings.Trim(strings.ReplaceAll(path, "/", `\`), `\`))
}

// Healthy returns a server like Windows NT 4.0 SP6a with the shares ADMIN$ and IPC$ and a phone
// book with this content. It accepts direct TCP; for NetBIOS sessions set NetBIOS to &NetBIOS{}.
func Healthy(phonebook []byte) Script {
	return Script{
		Negotiate: Negotiate{
			SecurityMode:  0x03,
			MaxMpxCount:   50,
			MaxBufferSize: 4356,
			Capabilities:  CapUnicode | CapLargeFiles | CapNTSMBs | CapRPC | CapStatus32,
			Challenge:     [8]byte{0x01, 0x23, 0x45, 0x67, 0x89, 0xAB, 0xCD, 0xEF},
			Domain:        "TESTDOM",
			Time:          time.Now,
		},
		Login:   Login{OS: "Windows NT 4.0", LANManager: "NT LAN Manager 4.0", Domain: "TESTDOM"},
		Shares:  map[string]Status{"ADMIN$": 0, "IPC$": 0},
		Missing: statusObjectNameNotFound,
		Files: map[string]File{PhonebookPath: {
			Content:  phonebook,
			Modified: time.Date(1999, time.March, 2, 10, 20, 30, 0, time.UTC),
		}},
	}
}
