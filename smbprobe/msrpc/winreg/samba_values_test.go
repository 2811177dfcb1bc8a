package winreg

import (
	"errors"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest"
	"github.com/rasphone-exporter/rasphone_exporter/internal/smbtest/rpctest"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
)

// sambaKey is the key that testdata/values.reg makes.
const sambaKey = `SOFTWARE\Rasphone Test`

// importRegistry puts the keys and values of a file into the server's registry.
func importRegistry(t testing.TB, samba *smbtest.Samba, file string) {
	t.Helper()
	program, err := exec.LookPath("net")
	if err != nil {
		t.Fatalf("this test needs the program net: apt-get install samba-common-bin: %v", err)
	}
	// The folder of the server's configuration is two above the share ADMIN$.
	conf := filepath.Clean(filepath.Join(samba.Root(), "..", "..", "smb.conf"))
	cmd := exec.CommandContext(t.Context(), program, "--configfile="+conf, "registry", "import", file)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("net registry import: %v\n%s", err, out)
	}
}

func TestReadFromSamba(t *testing.T) {
	for _, d := range rpctest.Dialects() {
		t.Run(d.Name, func(t *testing.T) {
			samba := smbtest.StartSamba(t, d.Options)
			importRegistry(t, samba, "testdata/values.reg")
			checkSamba(t, d, samba)
		})
	}
}

func checkSamba(t *testing.T, d rpctest.Dialect, samba *smbtest.Samba) {
	ctx, pipe, rounds := d.OpenPipe(t, samba, PipeName)
	var registry *Registry
	var key *Key
	var err error
	d.Costs(t, rounds, "Open", 2, func() { registry, err = Open(ctx, pipe) })
	if err != nil {
		t.Fatal(err)
	}
	if _, err := registry.OpenKey(ctx, sambaKey+`\missing`); !errors.Is(err, msrpc.ErrorFileNotFound) {
		t.Errorf("a key that is not there: %v", err)
	}
	d.Costs(t, rounds, "OpenKey", 1, func() { key, err = registry.OpenKey(ctx, sambaKey) })
	if err != nil {
		t.Fatal(err)
	}
	for _, test := range []struct {
		name  string
		read  reader
		value string
		want  got
		err   error
	}{
		{"AutoShareServer", number, "AutoShareServer", got{uint32(0), true}, nil},
		{"MaxSize", number, "MaxSize", got{uint32(524288), true}, nil},
		{"no number", number, "AutoShareWks", got{uint32(0), false}, nil},
		{"text as number", number, "CSDVersion", got{uint32(0), false}, ErrType},
		{"text", text, "CSDVersion", got{"Service Pack 6", true}, nil},
		{"empty text", text, "Empty", got{"", true}, nil},
		{"text to be expanded", text, "ImagePath", got{"%SystemRoot%", true}, nil},
		{"no text", text, "missing", got{"", false}, nil},
		{"number as text", text, "MaxSize", got{"", false}, ErrType},
		{"texts", texts, "ProductSuite", got{[]string{"Small Business", "TS"}, true}, nil},
		{"no texts", texts, "missing", got{[]string(nil), false}, nil},
	} {
		d.Costs(t, rounds, test.name, 1, func() {
			have, err := test.read(ctx, key, test.value)
			if diff := cmp.Diff(test.want, have); diff != "" || !errors.Is(err, test.err) {
				t.Errorf("%s: %v, expected %v (-want +got):\n%s", test.name, err, test.err, diff)
			}
		})
	}
	d.Costs(t, rounds, "SubKeys", 3, func() {
		names, err := key.SubKeys(ctx, 10)
		if diff := cmp.Diff([]string{"1", "12"}, names); diff != "" || err != nil {
			t.Errorf("%v (-want +got):\n%s", err, diff)
		}
	})
	d.Costs(t, rounds, "Close", 1, func() { err = key.Close(ctx) })
	if err != nil {
		t.Error(err)
	}
	if _, _, err := key.Number(ctx, "MaxSize"); err == nil {
		t.Error("a closed key can be read")
	}
	if err := pipe.Close(ctx); err != nil {
		t.Error(err)
	}
}
