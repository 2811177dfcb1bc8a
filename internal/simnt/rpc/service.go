package rpc

import (
	"strings"
)

// Service is a service of the server.
type Service struct {
	Name, Display    string // the key name, and what the control panel shows
	State, Start     uint32 // MS-SCMR 2.2.47 and 2.2.15: State 1 stopped, 2 start pending, 3 stop pending, 4 running, 7 paused; Start 2 automatic, 3 manual, 4 disabled
	Account          string // that it runs under; empty: LocalSystem
	ExitCode         uint32 // a Windows error code; 1077: it was never started; 1066: see SpecificExitCode
	SpecificExitCode uint32 // an error code of the service's own
}

const serviceType = 0x20 // SERVICE_WIN32_SHARE_PROCESS

// SetService installs a service, or changes the one of this name. Its key in the
// registry follows.
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

// RemoveService takes a service away, with its key in the registry.
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
