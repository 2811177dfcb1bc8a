package netbios

import "testing"

func TestServerName(t *testing.T) {
	server := Name{Name: "SRV", Suffix: 0x20, Active: true}
	with := func(change func(*Name)) []Name {
		n := server
		change(&n)
		return []Name{n}
	}
	tests := map[string]struct {
		names []Name
		want  string
		ok    bool
	}{
		"of Samba":                {namesOfSamba(), "EXCH01", true},
		"none":                    {nil, "", false},
		"another":                 {with(func(n *Name) { n.Suffix = 0x00 }), "", false},
		"group":                   {with(func(n *Name) { n.Group = true }), "", false},
		"not active":              {with(func(n *Name) { n.Active = false }), "", false},
		"conflict":                {with(func(n *Name) { n.Conflict = true }), "", false},
		"deregistering":           {with(func(n *Name) { n.Deregistering = true }), "", false},
		"empty":                   {with(func(n *Name) { n.Name = "" }), "", false},
		"the first one that fits": {append(with(func(n *Name) { n.Group = true }), server, Name{Name: "ALIAS", Suffix: 0x20, Active: true}), "SRV", true},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := ServerName(tt.names); got != tt.want || ok != tt.ok {
				t.Errorf("%q, %t, want %q, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}

func TestConflictName(t *testing.T) {
	tests := map[string]struct {
		names []Name
		want  string
		ok    bool
	}{
		"of Samba":    {namesOfSamba(), "", false},
		"server":      {[]Name{{Name: "SRV", Suffix: 0x20, Conflict: true}}, "SRV", true},
		"workstation": {[]Name{{Name: "SRV", Suffix: 0x00, Conflict: true, Active: true}}, "SRV", true},
		"messenger":   {[]Name{{Name: "ADMINISTRATOR", Suffix: 0x03, Conflict: true}}, "", false},
		"group":       {[]Name{{Name: "CORP", Suffix: 0x00, Conflict: true, Group: true}}, "", false},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			if got, ok := ConflictName(tt.names); got != tt.want || ok != tt.ok {
				t.Errorf("%q, %t, want %q, %t", got, ok, tt.want, tt.ok)
			}
		})
	}
}
