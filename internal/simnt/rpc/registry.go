package rpc

import (
	"encoding/binary"
	"slices"
	"strings"
	"sync"
)

// Types of a registry value (MS-RRP 2.2.9).
const (
	regText       = 1 // REG_SZ
	regExpandText = 2 // REG_EXPAND_SZ
	regBinary     = 3 // REG_BINARY
	regNumber     = 4 // REG_DWORD
	regTexts      = 7 // REG_MULTI_SZ
)

// Registry is the tree below HKEY_LOCAL_MACHINE. Paths have backslashes; names are
// case-insensitive. It is safe for concurrent use.
type Registry struct {
	mu   sync.Mutex
	root *key
}

type key struct {
	name    string
	keys    []*key // sorted by lower-case name
	values  []value
	deleted bool
}

type value struct {
	name string
	kind uint32
	data []byte
}

func newRegistry() *Registry { return &Registry{root: &key{}} }

// SetNumber writes a REG_DWORD. Like the other methods that write, it creates missing keys.
func (r *Registry) SetNumber(path, name string, v uint32) {
	r.set(path, value{name, regNumber, binary.LittleEndian.AppendUint32(nil, v)})
}

// SetText writes a REG_SZ, also in place of a value that Windows has as a REG_DWORD.
func (r *Registry) SetText(path, name, v string) {
	r.set(path, value{name, regText, utf16z(v)})
}

// SetTexts writes a REG_MULTI_SZ.
func (r *Registry) SetTexts(path, name string, v []string) {
	var data []byte
	for _, text := range v {
		data = append(data, utf16z(text)...)
	}
	r.set(path, value{name, regTexts, append(data, 0, 0)})
}

// SetBytes writes a REG_BINARY.
func (r *Registry) SetBytes(path, name string, v []byte) {
	r.set(path, value{name, regBinary, v})
}

func (r *Registry) setExpandText(path, name, v string) {
	r.set(path, value{name, regExpandText, utf16z(v)})
}

// CreateKey creates a key and those above it, if they do not exist.
func (r *Registry) CreateKey(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.create(path)
}

// Delete deletes a value, if it exists.
func (r *Registry) Delete(path, name string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k := r.root.find(path); k != nil {
		k.values = slices.DeleteFunc(k.values, func(v value) bool { return strings.EqualFold(v.name, name) })
	}
}

// DeleteKey deletes a key with its contents, if it exists. The root stays.
func (r *Registry) DeleteKey(path string) {
	r.mu.Lock()
	defer r.mu.Unlock()
	above, name := "", path
	if at := strings.LastIndex(path, `\`); at >= 0 {
		above, name = path[:at], path[at+1:]
	}
	parent := r.root.find(above)
	if parent == nil {
		return
	}
	if at, found := parent.search(name); found {
		parent.keys[at].markDeleted()
		parent.keys = slices.Delete(parent.keys, at, at+1)
	}
}

func (r *Registry) set(path string, v value) {
	r.mu.Lock()
	defer r.mu.Unlock()
	k := r.create(path)
	if old := k.value(v.name); old != nil {
		*old = v
		return
	}
	k.values = append(k.values, v)
}

func (r *Registry) create(path string) *key {
	k := r.root
	for name := range strings.SplitSeq(path, `\`) {
		at, found := k.search(name)
		if !found {
			k.keys = slices.Insert(k.keys, at, &key{name: name})
		}
		k = k.keys[at]
	}
	return k
}

// search returns the index of the key with a name, or where it would be, and whether it exists.
func (k *key) search(name string) (int, bool) {
	return slices.BinarySearchFunc(k.keys, name, func(k *key, name string) int {
		return strings.Compare(strings.ToLower(k.name), strings.ToLower(name))
	})
}

// find returns the key at a path below this one; nil if there is none. The empty path is the
// key itself.
func (k *key) find(path string) *key {
	if path == "" {
		return k
	}
	for name := range strings.SplitSeq(path, `\`) {
		at, found := k.search(name)
		if !found {
			return nil
		}
		k = k.keys[at]
	}
	return k
}

func (k *key) value(name string) *value {
	for i := range k.values {
		if strings.EqualFold(k.values[i].name, name) {
			return &k.values[i]
		}
	}
	return nil
}

func (k *key) markDeleted() {
	k.deleted = true
	for _, below := range k.keys {
		below.markDeleted()
	}
}
