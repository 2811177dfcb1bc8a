package config

import (
	"errors"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/rasphone-exporter/rasphone_exporter/internal/secret"
)

// The shape of the configuration file. Every value is a leaf that knows its
// line; what it means is decided later, so that each error can name its place.
// Line is the line of a mapping's beginning.

type fileConfig struct {
	Auths       map[string]fileAuth   `yaml:"auths"`
	Modules     map[string]fileModule `yaml:"modules"`
	LockoutFile text                  `yaml:"lockout_file,omitempty"`
	Targets     []fileTargets         `yaml:"targets"`
}

type fileAuth struct {
	Line         int    `yaml:"-"`
	Username     text   `yaml:"username"`
	Domain       text   `yaml:"domain,omitempty"`
	PasswordFile text   `yaml:"password_file,omitempty"`
	PasswordEnv  text   `yaml:"password_env,omitempty"`
	Password     hidden `yaml:"password,omitempty"`
	NTLM         text   `yaml:"ntlm"`
}

type fileModule struct {
	Line        int           `yaml:"-"`
	Timeout     text          `yaml:"timeout"`
	Dialect     text          `yaml:"dialect"`
	Transport   text          `yaml:"transport"`
	NetBIOSName text          `yaml:"netbios_name"`
	Signing     text          `yaml:"signing"`
	Share       text          `yaml:"share"`
	Phonebook   filePhonebook `yaml:"phonebook"`
	EventLog    fileEventLog  `yaml:"eventlog"`
	Session     text          `yaml:"session"`
	MinInterval text          `yaml:"min_interval"`
	Server      fileServer    `yaml:"server"`
}

type filePhonebook struct {
	Path          text   `yaml:"path"`
	DialedEntries []text `yaml:"dialed_entries,flow"`
	MaxSize       text   `yaml:"max_size"`
}

type fileEventLog struct {
	Enabled boolean `yaml:"enabled"`
	Log     text    `yaml:"log"`
	Source  text    `yaml:"source"`
	EventID number  `yaml:"event_id"`
	Windows []text  `yaml:"windows,flow"`
}

type fileServer struct {
	Registry boolean `yaml:"registry"`
	Services []text  `yaml:"services,flow"`
}

type fileTargets struct {
	Line    int             `yaml:"-"`
	Hosts   []text          `yaml:"hosts"`
	Auth    text            `yaml:"auth"`
	Modules []text          `yaml:"modules,flow"`
	Labels  map[string]text `yaml:"labels,omitempty"`
}

// leaf is a single value of the file.
type leaf interface {
	// decode takes the value of a scalar node. Its errors do not quote the
	// value, which may be a password at a wrong place.
	decode(n *yaml.Node) error
}

// text is a value as the file spells it. The zero text is one that the file
// does not have.
type text struct {
	value string
	line  int
	given bool
}

// given makes a text that stands in no file.
func given(value string) text { return text{value: value, given: true} }

func givenAll(values []string) []text {
	texts := make([]text, len(values))
	for i, v := range values {
		texts[i] = given(v)
	}
	return texts
}

func (t *text) decode(n *yaml.Node) error {
	if n.Kind != yaml.ScalarNode {
		return errors.New("must be a single value, not a list or a mapping")
	}
	if n.Style&yaml.TaggedStyle != 0 {
		return errors.New("has a YAML tag, which is not supported; leave the tag out, and put a value that begins with ! in quotes")
	}
	*t = text{line: n.Line}
	if n.ShortTag() != "!!null" { // a key without a value counts as missing
		t.value, t.given = n.Value, true
	}
	return nil
}

// IsZero implements yaml.IsZeroer, for omitempty.
func (t text) IsZero() bool { return !t.given }

// MarshalYAML implements yaml.Marshaler.
func (t text) MarshalYAML() (any, error) { return t.value, nil }

// boolean is true or false.
type boolean struct{ text }

func (b *boolean) decode(n *yaml.Node) error {
	if err := b.text.decode(n); err != nil {
		return err
	}
	switch b.value = strings.ToLower(b.value); {
	case !b.given, b.value == "true", b.value == "false":
		return nil
	}
	switch b.value {
	case "yes", "on", "y", "1":
		return errors.New("must be true or false; write true")
	case "no", "off", "n", "0":
		return errors.New("must be true or false; write false")
	}
	return errors.New("must be true or false")
}

func givenBoolean(value bool) boolean { return boolean{given(strconv.FormatBool(value))} }

func (b boolean) or(fallback bool) bool {
	if !b.given {
		return fallback
	}
	return b.value == "true"
}

// MarshalYAML implements yaml.Marshaler.
func (b boolean) MarshalYAML() (any, error) { return b.value == "true", nil }

// number is written without quotes.
type number struct{ text }

// MarshalYAML implements yaml.Marshaler.
func (n number) MarshalYAML() (any, error) {
	return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!int", Value: n.value}, nil
}

// hidden is a password that stands in the file.
type hidden struct {
	secret    secret.Secret
	line      int
	given     bool
	commented bool // a comment stands behind it, without quotes between them
}

func (h *hidden) decode(n *yaml.Node) error {
	var t text
	if err := t.decode(n); err != nil {
		return err
	}
	*h = hidden{secret: secret.New(t.value), line: t.line, given: t.given, commented: n.LineComment != "" && n.Style == 0}
	return nil
}

// IsZero implements yaml.IsZeroer, for omitempty.
func (h hidden) IsZero() bool { return !h.given }

// MarshalYAML implements yaml.Marshaler.
func (h hidden) MarshalYAML() (any, error) { return h.secret, nil }
