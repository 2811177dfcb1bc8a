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

// programProcess is the program in a process of its own.
type programProcess struct {
	*exec.Cmd
	t   *testing.T
	log *bufio.Scanner
}

// listening matches the address in the log of a program that answers.
const listening = `msg="Listening on" address=(\S+)`

// startProgram starts the program with additional environment variables. It is killed at the
// end of the test.
func startProgram(t *testing.T, env []string, args ...string) *programProcess {
	t.Helper()
	p := &programProcess{exec.CommandContext(t.Context(), os.Args[0], args...), t, nil}
	p.Env = append(append(os.Environ(), asProgram+"=1"), env...)
	log, err := p.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	p.log = bufio.NewScanner(log)
	return p
}

// await waits for a line of the log, and returns its last submatch.
func (p *programProcess) await(pattern string) string {
	p.t.Helper()
	expression := regexp.MustCompile(pattern)
	for p.log.Scan() {
		if match := expression.FindStringSubmatch(p.log.Text()); match != nil {
			return match[len(match)-1]
		}
	}
	p.t.Fatalf("the program ended without %q in its log", pattern)
	return ""
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

	program := startProgram(t, nil, "--config.file="+configFile, "--web.listen-address=127.0.0.1:0")
	address := program.await(listening)
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
			program.await(step)
		}
	}
	for program.log.Scan() { // until the program has ended
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
