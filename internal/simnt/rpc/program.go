package rpc

import "encoding/binary"

// Names of the pipes.
const (
	pipeEventlog = "eventlog"
	pipeWinreg   = "winreg"
	pipeSvcctl   = "svcctl"
	pipeSrvsvc   = "srvsvc"
)

// program is what answers on a pipe: one interface.
type program struct {
	pipe       string
	iface      syntax // the version's minor number is 0
	address    string // that a bind_ack names: the pipe of the process that several programs live in
	procedures map[uint16]procedure
}

// procedure runs one call: it reads c.in and writes c.out. What it returns is the
// code of a fault, 0 where c.out is the answer.
type procedure func(c *call) (fault uint32)

// call is one call while it runs.
type call struct {
	pipe   *Pipe
	system *System
	in     reader
	out    writer
}

// program returns what is behind a pipe of this name.
func (s *System) program(pipe string) (program, bool) {
	const services = `\PIPE\ntsvcs` // services.exe
	switch pipe {
	case pipeEventlog: // 82273fdc-e32a-18c3-3f78-827929dc23ea 0.0 (MS-EVEN 2.1)
		return program{pipe, syntax{
			0xdc, 0x3f, 0x27, 0x82, 0x2a, 0xe3, 0xc3, 0x18, 0x3f, 0x78, 0x82, 0x79, 0x29, 0xdc, 0x23, 0xea, 0,
		}, services, eventlogProcedures()}, true
	case pipeWinreg: // 338cd001-2244-31f1-aaaa-900038001003 1.0 (MS-RRP 2.1)
		return program{pipe, syntax{
			0x01, 0xd0, 0x8c, 0x33, 0x44, 0x22, 0xf1, 0x31, 0xaa, 0xaa, 0x90, 0x00, 0x38, 0x00, 0x10, 0x03, 1,
		}, `\PIPE\winreg`, winregProcedures()}, true
	case pipeSvcctl: // 367abb81-9844-35f1-ad32-98f038001003 2.0 (MS-SCMR 2.1)
		return program{pipe, syntax{
			0x81, 0xbb, 0x7a, 0x36, 0x44, 0x98, 0xf1, 0x35, 0xad, 0x32, 0x98, 0xf0, 0x38, 0x00, 0x10, 0x03, 2,
		}, services, svcctlProcedures(s.options.Major)}, true
	case pipeSrvsvc: // 4b324fc8-1670-01d3-1278-5a47bf6ee188 3.0 (MS-SRVS 2.1)
		return program{pipe, syntax{
			0xc8, 0x4f, 0x32, 0x4b, 0x70, 0x16, 0xd3, 0x01, 0x12, 0x78, 0x5a, 0x47, 0xbf, 0x6e, 0xe1, 0x88, 3,
		}, services, srvsvcProcedures()}, true
	}
	return program{}, false
}

// is reports whether the interface is the one of this program.
func (p program) is(abstract syntax) bool { return p.iface == abstract }

// handleSize is the size of a context handle: attributes, which are 0, and a UUID
// (C706 14.2.16.6).
const handleSize = 20

type handle [handleSize]byte

// maxHandles is how many handles a pipe may have open.
const maxHandles = 1024

// open makes a handle of what it stands for. Handles belong to the pipe that made
// them, and none is made twice. The fault is 0, or says that there are too many.
func (c *call) open(object any) (h handle, fault uint32) {
	if len(c.pipe.handles) >= maxHandles {
		return handle{}, faultNoMemory
	}
	binary.LittleEndian.PutUint32(h[4:], c.system.number())
	copy(h[8:], "rpc handle")
	c.pipe.handles[h] = object
	return h, 0
}

// object returns what a handle stands for; nil: this pipe did not make it, or it was
// closed.
func (c *call) object(h handle) any { return c.pipe.handles[h] }

// openAnswer ends a procedure that opens something: a handle of it, and code, or
// the handle of nothing where code is not 0.
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

// closeHandle is a procedure that closes a handle: it gives back the handle of nothing.
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
