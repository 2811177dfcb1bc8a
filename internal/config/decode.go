package config

import (
	"bytes"
	"errors"
	"fmt"
	"reflect"
	"regexp"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// decodeFile reads YAML into the shape of file.go. The yaml package's own
// strict decoder is not used, because its errors quote the values that do not
// fit, and one of them may be a password. The decoder here knows the line and
// the path of everything, reports all problems at once, and takes the plain
// part of YAML alone: no anchors, no aliases, no tags, one document.
func decodeFile(data []byte, p *problems) fileConfig {
	var file fileConfig
	data = replaceBlanks(data, p)
	root, line, err := parseYAML(data)
	if err == nil {
		decoder{p}.decode(root, "", reflect.ValueOf(&file).Elem())
		return file
	}
	if _, ok := errors.AsType[*syntaxError](err); !ok {
		p.addUnread(line, "", err)
		return file
	}
	// Not YAML. Each part of the file is read by itself, if need be with its mistakes
	// corrected, so that all mistakes are reported.
	whole := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Line: 1}
	for _, part := range topLevelParts(data) {
		root, _, err := parseYAML(part.text)
		if err != nil {
			root = repair(part.text, p)
		}
		switch {
		case root == nil && part.key == "": // what is in front of the first key
		case root == nil:
			p.unread = append(p.unread, part.key)
		case root.Kind == yaml.MappingNode:
			whole.Content = append(whole.Content, root.Content...)
		}
	}
	if len(p.list) == 0 { // only the whole is wrong
		p.addUnread(line, "", err)
		return file
	}
	decoder{p}.decode(whole, "", reflect.ValueOf(&file).Elem())
	return file
}

// part is a key at the left margin of a file, with what belongs to it.
type part struct {
	key  string
	text []byte // with empty lines in front, so that lines have the file's numbers
}

var topLevelKeys = map[string]bool{"auths": true, "modules": true, "lockout_file": true, "targets": true}

var topLevelKey = regexp.MustCompile(`^([a-z_]+):(?:\s|$)`)

// topLevelParts splits a file at the keys at its left margin.
func topLevelParts(data []byte) []part {
	parts := []part{{}}
	number := 0
	for text := range bytes.Lines(data) {
		if key := topLevelKey.FindSubmatch(text); key != nil && len(parts) < maxProblems {
			next := part{string(key[1]), bytes.Repeat([]byte("\n"), number)}
			if len(bytes.TrimSpace(parts[len(parts)-1].text)) == 0 {
				parts = parts[:len(parts)-1] // nothing is in front of the first key
			}
			parts = append(parts, next)
		}
		number++
		last := &parts[len(parts)-1]
		last.text = append(last.text, text...)
	}
	return parts
}

// decoder walks the YAML tree and the Go value together. The Go types have
// finite depth, so it ends whatever the tree is.
type decoder struct{ problems *problems }

