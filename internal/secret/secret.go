// Package secret holds a password so that nothing prints it by accident.
package secret

import (
	"crypto/subtle"
	"fmt"
	"log/slog"
)

// Masked stands wherever a secret would have been printed.
const Masked = "<secret>"

// Secret is a password. Every way that fmt, log/slog, encoding/json, YAML and
// text/template have of printing a value gives Masked; Reveal alone gives the
// password. The zero value is the empty secret.
//
// The text is inside a function because fmt, go-cmp and debug printers walk the
// unexported fields of a struct, and some follow pointers: of a function they
// can print the address alone. So secrets are compared with Equal, not with ==.
type Secret struct {
	reveal func() string
}

// New makes a secret of a password.
func New(password string) Secret {
	return Secret{reveal: func() string { return password }}
}

// Reveal returns the password. Call it only where the password is used.
func (s Secret) Reveal() string {
	if s.reveal == nil {
		return ""
	}
	return s.reveal()
}

// IsZero reports whether there is no password, or an empty one.
func (s Secret) IsZero() bool { return s.Reveal() == "" }

// Equal compares in constant time.
func (s Secret) Equal(t Secret) bool {
	return subtle.ConstantTimeCompare([]byte(s.Reveal()), []byte(t.Reveal())) == 1
}

// Format implements fmt.Formatter for every verb.
func (s Secret) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte(Masked)) }

// String implements fmt.Stringer.
func (s Secret) String() string { return Masked }

// GoString implements fmt.GoStringer.
func (s Secret) GoString() string { return Masked }

// LogValue implements slog.LogValuer.
func (s Secret) LogValue() slog.Value { return slog.StringValue(Masked) }

// MarshalText implements encoding.TextMarshaler.
func (s Secret) MarshalText() ([]byte, error) { return []byte(Masked), nil }

// MarshalJSON implements json.Marshaler.
func (s Secret) MarshalJSON() ([]byte, error) { return []byte(`"` + Masked + `"`), nil }

// MarshalYAML implements yaml.Marshaler.
func (s Secret) MarshalYAML() (any, error) { return Masked, nil }
