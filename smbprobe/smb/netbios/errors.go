package netbios

import (
	"fmt"
	"net/netip"
)

// Codes of a refused session request (RFC 1002 4.3.4).
const (
	CodeNotListeningOnCalled   byte = 0x80
	CodeNotListeningForCalling byte = 0x81
	CodeCalledNotPresent       byte = 0x82
	CodeNoResources            byte = 0x83
	CodeUnspecified            byte = 0x8F
)

// RefusedError is a negative answer to a session request: the server is there,
// but not for these names.
type RefusedError struct {
	Called string // the name that was asked for
	Code   byte   // one of the codes of RFC 1002 4.3.4
}

func (e *RefusedError) Error() string {
	return fmt.Sprintf("the server refused the called name %q with code 0x%02X: %s", e.Called, e.Code, refusal(e.Code))
}

func refusal(code byte) string {
	switch code {
	case CodeNotListeningOnCalled:
		return "the name is there, but its server service does not listen; start the service, or try another called name"
	case CodeNotListeningForCalling:
		return "it does not listen for our calling name; the server may limit which hosts may connect"
	case CodeCalledNotPresent:
		return "the name is not there; set netbios_name to the server's computer name"
	case CodeNoResources:
		return "the name is there, but without resources for another session; try again later"
	case CodeUnspecified:
		return "no reason given; try another called name"
	}
	return "a code that RFC 1002 does not know"
}

// RetargetError is an answer that sends the caller to another address, where it
// is to repeat the request. Check that the address is allowed before the login
// goes there.
type RetargetError struct {
	Addr netip.AddrPort
}

func (e *RetargetError) Error() string {
	return fmt.Sprintf("the server sends us on to %s; add that address to the targets if it is to be followed", e.Addr)
}
