package rpc

import (
	"strings"
)

// States of a service (MS-SCMR 2.2.47).
const (
	serviceStartPending = 2
	serviceStopPending  = 3
	serviceRunning      = 4
)

// managerHandle is the open service control manager.
type managerHandle struct{}

// serviceHandle is an open service.
type serviceHandle struct {
	name   string
	rights uint32
}

// svcctlProcedures are those of MS-SCMR 3.1.4.
var svcctlProcedures = map[uint16]procedure{
	0:  closeHandle,
	6:  queryServiceStatus,
	15: openManager,
	16: openService,
	17: queryServiceConfig,
	34: notImplementedOnNT4,
	35: notImplementedOnNT4,
	36: notImplementedOnNT4,
	37: notImplementedOnNT4,
}

// notImplementedOnNT4 is a procedure that exists on Windows NT 4.0 and is not implemented
// there. On Windows 2000 it is not simulated.
func notImplementedOnNT4(c *call) (fault uint32) {
	if c.system.options.Major >= 5 {
		return faultOpRange
	}
	c.out.u32(errorCallNotImplemented)
	return 0
}

// openManager is ROpenSCManagerW (MS-SCMR 3.1.4.15). Every account may
// connect.
func openManager(c *call) (fault uint32) {
	c.in.optionalText() // lpMachineName
	database, hasDatabase := c.in.optionalText()
	desired := c.in.u32()
	if c.in.bad {
		return faultBadStub
	}
	_, code := c.pipe.access.rights(desired, managerUser, managerAll)
	if hasDatabase && database != "ServicesActive" {
		code = errorDatabaseNotFound
	}
	return c.openAnswer(managerHandle{}, code)
}

// openService is ROpenServiceW (MS-SCMR 3.1.4.16).
func openService(c *call) (fault uint32) {
	h := c.object(c.in.handle())
	name := c.in.text()
	desired := c.in.u32()
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	if _, manager := h.(managerHandle); !manager {
		return c.openAnswer(nil, errorInvalidHandle)
	}
	got, code := c.pipe.access.rights(desired, serviceUser, serviceAll)
	if _, found := c.system.service(name); !found {
		code = errorServiceNotFound
	}
	return c.openAnswer(&serviceHandle{name, got}, code)
}

// openedService returns the service of a handle. code is a Windows error code, such as
// ERROR_ACCESS_DENIED if the handle does not have the right.
func (c *call) openedService(h any, right uint32) (service Service, code uint32) {
	opened, isService := h.(*serviceHandle)
	if !isService {
		return Service{}, errorInvalidHandle
	}
	if opened.rights&right == 0 {
		return Service{}, errorAccessDenied
	}
	service, found := c.system.service(opened.name)
	if !found {
		return Service{}, errorServiceNotFound
	}
	return service, 0
}

// queryServiceStatus is RQueryServiceStatus (MS-SCMR 3.1.4.7).
func queryServiceStatus(c *call) (fault uint32) {
	h := c.object(c.in.handle())
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	service, code := c.openedService(h, queryStatus)
	if code != 0 {
		c.out.u32(0, 0, 0, 0, 0, 0, 0, code)
		return 0
	}
	controls := uint32(0)
	if service.State == serviceRunning {
		controls = 5 // stop, shutdown
	}
	checkPoint, waitHint := uint32(0), uint32(0)
	if service.State == serviceStartPending || service.State == serviceStopPending {
		checkPoint, waitHint = 1, 30_000 // milliseconds
	}
	c.out.u32(serviceType, service.State, controls, service.ExitCode, service.SpecificExitCode, checkPoint, waitHint, 0)
	return 0
}

// queryServiceConfig is RQueryServiceConfigW (MS-SCMR 3.1.4.17). If the
// client's buffer is too small, the answer is ERROR_INSUFFICIENT_BUFFER with the size of the
// structure in memory.
func queryServiceConfig(c *call) (fault uint32) {
	h := c.object(c.in.handle())
	size := c.in.u32()
	switch {
	case c.in.bad:
		return faultBadStub
	case h == nil:
		return faultHandle
	}
	const structure = 36
	service, code := c.openedService(h, queryConfig)
	texts := []string{`C:\WINNT\System32\services.exe`, "", "", service.Account, service.Display}
	needed := uint32(0)
	if code == 0 {
		needed = structure
		for _, text := range texts {
			needed += uint32(len(utf16z(text)))
		}
		if needed > size {
			code = errorInsufficientBuffer
		}
	}
	if code != 0 {
		c.out.u32(0, 0, 0, 0, 0, 0, 0, 0, 0, needed, code)
		return 0
	}
	c.out.u32(serviceType, service.Start, 1) // dwErrorControl: normal
	c.out.pointer(true)                      // lpBinaryPathName
	c.out.pointer(true)                      // lpLoadOrderGroup
	c.out.u32(0)                             // dwTagId
	for range 3 {                            // lpDependencies, lpServiceStartName, lpDisplayName
		c.out.pointer(true)
	}
	for _, text := range texts {
		c.out.text(text)
	}
	c.out.u32(needed, 0)
	return 0
}

// Service is a service of the server.
type Service struct {
	Name, Display    string // the key name, and the name in the control panel
	State, Start     uint32 // MS-SCMR 2.2.47 and 2.2.15: State 1 stopped, 2 start pending, 3 stop pending, 4 running, 7 paused; Start 2 automatic, 3 manual, 4 disabled
	Account          string // account of the process; empty: LocalSystem
	ExitCode         uint32 // a Windows error code; 1077: it was never started; 1066: see SpecificExitCode
	SpecificExitCode uint32 // an error code that the service defines
}

const serviceType = 0x20 // SERVICE_WIN32_SHARE_PROCESS

// SetService installs a service, or changes the one with this name, and writes its registry
// key.
func (s *System) SetService(service Service) {
	if service.Account == "" {
		service.Account = "LocalSystem"
	}
	s.mu.Lock()
	s.services[strings.ToLower(service.Name)] = service
	s.mu.Unlock()
	path := keyServices + `\` + service.Name
	s.registry.SetNumber(path, "Type", serviceType)
	s.registry.SetNumber(path, "Start", service.Start)
	s.registry.SetNumber(path, "ErrorControl", 1)
	s.registry.SetText(path, "DisplayName", service.Display)
	s.registry.SetText(path, "ObjectName", service.Account)
}

// RemoveService removes a service with its registry key.
func (s *System) RemoveService(name string) {
	s.mu.Lock()
	delete(s.services, strings.ToLower(name))
	s.mu.Unlock()
	s.registry.DeleteKey(keyServices + `\` + name)
}

func (s *System) service(name string) (Service, bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	service, found := s.services[strings.ToLower(name)]
	return service, found
}
