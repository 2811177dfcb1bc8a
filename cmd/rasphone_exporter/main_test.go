package main

import (
	"bufio"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"

	"go.uber.org/goleak"
)

// asProgram is the environment variable that makes the test binary the program itself.
const asProgram = "RASPHONE_EXPORTER_TEST_MAIN"

func TestMain(m *testing.M) {
	if os.Getenv(asProgram) != "" {
		main()
		return
	}
	goleak.VerifyTestMain(m)
}

// TestSecondSignalEndsTheProcess: the first SIGTERM waits for the probe in flight, which
// here has five minutes; the second one does not.
func TestSecondSignalEndsTheProcess(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = silent.Close() }()
	configFile := filepath.Join(t.TempDir(), "rasphone.yml")
	writeFile(t, configFile, "auths: {a: {username: u, password: p}}\nmodules: {default: {timeout: 5m}}\ntargets: [{hosts: [\""+silent.Addr().String()+"\"], auth: a}]\n")

	program := exec.CommandContext(t.Context(), os.Args[0], "--config.file="+configFile, "--web.listen-address=127.0.0.1:0")
	program.Env = append(os.Environ(), asProgram+"=1")
	log, err := program.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := program.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(log)
	await := func(pattern string) string {
		t.Helper()
		expression := regexp.MustCompile(pattern)
		for lines.Scan() {
			if match := expression.FindStringSubmatch(lines.Text()); match != nil {
				return match[len(match)-1]
			}
		}
		t.Fatalf("the program ended without %q in its log", pattern)
		return ""
	}
	address := await(`msg="Listening on" address=(\S+)`)
	asked := make(chan error, 1)
	go func() {
		response, err := http.Get("http://" + address + "/probe?target=" + silent.Addr().String())
		if err == nil {
			_ = response.Body.Close()
		}
		asked <- err
	}()
	conn, err := silent.Accept() // the probe is in flight
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = conn.Close() }()

	for _, step := range []string{"Told to stop", ""} {
		if err := program.Process.Signal(syscall.SIGTERM); err != nil {
			t.Fatal(err)
		}
		if step != "" {
			await(step)
		}
	}
	for lines.Scan() { // until the program has ended
	}
	_ = program.Wait()
	if status, ok := program.ProcessState.Sys().(syscall.WaitStatus); !ok || !status.Signaled() || status.Signal() != syscall.SIGTERM {
		t.Errorf("the program ended with %s, want it ended by SIGTERM", program.ProcessState)
	}
	if err := <-asked; err == nil {
		t.Error("the probe was waited for")
	}
	http.DefaultClient.CloseIdleConnections()
}
