package rpc

import (
	"testing"
)

func TestOpen(t *testing.T) {
	user, anonymous := Access{User: "reader"}, Access{Anonymous: true}
	for _, test := range []struct {
		pipe   string
		access Access
		want   uint32
	}{
		{"eventlog", user, 0}, {"winreg", user, 0}, {"svcctl", user, 0}, {"srvsvc", user, 0},
		{"srvsvc", anonymous, 0}, {"eventlog", anonymous, statusAccessDenied}, {"winreg", anonymous, statusAccessDenied}, {"svcctl", anonymous, statusAccessDenied},
		{"spoolss", user, statusNameNotFound}, {"", user, statusNameNotFound}, {"spoolss", anonymous, statusAccessDenied},
	} {
		if p, status := newServer().Open(test.pipe, test.access); status != test.want || (p == nil) != (status != 0) {
			t.Errorf("%q for %+v: %08X, expected %08X", test.pipe, test.access, status, test.want)
		}
	}
}

// TestRights: what accounts may do with objects that were opened with various rights.
func TestRights(t *testing.T) {
	user, administrator := Access{User: "reader"}, administrator()
	manager := func(desired uint32) []byte {
		var w writer
		w.pointer(false)
		w.pointer(false)
		w.u32(desired)
		return w.b
	}
	service := func(desired uint32) func(handle) []byte {
		return func(h handle) []byte {
			var w writer
			w.handle(h)
			w.text("RasMan")
			w.u32(desired)
			return w.b
		}
	}
	root := func(desired uint32) []byte {
		var w writer
		w.pointer(false)
		w.u32(desired)
		return w.b
	}
	query := func(h handle) []byte { return recorded(t, "BaseRegQueryValue", h) }
	sized := func(h handle) []byte { return append(h[:], 0, 16, 0, 0) }
	alone := func(h handle) []byte { return h[:] }
	log := func(name string) []byte {
		var w writer
		w.pointer(false)
		text := utf16z(name)
		w.unicodeString(text, uint16(len(text)))
		w.u32(0, 0, 1, 1)
		return w.b
	}

	type then struct {
		opnum uint16
		stub  func(handle) []byte
	}
	for name, test := range map[string]struct {
		pipe   string
		access Access
		opnum  uint16
		stub   []byte
		then   []then // on the handle of the call before
		want   uint32 // how the last of them ends
	}{
		"connect":                       {"svcctl", user, 15, manager(1), nil, 0},
		"as much as may be":             {"svcctl", user, 15, manager(maximumAllowed), nil, 0},
		"create services":               {"svcctl", user, 15, manager(2), nil, errorAccessDenied},
		"everything":                    {"svcctl", user, 15, manager(genericAll), nil, errorAccessDenied},
		"everything, administrator":     {"svcctl", administrator, 15, manager(genericAll), nil, 0},
		"status":                        {"svcctl", user, 15, manager(1), []then{{16, service(4)}, {6, alone}}, 0},
		"status without the right":      {"svcctl", user, 15, manager(1), []then{{16, service(1)}, {6, alone}}, errorAccessDenied},
		"configuration":                 {"svcctl", user, 15, manager(1), []then{{16, service(1)}, {17, sized}}, 0},
		"configuration, without right":  {"svcctl", administrator, 15, manager(1), []then{{16, service(4)}, {17, sized}}, errorAccessDenied},
		"reading":                       {"svcctl", user, 15, manager(genericRead), []then{{16, service(genericRead)}, {17, sized}}, 0},
		"starting":                      {"svcctl", user, 15, manager(1), []then{{16, service(0x10)}}, errorAccessDenied},
		"starting, administrator":       {"svcctl", administrator, 15, manager(1), []then{{16, service(0x10)}}, 0},
		"a service as the manager":      {"svcctl", user, 15, manager(1), []then{{16, service(4)}, {16, service(4)}}, errorInvalidHandle},
		"the manager as a service":      {"svcctl", user, 15, manager(1), []then{{6, alone}}, errorInvalidHandle},
		"the registry":                  {"winreg", user, 2, root(keyRead), nil, errorAccessDenied},
		"the registry, administrator":   {"winreg", administrator, 2, root(keyRead), []then{{17, query}}, errorFileNotFound},
		"the registry, no reading":      {"winreg", administrator, 2, root(keyEnumerate), []then{{17, query}}, errorAccessDenied},
		"the registry, generic":         {"winreg", administrator, 2, root(genericRead), []then{{17, query}}, errorFileNotFound},
		"the registry, generic writing": {"winreg", administrator, 2, root(genericWrite), []then{{17, query}}, errorAccessDenied},
		"the registry, all":             {"winreg", administrator, 2, root(genericAll), []then{{17, query}}, errorFileNotFound},
		"version of the registry":       {"winreg", administrator, 2, root(keyRead), []then{{26, alone}}, 0},
		"application log":               {"eventlog", user, 7, log("application"), nil, 0},
		"security log":                  {"eventlog", user, 7, log("Security"), nil, statusAccessDenied},
		"security log, administrator":   {"eventlog", administrator, 7, log("Security"), nil, 0},
	} {
		p := bound(t, newServer(), test.pipe, test.access)
		answer, fault := ask(t, p, test.opnum, test.stub)
		for _, next := range test.then {
			if fault != 0 || last(answer) != 0 {
				t.Errorf("%s: a call before ended with %08X, fault %08X", name, last(answer), fault)
			}
			answer, fault = ask(t, p, next.opnum, next.stub(handle(answer)))
		}
		if fault != 0 || last(answer) != test.want {
			t.Errorf("%s: %d, fault %08X, expected %d", name, last(answer), fault, test.want)
		}
	}
}

