package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 16 << 20

// parseYAML returns the root of the only document. The line of an error is 0
// if the parser does not give it.
func parseYAML(data []byte) (root *yaml.Node, line int, err error) {
	// The parser panics on input that it believes to be impossible. What it
	// panics with is not printed: it may quote the file.
	defer func() {
		if recover() != nil {
			root, line, err = nil, 0, errors.New("not YAML: the parser gave up on it")
		}
	}()
	if len(data) > maxFile {
		return nil, 0, fmt.Errorf("larger than %d MiB", maxFile>>20)
	}
	empty := errors.New("empty; write auths and targets, as the example in the README has them")
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, empty
		}
		line, err := explainYAML(data, err)
		return nil, line, err
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, next.Line, errors.New("a second YAML document begins here; write one")
	case !errors.Is(err, io.EOF):
		line, err := explainYAML(data, err)
		return nil, line, err
	}
	if root = doc.Content[0]; root.ShortTag() == "!!null" {
		return nil, 0, empty
	}
	return root, 0, nil
}

// syntaxError is a file that is not YAML.
type syntaxError struct{ hint string }

func (e *syntaxError) Error() string { return "not YAML: " + e.hint }

// foreignLines are beginnings of lines that are not YAML, and what to do about them.
var foreignLines = []struct{ begins, hint string }{
	{"<<<<<<< ", "a conflict that a version control system left begins here; choose one of its two sides"},
	{">>>>>>> ", "a conflict that a version control system left ends here; choose one of its two sides"},
	{";", "a comment begins with #"},
	{"//", "a comment begins with #"},
	{"/*", "a comment begins with #, in each of its lines"},
	{"{%", "a template that was not filled in stands here"},
	{"%YAML", "a directive is not needed; delete this line, and the --- below it"},
	{"%TAG", "a directive is not needed; delete this line, and the --- below it"},
}

// foreignLine returns the first line that is not YAML as its beginning shows; 0: there is none.
func foreignLine(data []byte) (line int, hint string) {
	for text := range bytes.Lines(data) {
		line++
		text = bytes.TrimLeft(text, " \t")
		for _, foreign := range foreignLines {
			if bytes.HasPrefix(text, []byte(foreign.begins)) {
				return line, foreign.hint
			}
		}
		if at := bytes.Index(text, []byte("{{")); at >= 0 && bytes.Contains(text[at:], []byte("}}")) && !bytes.HasPrefix(text, []byte("#")) {
			return line, "a template that was not filled in stands here"
		}
	}
	return 0, ""
}

// explainYAML returns the line of a parser's error, 0 if it is not known, and what to do
// about it. The parser's errors have no types: their words decide.
func explainYAML(data []byte, parserError error) (line int, err error) {
	if line, hint := encodingProblem(data); hint != "" {
		return line, errors.New(hint)
	}
	if line, hint := foreignLine(data); line != 0 {
		return line, errors.New("not YAML: " + hint)
	}
	line = yamlLine(parserError)
	for _, known := range yamlHints {
		if strings.Contains(parserError.Error(), known.reason) {
			return line, &syntaxError{known.hint}
		}
	}
	return line, &syntaxError{yamlReason(parserError)}
}

// yamlHints are what to do about errors of the parser. The line that it gives may be the one
// after the mistake, or the first one of its section.
var yamlHints = []struct{ reason, hint string }{
	{"mapping values are not allowed", "a second key stands in this line, or it is indented further than the line above; look at the indentation, and put a value that has a colon and a space in quotes"},
	{"could not find expected ':'", "a colon is missing here or in the line above; a key is followed by a colon, a space and its value"},
	{"did not find expected key", "the section that begins here has a line that does not belong to it; look at the indentation, and for a quote or a bracket that is not closed"},
	{"did not find expected '-'", "the list that begins here has a line that is not an item; each item begins with - at the same column"},
	{"block sequence entries are not allowed", "a list begins on a line of its own, below its key"},
	{"did not find expected ','", "a bracket or brace is not closed, or a comma is missing, here or above"},
	{"did not find expected node content", "a value is missing, or a bracket is not closed, here or above"},
	{"unexpected end of stream", "a quote or a bracket is not closed, here or above"},
	{"unexpected document indicator", "a quote is not closed above"},
	{"escape", "in double quotes a backslash begins an escape; put a value with backslashes in single quotes"},
	{"cannot start any token", "a value that begins with @, % or a backquote needs quotes"},
	{"alphabetic or numeric character", "a value that begins with * or & needs quotes"},
	{"expected comment or line break", "a value that begins with > or | needs quotes"},
	{"mapping keys are not allowed", "a value that begins with a question mark and a blank needs quotes"},
	{"control characters are not allowed", "a control character is in the file, perhaps not visible; delete it"},
	{"tab character that violates indentation", "a tab stands in front of the text, or in a line without text; indent with spaces"},
	{"exceeded max depth", "too many brackets are open; close each where it ends"},
	{"<document start>", "begins like a file of another kind; write keys followed by a colon, as in the README's example"},
}

