package simnt_test

import (
	_ "embed"
	"encoding/json"
	"errors"
	"os/exec"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
)

//go:embed testdata/client.py
var impacketClient string

// impacketPython is the Python that Debian's packages belong to.
const impacketPython = "/usr/bin/python3"

// asImpacketSees is what impacket's clients learn of a host.
type asImpacketSees struct {
	OS      string   `json:"os"`
	Guest   bool     `json:"guest"`
	Names   []string `json:"names"`
	Content string   `json:"content"`
	Shares  []string `json:"shares"`
	Log     struct {
		Count  int      `json:"count"`
		Events [][2]int `json:"events"`
	} `json:"log"`
	Pack    string `json:"pack"`
	Service int    `json:"service"`
}

// TestImpacket uses a host with an implementation that has nothing in common with this one. It
// logs in with NTLMv1 and OEM strings, and cannot sign without extended security.
func TestImpacket(t *testing.T) {
	t.Parallel()
	tests := []struct {
		name    string
		options simnt.Options
		os      string
	}{
		{"plain", simnt.Options{ServicePack: 6}, "Windows NT 4.0"},
		{"OEM", simnt.Options{ServicePack: 6, OEM: true}, "Windows NT 4.0"},
		{"DOS errors", simnt.Options{ServicePack: 6, DOSErrors: true}, "Windows NT 4.0"},
		{"no large reads", simnt.Options{ServicePack: 6, SmallReads: true}, "Windows NT 4.0"},
		{"Windows 2000", simnt.Options{OS: simnt.Windows2000, ServicePack: 4}, "Windows 5.0"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			h, addr := start(t, tt.options)
			addEvents(h, 3, time.Now())
			arguments, err := json.Marshal(map[string]any{
				"host": addr.Addr().String(), "port": addr.Port(), "username": username, "password": password, "domain": domain,
			})
			if err != nil {
				t.Fatal(err)
			}
			cmd := exec.CommandContext(t.Context(), impacketPython, "-c", impacketClient, string(arguments))
			out, err := cmd.Output()
			if err != nil {
				if exit, ok := errors.AsType[*exec.ExitError](err); ok {
					t.Fatalf("impacket: %v\n%s", err, exit.Stderr)
				}
				t.Fatalf("impacket: %v", err)
			}
			var got asImpacketSees
			if err := json.Unmarshal(out, &got); err != nil {
				t.Fatalf("%v in %s", err, out)
			}
			want := asImpacketSees{
				OS: tt.os, Names: []string{".", "..", "config", "drivers", "Ras"}, Content: string(simnt.Phonebook()),
				Shares: []string{"ADMIN$", "IPC$", "C$"}, Pack: "Service Pack 6", Service: 4,
			}
			if tt.options.OS == simnt.Windows2000 {
				want.Pack = "Service Pack 4"
			}
			const event = 0xC000100A
			want.Log.Count, want.Log.Events = 3, [][2]int{{3, event}, {2, event}, {1, event}}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Errorf("what impacket learns (-want +got):\n%s", diff)
			}
		})
	}
}