// TestUnknownLog: a log that is not there is Application.
func TestUnknownLog(t *testing.T) {
	s := newServer()
	p := bound(t, s, "eventlog", administrator())
	for name, want := range map[string]uint32{"System": 0, "Sustem": 3, "": 3} {
		var w writer
		w.pointer(true)
		w.u16('\\')
		text := utf16z(name)
		w.unicodeString(text[:len(text)-2], uint16(len(text)))
		w.u32(0, 0, 1, 1)
		h := openHandle(t, p, 7, w.b)
		if answer, fault := ask(t, p, 4, h[:]); fault != 0 || answer[0] != byte(want) {
			t.Errorf("%q: %x, fault %08X", name, answer, fault)
		}
	}
	stub := recorded(t, "ElfrOpenELW", handle{})
	stub[len(stub)-4] = 2
	if answer, _ := ask(t, p, 7, stub); last(answer) != statusInvalidParam {
		t.Errorf("another version: %x", answer)
	}
}

// TestClearRefused: clearing is refused, and attempts are counted.
func TestClearRefused(t *testing.T) {
	s := newServer()
	p := bound(t, s, "eventlog", administrator())
	h := openHandle(t, p, 7, recorded(t, "ElfrOpenELW", handle{}))
	if answer, fault := ask(t, p, 0, append(h[:], 0, 0, 0, 0)); fault != 0 || last(answer) != statusAccessDenied {
		t.Errorf("%x, fault %08X", answer, fault)
	}
	if log := s.Log("Application"); log.ClearsTried() != 1 || log.Count() != 3 || s.Log("System").ClearsTried() != 0 {
		t.Errorf("%d tries, %d records", log.ClearsTried(), log.Count())
	}
}

// TestServicesGone: pipes whose program has ended cannot be opened, and those that were
// open are broken.
func TestServicesGone(t *testing.T) {
	s := newServer()
	p := bound(t, s, "svcctl", administrator())
	registry := bound(t, s, "winreg", administrator())
	s.SetPipes(func(name string) uint32 {
		if name == "winreg" {
			return 0
		}
		return 0xC00000AC
	})
	if _, status := s.Open("eventlog", administrator()); status != 0xC00000AC {
		t.Errorf("open: %08X", status)
	}
	if status := p.Write(requestMessage(flagsWhole, 1, 15, nil)); status != statusPipeBroken || !p.Broken() {
		t.Errorf("write: %08X, broken %v", status, p.Broken())
	}
	openHandle(t, registry, 2, recorded(t, "OpenLocalMachine", handle{}))
	s.SetPipes(nil)
	if status := p.Write(requestMessage(flagsWhole, 1, 15, nil)); status != statusPipeBroken {
		t.Errorf("write to a broken pipe: %08X", status)
	}
	openHandle(t, bound(t, s, "svcctl", administrator()), 15, recorded(t, "ROpenSCManagerW", handle{}))
}

func TestSetFault(t *testing.T) {
	s := newServer()
	p := bound(t, s, "svcctl", administrator())
	s.SetFault(func(pipe string, opnum uint16) uint32 {
		if pipe == "svcctl" && opnum == 15 {
			return 0x1C010014
		}
		return 0
	})
	if _, fault := ask(t, p, 15, recorded(t, "ROpenSCManagerW", handle{})); fault != 0x1C010014 {
		t.Errorf("fault %08X", fault)
	}
	if _, fault := ask(t, p, 16, nil); fault != faultBadStub {
		t.Errorf("another call: fault %08X", fault)
	}
	s.SetFault(nil)
	openHandle(t, p, 15, recorded(t, "ROpenSCManagerW", handle{}))
}
