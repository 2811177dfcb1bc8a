package main

import (
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

func TestGCPercent(t *testing.T) {
	for _, c := range []struct {
		live uint64
		want int
	}{
		{0, 800}, // before the first collection
		{1, 800},
		{3 << 20, 800},
		{4 << 20, 800},
		{8 << 20, 400},
		{32 << 20, 100},
		{80 << 20, 60},
		{200 << 20, 60},
		{1 << 40, 60},
	} {
		if got := gcPercent(c.live); got != c.want {
			t.Errorf("%d bytes in use: %d %%, want %d", c.live, got, c.want)
		}
	}
}

// TestGOGC: the environment variable beats the exporter's own percentage, which is that of a
// program with nothing to keep here.
func TestGOGC(t *testing.T) {
	configFile := filepath.Join(t.TempDir(), "rasphone.yml")
	writeFile(t, configFile, "targets: []\n")
	defer http.DefaultClient.CloseIdleConnections()
	for value, want := range map[string]string{"": "800", "123": "123"} {
		p := startProgram(t, []string{"GOGC=" + value}, "--config.file="+configFile, "--web.listen-address=127.0.0.1:0")
		response, err := http.Get("http://" + p.await(listening) + "/metrics")
		if err != nil {
			t.Fatal(err)
		}
		metrics, err := io.ReadAll(response.Body)
		_ = response.Body.Close()
		if want = "\ngo_gc_gogc_percent " + want + "\n"; err != nil || !strings.Contains(string(metrics), want) {
			t.Errorf("GOGC=%s: %v, want %q in the metrics:\n%s", value, err, want, metrics)
		}
		_ = p.Process.Kill()
		_ = p.Wait()
	}
}
