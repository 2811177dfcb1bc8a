package capture

// protocolID is the length of what each message begins with.
const protocolID = 4

// What messages begin with: MS-CIFS 2.2.3.1, MS-SMB2 2.2.1, 2.2.41, 2.2.42.
const (
	protocolSMB1       = "\xffSMB"
	protocolSMB2       = "\xfeSMB"
	protocolTransform  = "\xfdSMB"
	protocolCompressed = "\xfcSMB"
)

func protocolOf(m []byte) string { return string(m[:min(len(m), protocolID)]) }

// blankMessage blanks the secrets of one message, without the frame's header, from the
// client or from the server. It returns false, and leaves m as it is, where m is
// no SMB.
func blankMessage(m []byte, client bool) bool {
	switch protocolOf(m) {
	case protocolSMB1:
		blankSMB1(m, client)
	case protocolSMB2:
		blankSMB2(m, client)
	case protocolTransform:
		blankTransform(m)
	case protocolCompressed:
		clear(m[protocolID:])
	default:
		return false
	}
	return true
}
