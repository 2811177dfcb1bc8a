package rpc

import (
	"encoding/binary"
)

// Names of the pipes.
const (
	pipeEventlog = "eventlog"
	pipeWinreg   = "winreg"
	pipeSvcctl   = "svcctl"
	pipeSrvsvc   = "srvsvc"

	servicesAddress = `\PIPE\ntsvcs`
)

// program is an interface behind a pipe.
type program struct {
	pipe       string
	iface      syntax // the version's minor number is 0
	address    string // in bind_acks: the pipe of the process, which may have several programs
	procedures map[uint16]procedure
}

// procedure runs a call: it reads c.in and writes c.out. It returns the code of a fault; 0 if
// c.out is the answer.
type procedure func(c *call) (fault uint32)

// call is a running call.
type call struct {
	pipe   *Pipe
	system *System
	in     reader
	out    writer
}

// programs are the programs behind the pipes, by the pipe's name. eventlog, svcctl and srvsvc
// are in services.exe.
var programs = map[string]program{
	pipeEventlog: { // 82273fdc-e32a-18c3-3f78-827929dc23ea 0.0 (MS-EVEN 2.1)
		pipe:       pipeEventlog,
		iface:      syntax{0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea, 0},
		address:    servicesAddress,
		procedures: eventlogProcedures,
	},
	pipeWinreg: { // 338cd001-2244-31f1-aaaa-900038001003 1.0 (MS-RRP 2.1)
		pipe:       pipeWinreg,
		iface:      syntax{0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03, 1},
		address:    `\PIPE\winreg`,
		procedures: winregProcedures,
	},
	pipeSvcctl: { // 367abb81-9844-35f1-ad32-98f038001003 2.0 (MS-SCMR 2.1)
		pipe:       pipeSvcctl,
		iface:      syntax{0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03, 2},
		address:    servicesAddress,
		procedures: svcctlProcedures,
	},
	pipeSrvsvc: { // 4b324fc8-1670-01d3-1278-5a47bf6ee188 3.0 (MS-SRVS 2.1)
		pipe:       pipeSrvsvc,
		iface:      syntax{0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88, 3},
		address:    servicesAddress,
		procedures: srvsvcProcedures,
	},
}

// is reports whether an interface is that of the program.
func (p program) is(abstract syntax) bool { return p.iface == abstract }

// handleSize is the size of a context handle: attributes, which are 0, and a UUID
// (C706 14.2.16.6).
const handleSize = 20

type handle [handleSize]byte

// maxHandles is how many open handles a pipe has at most.
const maxHandles = 1024

// open returns a new handle of an object. It is valid on this pipe only, and no other handle is
// equal. The fault is 0, or that of too many handles.
func (c *call) open(object any) (h handle, fault uint32) {
	if len(c.pipe.handles) >= maxHandles {
		return handle{}, faultNoMemory
	}
	binary.LittleEndian.PutUint32(h[4:], c.system.number())
	copy(h[8:], "rpc handle")
	c.pipe.handles[h] = object
	return h, 0
}

// object returns the object of a handle; nil if this pipe has no such handle.
func (c *call) object(h handle) any { return c.pipe.handles[h] }

// openAnswer answers a call that opens an object: a handle and code, or the null handle if code
// is not 0.
func (c *call) openAnswer(object any, code uint32) (fault uint32) {
	var h handle
	if code == 0 {
		if h, fault = c.open(object); fault != 0 {
			return fault
		}
	}
	c.out.handle(h)
	c.out.u32(code)
	return 0
}

// closeHandle is a procedure that closes a handle and returns the null handle.
func closeHandle(c *call) (fault uint32) {
	h := c.in.handle()
	switch {
	case c.in.bad:
		return faultBadStub
	case c.object(h) == nil:
		return faultHandle
	}
	delete(c.pipe.handles, h)
	c.out.handle(handle{})
	c.out.u32(0)
	return 0
}

// Rights to objects of every kind (MS-DTYP 2.4.3).
const (
	genericRead    = 0x80000000
	genericWrite   = 0x40000000
	genericExecute = 0x20000000
	genericAll     = 0x10000000
	maximumAllowed = 0x02000000
	readControl    = 0x00020000
)

// rights returns the granted rights to an object of the service control manager: all that are
// requested, or ERROR_ACCESS_DENIED. user are the rights of every account.
func (a Access) rights(desired, user, administrator uint32) (got, code uint32) {
	most, wide := user, uint32(genericRead|maximumAllowed)
	if a.Administrator {
		most, wide = administrator, wide|genericWrite|genericExecute|genericAll
	}
	if desired&wide != 0 {
		desired = desired&^wide | most
	}
	if desired&^most != 0 {
		return 0, errorAccessDenied
	}
	return desired, 0
}

// Rights to a registry key (MS-RRP 2.2.3).
const (
	keyQueryValue = 0x00000001
	keyEnumerate  = 0x00000008
	keyRead       = 0x00020019
	keyWrite      = 0x00020006
	keyAll        = 0x000F003F
)

// keyRights returns the rights to a registry key that an administrator is granted.
func keyRights(desired uint32) uint32 {
	got := desired & keyAll
	if desired&(genericRead|genericExecute) != 0 {
		got |= keyRead
	}
	if desired&genericWrite != 0 {
		got |= keyWrite
	}
	if desired&(genericAll|maximumAllowed) != 0 {
		got = keyAll
	}
	return got
}

// Rights to the service control manager and to services (MS-SCMR 3.1.4).
const (
	managerUser = 0x00015 | readControl // connect, enumerate, query the lock
	managerAll  = 0xF003F
	serviceUser = 0x0008D | readControl // configuration, status, dependents, interrogate
	serviceAll  = 0xF01FF
	queryConfig = 0x00001
	queryStatus = 0x00004
)