// encodingProblem returns what is wrong with how a file that is not YAML was saved, and the
// line if it is known; an empty text if nothing is.
func encodingProblem(data []byte) (line int, hint string) {
	if bytes.HasPrefix(data, []byte("\xff\xfe")) || bytes.HasPrefix(data, []byte("\xfe\xff")) || bytes.IndexByte(data, 0) >= 0 {
		return 0, "not text in UTF-8, but UTF-16 or a binary file; save it as UTF-8"
	}
	for text := range bytes.Lines(data) {
		if line++; !utf8.Valid(text) {
			return line, "this line is not text in UTF-8; save the file as UTF-8"
		}
		if bytes.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\t' && r != '\r' && r != '\n' && r != '\u0085' }) {
			return line, "a control character is in this line, perhaps not visible; delete it"
		}
	}
	return 0, ""
}

// yamlLine takes the line out of a parser's error: it is there as text only.
func yamlLine(err error) int {
	rest, ok := strings.CutPrefix(err.Error(), "yaml: line ")
	if !ok {
		return 0
	}
	digits, _, _ := strings.Cut(rest, ":")
	line, err := strconv.Atoi(digits)
	if err != nil {
		return 0
	}
	return line
}

// yamlReason is a parser's error without its line, and without words in single
// quotes: an unquoted password that begins with * is read as an alias, and
// the error names it.
func yamlReason(err error) string {
	reason := strings.TrimPrefix(err.Error(), "yaml: ")
	if strings.HasPrefix(reason, "line ") {
		_, reason, _ = strings.Cut(reason, ": ")
	}
	if quoted := regexp.MustCompile(`'[^']*[0-9A-Za-z][^']*'`); quoted.MatchString(reason) {
		reason = quoted.ReplaceAllString(reason, "(not shown)") +
			"; a value that begins with * or & needs quotes"
	}
	return reason
}

// listHint describes a value that is not the list that it must be.
func listHint(n *yaml.Node, path string, list reflect.Type) string {
	if list.Elem() == reflect.TypeFor[fileTargets]() {
		return "must be a list of groups; each begins with a dash, as in - hosts: [exch01.corp.example]"
	}
	if key := path[strings.LastIndexByte(path, '.')+1:]; n.Kind == yaml.ScalarNode && n.Value != "" && isPrintable(n.Value) && len(n.Value) < 80 {
		return fmt.Sprintf("must be a list; write %s: [%s]", key, n.Value)
	}
	return "must be a list, as in [a, b]"
}

// mappingHint describes a value that is not the mapping that it must be. The value is not
// shown: it may be a password.
func mappingHint(n *yaml.Node, mapping reflect.Type) string {
	const must = "must be a mapping of keys to values"
	switch {
	case mapping == reflect.TypeFor[fileTargets]():
		return "must be a group of hosts and their account; write - hosts: [exch01.corp.example] and below it auth: with its name"
	case n.Kind == yaml.SequenceNode:
		return must + ", not a list; leave out the dashes or brackets"
	case mapping.Kind() == reflect.Map:
		return must + "; write " + nameHint(mapping)
	case mapping == reflect.TypeFor[fileEventLog]() && n.ShortTag() == "!!bool", mapping == reflect.TypeFor[fileEventLog]() && n.Value == "off":
		return must + "; write eventlog: {enabled: false} to read no event log"
	}
	_, names := fieldByKey(reflect.New(mapping).Elem(), "")
	return must + "; the keys here are " + strings.Join(names, ", ")
}
