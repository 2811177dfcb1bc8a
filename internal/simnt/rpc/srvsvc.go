package rpc

import (
	"time"
)

// platformNT is the platform of Windows NT and 2000 (MS-SRVS 2.2.2.6).
const platformNT = 500

// Bits of a server's type (MS-SRVS 2.2.2.7).
const (
	typeWorkstation = 0x0001
	typeServer      = 0x0002
	typeController  = 0x0008 // of the domain, the primary one
	typeNT          = 0x1000
	typeServerNT    = 0x8000
)

// srvsvcProcedures are those of MS-SRVS 3.1.4.
func srvsvcProcedures() map[uint16]procedure {
	return map[uint16]procedure{
		15:             shareEnum,
		16:             shareGetInfo,
		21:             serverGetInfo,
		OpnumRemoteTOD: remoteTOD,
	}
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
