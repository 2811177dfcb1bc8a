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

	"go.yaml.in/yaml/v3"
)

// maxFile bounds the configuration file, in bytes.
const maxFile = 16 << 20

// decodeFile reads YAML into the shape of file.go. The yaml package's own
// strict decoder is not used, because its errors quote the values that do not
// fit, and one of them may be a password. The decoder here knows the line and
// the path of everything, reports all problems at once, and takes the plain
// part of YAML alone: no anchors, no aliases, no tags, one document.
func decodeFile(data []byte, p *problems) fileConfig {
	var file fileConfig
	root, line, err := parseYAML(data)
	if err != nil {
		p.add(line, "", err)
		return file
	}
	d := decoder{p}
	d.decode(root, "", reflect.ValueOf(&file).Elem())
	return file
}

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
	empty := errors.New("empty; write auths and targets, as the example in the documentation has them")
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	if err := dec.Decode(&doc); err != nil {
		if errors.Is(err, io.EOF) {
			return nil, 0, empty
		}
		return nil, yamlLine(err), fmt.Errorf("not YAML: %s", yamlReason(err))
	}
	switch err := dec.Decode(&next); {
	case err == nil:
		return nil, next.Line, errors.New("a second YAML document begins here; write one")
	case !errors.Is(err, io.EOF):
		return nil, yamlLine(err), fmt.Errorf("not YAML: %s", yamlReason(err))
	}
	if root = doc.Content[0]; root.ShortTag() == "!!null" {
		return nil, 0, empty
	}
	return root, 0, nil
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

// decoder walks the YAML tree and the Go value together. The Go types have
// finite depth, so it ends whatever the tree is.
type decoder struct{ problems *problems }

func (d decoder) decode(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.problems.addf(n.Line, path, "anchors and aliases are not supported; write the value out, and put a value that begins with & or * in quotes")
		return
	}
	if v.Kind() == reflect.Struct {
		if line := v.FieldByName("Line"); line.IsValid() {
			line.SetInt(int64(n.Line))
		}
	}
	if l, ok := v.Addr().Interface().(leaf); ok {
		if err := l.decode(n); err != nil {
			d.problems.add(n.Line, path, err)
		}
		return
	}
	if n.Kind == yaml.ScalarNode && n.ShortTag() == "!!null" {
		return // a key without a value counts as missing
	}
	switch v.Kind() {
	case reflect.Slice:
		d.sequence(n, path, v)
	case reflect.Map, reflect.Struct:
		d.mapping(n, path, v)
	default:
		panic("config: no way to decode a " + v.Type().String())
	}
}

func (d decoder) sequence(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.SequenceNode || n.ShortTag() != "!!seq" {
		d.problems.addf(n.Line, path, "must be a list, as in [a, b]")
		return
	}
	v.Set(reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content)))
	for i, item := range n.Content {
		d.decode(item, fmt.Sprintf("%s[%d]", path, i), v.Index(i))
	}
}

// mapping decodes into a struct by the names in its yaml tags, or into a map
// with string keys.
func (d decoder) mapping(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.MappingNode || n.ShortTag() != "!!map" {
		d.problems.addf(n.Line, path, "must be a mapping of keys to values")
		return
	}
	if v.Kind() == reflect.Map {
		v.Set(reflect.MakeMap(v.Type()))
	}
	seen := map[string]int{} // key to its line
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode || key.Value == "" || key.Anchor != "" || key.Style&yaml.TaggedStyle != 0 {
			d.problems.addf(key.Line, path, "has a key that is not a plain name")
			continue
		}
		at := join(path, key.Value)
		var field reflect.Value
		if v.Kind() == reflect.Struct {
			var names []string
			if field, names = fieldByKey(v, key.Value); !field.IsValid() {
				d.unknownKey(v.Type(), path, key, value, names)
				continue
			}
		} else if isEmpty(value) && (!mayBeEmpty(v.Type().Elem()) || strings.ContainsFunc(key.Value, func(r rune) bool { return !isNameChar(r) })) {
			d.problems.addf(key.Line, path, "has a name with nothing behind it, not shown here; write name: {...}")
			continue
		}
		if first, ok := seen[key.Value]; ok {
			d.problems.addf(key.Line, at, "is already set in line %d; keep one of them", first)
			continue
		}
		seen[key.Value] = key.Line
		if field.IsValid() {
			d.decode(value, at, field)
			continue
		}
		item := reflect.New(v.Type().Elem()).Elem()
		d.decode(value, at, item)
		v.SetMapIndex(reflect.ValueOf(key.Value), item)
	}
}

// unknownKey reports a key that a struct does not have. One with nothing behind it, as in
// {username: rasphone, hunter2}, may be a value at a wrong place, such as a password, and is
// not shown.
func (d decoder) unknownKey(in reflect.Type, path string, key, value *yaml.Node, names []string) {
	switch hint, replaced := replacedKeys[replacedKey{in, key.Value}]; {
	case replaced:
		d.problems.addf(key.Line, join(path, key.Value), "%s", hint)
	case isEmpty(value):
		d.problems.addf(key.Line, path, "unknown key with nothing behind it, not shown here; a key is followed by a colon, a space and its value; the keys here are %s", strings.Join(names, ", "))
	default:
		d.problems.addf(key.Line, join(path, key.Value), "unknown key; the keys here are %s", strings.Join(names, ", "))
	}
}

// isEmpty reports whether a value is null, which is what {key} has.
func isEmpty(value *yaml.Node) bool {
	return value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null"
}

// mayBeEmpty reports whether an item of a mapping means something without a value: a module
// that changes no default, a label.
func mayBeEmpty(item reflect.Type) bool { return item != reflect.TypeFor[fileAuth]() }

// replacedKeys are keys that the file had once, and what to write instead.
var replacedKeys = map[replacedKey]string{
	{reflect.TypeFor[fileTargets](), "module"}: "is now modules, a list; write modules: [name], the one to use by default first",
}

type replacedKey struct {
	in  reflect.Type
	key string
}

// fieldByKey finds the field with this key in its yaml tag; names are the keys
// that there are.
func fieldByKey(v reflect.Value, key string) (field reflect.Value, names []string) {
	for _, f := range reflect.VisibleFields(v.Type()) {
		name, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		if name == key && name != "-" {
			return v.FieldByIndex(f.Index), nil
		}
		if name != "-" {
			names = append(names, name)
		}
	}
	return reflect.Value{}, names
}

// join makes the path of a key. A key is cut where it stops looking like one:
// what follows in `password:x`, with the space forgotten, is a password.
func join(path, key string) string {
	if end := strings.IndexFunc(key, func(r rune) bool { return !isNameChar(r) }); end >= 0 {
		key = key[:end] + "..."
	}
	if len(key) > 64 {
		key = key[:64] + "..."
	}
	if path == "" {
		return key
	}
	return path + "." + key
}

func isNameChar(r rune) bool {
	return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' ||
		r == '_' || r == '-' || r == '.'
}