func (d decoder) decode(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind == yaml.AliasNode || n.Anchor != "" {
		d.problems.addUnread(n.Line, path, errors.New("anchors and aliases are not supported; write the value out, and put a value that begins with & or * in quotes"))
		return
	}
	if v.Kind() == reflect.Struct {
		if line := v.FieldByName("Line"); line.IsValid() {
			line.SetInt(int64(n.Line))
		}
	}
	if l, ok := v.Addr().Interface().(leaf); ok {
		if err := l.decode(n); err != nil {
			if n.Kind == yaml.MappingNode && len(n.Content) > 0 && n.Content[0].Kind == yaml.MappingNode { // {{ name }}
				d.problems.addUnread(n.Line, path, errors.New("is a template that was not filled in; write the value"))
				return
			}
			if strings.Contains(path, "hosts[") && n.Kind != yaml.ScalarNode {
				err = errors.New(`must be a host, as in exch01.corp.example or "10.1.2.3:139"; an IPv6 address in brackets, or one that ends in a colon, needs quotes, as in "[2001:db8::1]:139"`)
			}
			d.problems.addUnread(n.Line, path, err)
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
		d.problems.addUnread(n.Line, path, errors.New(listHint(n, path, v.Type())))
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
		d.problems.addUnread(n.Line, path, errors.New(mappingHint(n, v.Type())))
		return
	}
	if v.Kind() == reflect.Map {
		v.Set(reflect.MakeMap(v.Type()))
	}
	seen := map[string]int{}     // key to its line
	written := map[string]bool{} // the keys that are in the file
	for i := 0; i < len(n.Content); i += 2 {
		written[n.Content[i].Value] = true
	}
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
				if meant := d.unknownKey(v.Type(), path, key, value, names); meant != "" && !written[meant] {
					// Read as what it was meant to be: that key is not missing, and its
					// value may have a mistake of its own.
					field, _ = fieldByKey(v, meant)
					d.decode(value, join(path, key.Value), field)
				}
				continue
			}
		} else if topLevelKeys[key.Value] && (path == "auths" || path == "modules") {
			d.problems.addf(key.Line, at, "%s belongs to the whole file; begin its line at the left margin", key.Value)
			continue
		} else if v.Type().Elem() == reflect.TypeFor[fileAuth]() && !hasKeys(value) && seen[key.Value] == 0 {
			d.noAccount(path, key, value)
			continue
		} else if isEmpty(value) && (!mayBeEmpty(v.Type().Elem()) || strings.ContainsFunc(key.Value, func(r rune) bool { return !isNameChar(r) })) {
			d.problems.addf(key.Line, path, "has a name with nothing behind it, not shown here; write %s", nameHint(v.Type()))
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

// hasKeys reports whether a value is a mapping that is not empty, or stands for another.
func hasKeys(n *yaml.Node) bool {
	return n.Kind == yaml.AliasNode || n.Anchor != "" || n.Kind == yaml.MappingNode && len(n.Content) > 0
}

// noAccount reports the name of an account that has no keys. The name is not shown, because it
// may be a password.
func (d decoder) noAccount(path string, key, value *yaml.Node) {
	if field, _ := fieldByKey(reflect.New(reflect.TypeFor[fileAuth]()).Elem(), key.Value); field.IsValid() {
		d.problems.addf(key.Line, join(path, key.Value), "is a key of an account; write the account's name above it, and indent the keys further than the name")
		return
	}
	d.problems.hideName(key.Value)
	if isEmpty(value) {
		d.problems.addf(key.Line, path, "has a name with nothing behind it, not shown here; write name: {...}")
		return
	}
	hint := "has no keys"
	if value.Kind != yaml.MappingNode {
		hint = mappingHint(value, reflect.TypeFor[fileAuth]())
	}
	d.problems.addf(key.Line, path, "the account here (its name is not shown: it may be a password) %s", hint)
}

// unknownKey reports a key that a struct does not have, and returns the one that was meant;
// empty if none is close. One with nothing behind it, as in {username: rasphone, hunter2}, and one
// among the keys of an account, may be a value at a wrong place, such as a password, and is not
// shown.
func (d decoder) unknownKey(in reflect.Type, path string, key, value *yaml.Node, names []string) (meant string) {
	at := join(path, key.Value)
	meant = Closest(key.Value, names)
	switch hint, replaced := replacedKeys[replacedKey{in, key.Value}]; {
	case replaced:
		d.problems.addUnread(key.Line, at, errors.New(hint))
		return ""
	case isEmpty(value):
		d.problems.addf(key.Line, path, "unknown key with nothing behind it, not shown here; a key is followed by a colon, a space and its value; the keys here are %s", strings.Join(names, ", "))
		return ""
	case in == reflect.TypeFor[fileAuth]() && (meant == "" && len(elsewhere(key.Value)) == 0 || meant == "password"):
		hint := "the keys here are " + strings.Join(names, ", ")
		if meant != "" {
			hint = "did you mean " + meant + "?"
		}
		d.problems.addf(key.Line, path, "unknown key (not shown: it may be a password); %s", hint)
	case meant != "":
		d.problems.addf(key.Line, at, "unknown key; did you mean %s?", meant)
	case len(elsewhere(key.Value)) > 0:
		d.problems.addf(key.Line, at, "unknown key here; it goes under %s; the keys here are %s", strings.Join(elsewhere(key.Value), " or "), strings.Join(names, ", "))
	default:
		d.problems.addf(key.Line, at, "unknown key; the keys here are %s", strings.Join(names, ", "))
	}
	return meant
}

// elsewhere returns the sections that have a key.
func elsewhere(key string) []string {
	var sections []string
	for _, k := range Keys() {
		segments := strings.Split(k.Path, ".")
		i := slices.IndexFunc(segments, func(segment string) bool { return strings.TrimSuffix(segment, "[]") == key })
		if i > 0 {
			sections = append(sections, strings.Join(segments[:i], "."))
		}
	}
	return slices.Compact(sections)
}

// isEmpty reports whether a value is null, which is what {key} has.
func isEmpty(value *yaml.Node) bool {
	return value.Kind == yaml.ScalarNode && value.ShortTag() == "!!null"
}

// nameHint is how a name in a mapping is written.
func nameHint(mapping reflect.Type) string {
	if mapping.Elem().Kind() == reflect.Struct && mapping.Elem() != reflect.TypeFor[text]() {
		return "name: {...}"
	}
	return "name: value"
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
