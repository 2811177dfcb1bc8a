package rpc

import (
	"math"
	"strings"
)

// Share is a share of the server.
type Share struct {
	Name   string // "ADMIN$"
	Type   uint32 // MS-SRVS 2.2.2.4: 0 disk, 3 IPC, 0x80000000 administrative
	Remark string // "Remote Admin"
	Path   string // `C:\WINNT`, which administrators are told
}

// shareLevel checks the level of an answer about shares; 0: it may be given.
func (c *call) shareLevel(level uint32) (code uint32) {
	switch {
	case level > 2:
		return errorInvalidLevel
	case level == 2 && !c.pipe.access.Administrator:
		return errorAccessDenied
	}
	return 0
}

// shareStructure writes a SHARE_INFO_0, _1 or _2 (MS-SRVS 2.2.4.22 to 2.2.4.24) without
// what it points to.
func (w *writer) shareStructure(s Share, level uint32) {
	w.pointer(true) // netname
	if level == 0 {
		return
	}
	w.u32(s.Type)
	w.pointer(true) // remark
	if level == 1 {
		return
	}
	w.u32(0, math.MaxUint32, 1) // permissions, which are the user's own; most users: any number; users now
	w.pointer(true)             // path
	w.pointer(false)            // password
}

// shareTexts writes what a shareStructure points to.
func (w *writer) shareTexts(s Share, level uint32) {
	for _, text := range []string{s.Name, s.Remark, s.Path}[:level+1] {
		w.text(text)
	}
}

// shareGetInfo is NetrShareGetInfo (MS-SRVS 3.1.4.10), levels 0 to 2.
func shareGetInfo(c *call) (fault uint32) {
	c.in.optionalText() // ServerName
	name := c.in.text()
	level := c.in.u32()
	if c.in.bad {
		return faultBadStub
	}
	code := c.shareLevel(level)
	var share Share
	if code == 0 {
		code = errorShareNotFound
		for _, s := range c.system.shareList() {
			if strings.EqualFold(s.Name, name) {
				share, code = s, 0
			}
		}
	}
	c.out.u32(level)
	c.out.pointer(code == 0)
	if code == 0 {
		c.out.shareStructure(share, level)
		c.out.shareTexts(share, level)
	}
	c.out.u32(code)
	return 0
}

// shareEnum is NetrShareEnum (MS-SRVS 3.1.4.8), levels 0 to 2. It gives all shares in
// one answer, whatever length the client prefers.
func shareEnum(c *call) (fault uint32) {
	c.in.optionalText() // ServerName
	level, union := c.in.u32(), c.in.u32()
	if c.in.pointer() { // a container, which is empty
		entries := c.in.u32()
		if c.in.pointer() || entries != 0 {
			c.in.bad = true
		}
	}
	c.in.u32() // PreferedMaximumLength
	resume, hasResume := c.in.optionalU32()
	if c.in.bad || level != union {
		return faultBadStub
	}
	code := c.shareLevel(level)
	var shares []Share
	if code == 0 {
		shares = c.system.shareList()
		shares = shares[min(int64(resume), int64(len(shares))):]
	}
	n := uint32(len(shares))
	c.out.u32(level, level)
	c.out.pointer(code == 0)
	if code == 0 {
		c.out.u32(n)
		c.out.pointer(true)
		c.out.u32(n)
		for _, s := range shares {
			c.out.shareStructure(s, level)
		}
		for _, s := range shares {
			c.out.shareTexts(s, level)
		}
	}
	c.out.u32(n)
	c.out.optionalU32(0, hasResume)
	c.out.u32(code)
	return 0
}
