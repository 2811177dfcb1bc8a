package rpc

import (
	"slices"
	"strings"
	"unicode/utf16"
)

// keyHandle is an open key.
type keyHandle struct {
	key    *key
	rights uint32
}

// winregProcedures are those of MS-RRP 3.1.5.
var winregProcedures = map[uint16]procedure{
	2:  openLocalMachine,
	5:  closeHandle,
	9:  enumKey,
	15: openKey,
	17: queryValue,
	26: getVersion,
}

// openLocalMachine is OpenLocalMachine (MS-RRP 3.1.5.3). Only administrators may open it, as by
// default of the key SecurePipeServers\winreg.
func openLocalMachine(c *call) (fault uint32) {
	if c.in.pointer() { // the server's name: one character
		c.in.u16()
	}
	desired := c.in.u32()
	switch {
	case c.in.bad:
		return faultBadStub
	case !c.pipe.access.Administrator:
		return c.openAnswer(nil, errorAccessDenied)
	}
	return c.openAnswer(&keyHandle{c.system.registry.root, keyRights(desired)}, 0)
}

// keyHandle reads a handle of a key; nil if it is not one.
func (c *call) keyHandle() *keyHandle {
	h, _ := c.object(c.in.handle()).(*keyHandle)
	return h
}

// registryName returns a name without its NUL, which the length includes: Windows NT removes
// the last unit, whatever it is.
func registryName(units []uint16) string {
	return string(utf16.Decode(units[:max(len(units)-1, 0)]))
}

// openKey is BaseRegOpenKey (MS-RRP 3.1.5.15).
func openKey(c *call) (fault uint32) {
	h := c.keyHandle()
	name, _ := c.in.unicodeString()
	c.in.u32() // dwOptions
	desired := c.in.u32()
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	found, code := c.system.registry.open(h.key, registryName(name))
	return c.openAnswer(&keyHandle{found, keyRights(desired)}, code)
}

func (r *Registry) open(k *key, path string) (*key, uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case k.deleted:
		return nil, errorKeyDeleted
	case strings.HasPrefix(path, `\`):
		return nil, errorBadPathname
	}
	found := k.find(path)
	if found == nil {
		return nil, errorFileNotFound
	}
	return found, 0
}

// queryValue is BaseRegQueryValue (MS-RRP 3.1.5.17). If the client's
// buffer is too small, or there is none, the answer is ERROR_MORE_DATA with the size.
func queryValue(c *call) (fault uint32) {
	h := c.keyHandle()
	name, _ := c.in.unicodeString()
	_, hasKind := c.in.optionalU32()
	hasData := c.in.pointer()
	var sent []byte
	var room uint32
	if hasData {
		sent, room = c.in.varying(1)
	}
	size, hasSize := c.in.optionalU32()
	length, hasLength := c.in.optionalU32()
	switch {
	case c.in.bad, hasData && (room != size || length != uint32(len(sent))):
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	var v value
	code := uint32(errorInvalidParameter)
	switch {
	case h.rights&keyQueryValue == 0:
		code = errorAccessDenied
	case hasSize && hasLength:
		v, code = c.system.registry.query(h.key, registryName(name))
	}
	needed := uint32(len(v.data))
	if code == 0 && needed > room {
		v.data, code = nil, errorMoreData
	}
	n := uint32(len(v.data)) // bytes in the answer
	c.out.optionalU32(v.kind, hasKind)
	c.out.pointer(hasData)
	if hasData {
		c.out.u32(needed, 0, n)
		c.out.b = append(c.out.b, v.data...)
	}
	c.out.optionalU32(needed, hasSize)
	c.out.optionalU32(n, hasLength)
	c.out.u32(code)
	return 0
}

func (r *Registry) query(k *key, name string) (value, uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if k.deleted {
		return value{}, errorKeyDeleted
	}
	v := k.value(name)
	if v == nil {
		return value{}, errorFileNotFound
	}
	return value{v.name, v.kind, slices.Clone(v.data)}, 0
}

// enumKey is BaseRegEnumKey (MS-RRP 3.1.5.10). Keys have no class and no
// time.
func enumKey(c *call) (fault uint32) {
	h := c.keyHandle()
	index := c.in.u32()
	_, room := c.in.unicodeString()
	hasClass := c.in.pointer()
	var classRoom uint16
	if hasClass {
		_, classRoom = c.in.unicodeString()
	}
	hasTime := c.in.pointer()
	if hasTime {
		c.in.u32() // FILETIME
		c.in.u32()
	}
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	name, code := "", uint32(errorAccessDenied)
	if h.rights&keyEnumerate != 0 {
		name, code = c.system.registry.enum(h.key, index)
	}
	var text []byte
	if code == 0 {
		text = utf16z(name)
	}
	if len(text) > int(room) {
		text, code = nil, errorMoreData
	}
	c.out.unicodeString(text, room)
	c.out.pointer(hasClass)
	if hasClass {
		c.out.unicodeString(nil, classRoom)
	}
	c.out.pointer(hasTime)
	if hasTime {
		c.out.u32(0, 0)
	}
	c.out.u32(code)
	return 0
}

func (r *Registry) enum(k *key, index uint32) (string, uint32) {
	r.mu.Lock()
	defer r.mu.Unlock()
	switch {
	case k.deleted:
		return "", errorKeyDeleted
	case int64(index) >= int64(len(k.keys)):
		return "", errorNoMoreItems
	}
	return k.keys[index].name, 0
}

// getVersion is BaseRegGetVersion (MS-RRP 3.1.5.24), which clients call to learn
// whether the server has 64 bits.
func getVersion(c *call) (fault uint32) {
	h := c.keyHandle()
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	version := uint32(1)
	if c.system.options.Major >= 5 {
		version = 5
	}
	c.out.u32(version, 0)
	return 0
}
