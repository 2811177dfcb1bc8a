package ntlm

import (
	"fmt"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// Challenge is what a server said before a login, as far as the responses
// depend on it.
type Challenge struct {
	Nonce [8]byte // the challenge of the negotiate answer (MS-CIFS 2.2.4.52.2)

	// ServerTime is the server's clock at the time of the login: the clock of
	// the negotiate answer and the time that has gone by since. Only V2 sends it;
	// a server refuses one that is more than 30 minutes off. The zero time is
	// sent as 0.
	ServerTime time.Time

	// Domain and Server are the NetBIOS names of the server's domain and of the
	// server itself, for the AV pairs of V2. One that is empty, or longer than
	// the 15 characters of a NetBIOS name, is left out: a wrong name is worse
	// than none, for a domain controller may compare.
	Domain, Server string
}

// Response is what a login sends, and what signs the messages after it. It is
// as good as a password to whoever can guess long enough, so every way of
// printing one gives a mask; a surrounding struct must hold it in no unexported
// field that is printed.
type Response struct {
	OEM     []byte // field OEMPassword of SESSION_SETUP_ANDX
	Unicode []byte // field UnicodePassword

	SessionKey  [16]byte // key of Sign
	MACResponse []byte   // response of Sign
}

// Format implements fmt.Formatter for every verb.
func (r Response) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(secret.Masked)) }

// MarshalText implements encoding.TextMarshaler, which encoding/json and
// log/slog use.
func (r Response) MarshalText() ([]byte, error) { return []byte(secret.Masked), nil }
