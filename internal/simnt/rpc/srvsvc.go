package rpc

import (
	"math"
	"strings"
	"time"
)

// platformNT is the platform of Windows NT and 2000 (MS-SRVS 2.2.2.6).
const platformNT = 500

// Bits of a server's type (MS-SRVS 2.2.2.7).
const (
	typeWorkstation = 0x0001
	typeServer      = 0x0002
	typeController  = 0x0008 // primary domain controller
	typeNT          = 0x1000
	typeServerNT    = 0x8000
)

// srvsvcProcedures are those of MS-SRVS 3.1.4.
var srvsvcProcedures = map[uint16]procedure{
	15:             shareEnum,
	16:             shareGetInfo,
	21:             serverGetInfo,
	OpnumRemoteTOD: remoteTOD,
}

// serverGetInfo is NetrServerGetInfo (MS-SRVS 3.1.4.17), levels 100 and 101.
func serverGetInfo(c *call) (fault uint32) {
	c.in.optionalText() // ServerName
	level := c.in.u32()
	if c.in.bad {
		return faultBadStub
	}
	c.out.u32(level)
	if level != 100 && level != 101 {
		c.out.pointer(false)
		c.out.u32(errorInvalidLevel)
		return 0
	}
	o := c.system.options
	c.out.pointer(true)
	c.out.u32(platformNT)
	c.out.pointer(true)
	if level == 101 {
		c.out.u32(o.Major, o.Minor, o.serverType())
		c.out.pointer(true)
	}
	c.out.text(o.Name)
	if level == 101 {
		c.out.text(o.Comment)
	}
	c.out.u32(0)
	return 0
}

func (o Options) serverType() uint32 {
	bits := uint32(typeWorkstation | typeServer | typeNT)
	switch {
	case o.DomainController:
		bits |= typeController
	case o.Server:
		bits |= typeServerNT
	}
	return bits
}

// remoteTOD is NetrRemoteTOD (MS-SRVS 3.1.4.21). The time is UTC; the zone is that of
// the clock, in minutes west.
func remoteTOD(c *call) (fault uint32) {
	c.in.optionalText() // ServerName
	if c.in.bad {
		return faultBadStub
	}
	now := c.system.now().Add(c.system.remoteTODOffset())
	_, east := now.Zone()
	utc := now.UTC()
	c.out.pointer(true)
	c.out.u32(
		uint32(utc.Unix()),
		uint32(now.Sub(c.system.options.Started).Milliseconds()),
		uint32(utc.Hour()), uint32(utc.Minute()), uint32(utc.Second()),
		uint32(utc.Nanosecond()/int(10*time.Millisecond)),
		uint32(int32(-east/60)),
		310, // the clock's interval, in ten thousandths of a second
		uint32(utc.Day()), uint32(utc.Month()), uint32(utc.Year()), uint32(utc.Weekday()),
	)
	c.out.u32(0)
	return 0
}

// Share is a share of the server.
type Share struct {
	Name   string // "ADMIN$"
	Type   uint32 // MS-SRVS 2.2.2.4: 0 disk, 3 IPC, 0x80000000 administrative
	Remark string // "Remote Admin"
	Path   string // `C:\WINNT`, for administrators
}

// shareLevel checks the level of a request about shares; 0: it is allowed.
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
	w.u32(0, math.MaxUint32, 1) // permissions, unused; the limit of users: none; current users
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

// shareEnum is NetrShareEnum (MS-SRVS 3.1.4.8), levels 0 to 2. It returns all shares
// in one answer, whatever length the client prefers.
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
