package config

import (
	"bytes"
	"fmt"
	"math"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// A line of a file that is not YAML may have a mistake that people make often. It is
// reported by its own line, which the parser's error seldom is, and corrected, so that what
// else is wrong can be found in the same run. No message quotes a value: it may be a password.

// replaceBlanks reports characters in front of the lines' text that look like spaces or like
// nothing, as word processors and web pages leave them, and replaces them by spaces: YAML takes
// them for a part of the key.
func replaceBlanks(data []byte, p *problems) []byte {
	if !utf8.Valid(data) || !bytes.ContainsFunc(data, isOddBlank) {
		return data
	}
	var fixed bytes.Buffer
	number := 0
	for line := range bytes.Lines(data) {
		number++
		if number == 1 && bytes.HasPrefix(line, []byte(byteOrderMark)) {
			fixed.WriteString(byteOrderMark)
			line = line[len(byteOrderMark):]
		}
		text := bytes.TrimLeftFunc(line, func(r rune) bool { return r == ' ' || r == '\t' || isOddBlank(r) })
		indent := line[:len(line)-len(text)]
		if at := bytes.IndexFunc(indent, isOddBlank); at >= 0 && len(bytes.TrimSpace(text)) > 0 {
			r, _ := utf8.DecodeRune(indent[at:])
			p.addf(number, "", "in front of the text stands a character that is no space, although it may look like one (U+%04X); delete it, and indent with spaces", r)
		}
		fixed.Write(bytes.Map(func(r rune) rune {
			switch {
			case unicode.Is(unicode.Cf, r): // no width
				return -1
			case isOddBlank(r):
				return ' '
			}
			return r
		}, indent))
		fixed.Write(text)
	}
	return fixed.Bytes()
}

const byteOrderMark = "\ufeff"

// isOddBlank reports whether a character looks like a space, or like nothing, and is not ASCII.
func isOddBlank(r rune) bool {
	return r > unicode.MaxASCII && r != '\u0085' && (unicode.Is(unicode.Zs, r) || unicode.Is(unicode.Cf, r))
}

// repair reports the mistakes of text, which is not YAML, and what the parser finds beyond
// them. It returns the root of the corrected text; nil if that is not YAML either.
func repair(text []byte, p *problems) *yaml.Node {
	var best *yaml.Node
	var found []problem
	fewest := math.MaxInt
	// What a tab stands for is not known: it is what leaves the fewest mistakes.
	for _, tab := range []string{"    ", "  ", "        "} {
		r := repairer{tab: tab}
		root, line, err := parseYAML(r.read(text))
		var left problems
		if err != nil {
			r.found = append(r.found, problem{line, "", err})
		} else {
			var file fileConfig
			decoder{&left}.decode(root, "", reflect.ValueOf(&file).Elem())
		}
		mistakes := len(r.found) + len(left.list)
		if root != nil && best == nil || (root == nil) == (best == nil) && mistakes < fewest {
			best, found, fewest = root, r.found, mistakes
		}
	}
	p.list = append(p.list, found...)
	return best
}

// repairer reads a file line by line.
type repairer struct {
	tab   string // what a tab at the beginning of a line stands for
	found []problem

	columns []int // where the sections begin that the line is in, the outermost first
	open    bool  // the line above may have a section below it
}

func (r *repairer) read(text []byte) []byte {
	var fixed bytes.Buffer
	number := 0
	for line := range bytes.Lines(text) {
		number++
		end := strings.TrimLeft(string(line), " \t")
		if strings.TrimSpace(end) == "" || end[0] == '#' {
			fixed.Write(line)
			continue
		}
		indent := string(line[:len(line)-len(end)])
		if strings.Contains(indent, "\t") {
			r.add(number, "a tab stands in front of the text; indent with spaces")
			indent = strings.ReplaceAll(indent, "\t", r.tab)
		}
		end = r.fixKey(number, end)
		end = r.fixValue(number, end)
		indent = r.fixIndent(number, indent, end)
		fixed.WriteString(indent + end)
	}
	return fixed.Bytes()
}

func (r *repairer) add(line int, hint string) {
	r.found = append(r.found, problem{line, "", &syntaxError{hint}})
}

// keyNames are all keys of the file.
var keyNames = func() []string {
	var names []string
	for _, k := range Keys() {
		for _, segment := range strings.Split(k.Path, ".") {
			if segment = strings.TrimSuffix(segment, "[]"); !strings.HasPrefix(segment, "<") {
				names = append(names, segment)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}()

// Beginnings of lines. The first group is what stands before the key, the second one the key,
// the third one what is behind it.
var (
	knownKeys = strings.Join(keyNames, "|")

	keyWithoutColon = regexp.MustCompile(`^((?:- +)?)(` + knownKeys + `)(\s*\n?)$`)
	keyWithEquals   = regexp.MustCompile(`^((?:- +)?)(` + knownKeys + `) *=(.*\n?)$`)
	keyWithoutSpace = regexp.MustCompile(`^((?:- +)?)(` + knownKeys + `):([^\s:].*\n?)$`)
	dashWithTab     = regexp.MustCompile(`^-[ \t]*\t[ \t]*`)
	dashWithoutKey  = regexp.MustCompile(`^(-)(` + knownKeys + `)(:.*\n?)$`)

	// Values that need quotes: in front, the value, the rest of the line.
	reservedValue = regexp.MustCompile(`^((?:- +)?(?:[A-Za-z_]+: +)?)([*%@` + "`" + `][^#\n]*?)(\s*)$`)
	bracketValue  = regexp.MustCompile(`^(- +)(\[[0-9A-Fa-f:.%]*:[^\]\s]*\](?::\d+)?)(\s*)$`)
	colonValue    = regexp.MustCompile(`^((?:- +)?[A-Za-z_]+: +)([^\s'"\[{|>&!#].*: .*?)(\s*)$`)
	escapedValue  = regexp.MustCompile(`^((?:- +)?[A-Za-z_]+: +)("[^"]*\\[^"]*")(\s*)$`)
)

// fixKey corrects the beginning of a line, without its indentation.
func (r *repairer) fixKey(line int, text string) string {
	if m := dashWithTab.FindString(text); m != "" {
		r.add(line, "a tab stands behind the dash; write a space")
		text = "- " + text[len(m):]
	}
	if m := keyWithoutColon.FindStringSubmatch(text); m != nil {
		r.add(line, fmt.Sprintf("%s has no colon; write %s:", m[2], m[2]))
		return m[1] + m[2] + ":" + m[3]
	}
	if m := keyWithEquals.FindStringSubmatch(text); m != nil {
		r.add(line, fmt.Sprintf("%s is followed by an equals sign; write a colon and a space", m[2]))
		return m[1] + m[2] + ": " + strings.TrimLeft(m[3], " ")
	}
	if m := keyWithoutSpace.FindStringSubmatch(text); m != nil {
		r.add(line, fmt.Sprintf("the space behind %s: is missing", m[2]))
		return m[1] + m[2] + ": " + m[3]
	}
	if m := dashWithoutKey.FindStringSubmatch(text); m != nil {
		r.add(line, "the space behind the dash is missing")
		return m[1] + " " + m[2] + m[3]
	}
	return text
}

// fixValue puts a value in quotes that needs them.
func (r *repairer) fixValue(line int, text string) string {
	for _, v := range []struct {
		pattern *regexp.Regexp
		hint    string
	}{
		{reservedValue, "a value that begins with *, %, @ or a backquote needs quotes"},
		{bracketValue, `an IPv6 address in brackets needs quotes, as in "[2001:db8::1]:139"`},
		{colonValue, "a value that has a colon and a space needs quotes"},
	} {
		if m := v.pattern.FindStringSubmatch(text); m != nil {
			r.add(line, v.hint)
			return m[1] + singleQuoted(m[2]) + m[3]
		}
	}
	if m := escapedValue.FindStringSubmatch(text); m != nil {
		if _, _, err := parseYAML([]byte(text)); err != nil {
			r.add(line, "in double quotes a backslash begins an escape; put a value with backslashes in single quotes")
			return m[1] + singleQuoted(strings.Trim(m[2], `"`)) + m[3]
		}
	}
	return text
}

func singleQuoted(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }

// fixIndent corrects an indentation that belongs to no section.
func (r *repairer) fixIndent(line int, indent, text string) string {
	at := len(indent)
	if r.columns == nil {
		r.columns = []int{at}
	}
	deepest := r.columns[len(r.columns)-1]
	switch {
	case at > deepest && r.open:
		r.columns = append(r.columns, at)
	case at > deepest && !strings.Contains(text, ": ") && !strings.HasSuffix(strings.TrimSpace(text), ":"):
		return indent // goes on with the value above
	case at > deepest:
		r.add(line, fmt.Sprintf("this line begins at column %d, and the key above it, which has a value, at column %d; indent both alike", at+1, deepest+1))
		at = deepest
	default:
		left := at
		for len(r.columns) > 1 && r.columns[len(r.columns)-1] > at {
			left = r.columns[len(r.columns)-1]
			r.columns = r.columns[:len(r.columns)-1]
		}
		if r.columns[len(r.columns)-1] != at {
			r.add(line, fmt.Sprintf("this line begins at column %d, and its section at column %d; indent all lines of a section alike", at+1, left+1))
			r.columns = append(r.columns, left)
			at = left
		}
	}
	// Behind a dash a section begins in the same line.
	for rest := text; strings.HasPrefix(rest, "- "); {
		trimmed := strings.TrimLeft(rest[1:], " ")
		r.columns = append(r.columns, r.columns[len(r.columns)-1]+len(rest)-len(trimmed))
		rest = trimmed
	}
	value := strings.TrimSpace(text)
	if comment := strings.Index(value, " #"); comment >= 0 {
		value = strings.TrimSpace(value[:comment])
	}
	r.open = strings.HasSuffix(value, ":") || strings.HasSuffix(value, "|") || strings.HasSuffix(value, ">") || value == "-" || opensBracket(value)
	return strings.Repeat(" ", at)
}

// opensBracket reports whether a value goes on in the lines below.
func opensBracket(value string) bool {
	return strings.Count(value, "[")+strings.Count(value, "{") > strings.Count(value, "]")+strings.Count(value, "}")
}
