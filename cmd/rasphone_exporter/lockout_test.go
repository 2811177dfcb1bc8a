package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
)

// TestCommandsDoNotLock: whatever is done with serve and probe while the password is wrong,
// the account is not locked.
func TestCommandsDoNotLock(t *testing.T) {
	t.Parallel()
	const times = lockAfter // each start of a process costs a slow hash
	repeat := func(do func()) {
		for range times {
			do()
		}
	}
	for _, tt := range []struct {
		name string
		do   func(f *lockFixture)
	}{
		{"scrapes", func(f *lockFixture) { e := f.serve(); repeat(func() { f.scrape(e, "") }) }},
		{"scrapes of every module", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.scrape(e, "&module=default"); f.scrape(e, "&module=other") })
		}},
		{"scrapes with traces", func(f *lockFixture) { e := f.serve(); repeat(func() { f.scrape(e, "&debug=true") }) }},
		{"the button of every target's page", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				for _, target := range f.targets {
					f.probeNow(e, target)
				}
			})
		}},
		{"many scrapes at once", func(f *lockFixture) {
			e := f.serve()
			var scraping sync.WaitGroup
			for range times {
				scraping.Go(func() { f.scrape(e, "") })
			}
			scraping.Wait()
		}},
		{"scrapes with little time", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.scrapeWithin(e, "", "0.6") })
		}},
		{"answers that do not come", func(f *lockFixture) {
			e := f.serve()
			f.mute.Store(true)
			for range 4 {
				f.scrapeWithin(e, "", "1")
			}
		}},
		{"answers that do not come, the password changes on the server", func(f *lockFixture) {
			e := f.accepted()
			f.mute.Store(true)
			for range 4 {
				f.scrapeWithin(e, "", "1")
			}
		}},
		{"probe is interrupted while its login is under way", func(f *lockFixture) {
			f.mute.Store(true)
			repeat(func() {
				ctx, cancel := context.WithCancel(context.Background())
				defer cancel()
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					run(ctx, []string{"probe", "--config.file=" + f.config, "--timeout=2s"}, strings.NewReader(""), io.Discard, io.Discard)
				}()
				f.awaitLogin(ended)
				cancel()
				<-ended
			})
		}},
		{"probe is killed while its login is under way", func(f *lockFixture) {
			f.mute.Store(true)
			repeat(func() {
				program := exec.Command(os.Args[0], "probe", "--config.file="+f.config, "--timeout=2s")
				program.Env = append(os.Environ(), asProgram+"=1")
				if err := program.Start(); err != nil {
					f.t.Error(err)
					return
				}
				ended := make(chan struct{})
				go func() {
					defer close(ended)
					_ = program.Wait()
				}()
				f.awaitLogin(ended)
				_ = program.Process.Kill()
				<-ended
			})
		}},
		{"reloads without a change", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.post(e, "/-/reload"); f.scrape(e, "") })
		}},
		{"reloads that rename the auth", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				f.writeAs(fmt.Sprint("corp", i), "rasphone", "CORP", f.targets)
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads that change the case of names", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				f.writeAs("corp", []string{"rasphone", "RASPHONE", "RasPhone"}[i%3], []string{"CORP", "corp"}[i%2], f.targets)
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads that take targets out and in", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				f.write(f.targets[i%lockTargets : i%lockTargets+1])
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads with a mistake", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				writeFile(f.t, f.config, "nonsense: 1\n")
				f.post(e, "/-/reload")
				f.scrape(e, "")
				f.write(f.targets)
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"reloads while probes run", func(f *lockFixture) {
			e := f.serve()
			var reloading sync.WaitGroup
			reloading.Go(func() { repeat(func() { f.post(e, "/-/reload") }) })
			repeat(func() { f.scrape(e, "") })
			reloading.Wait()
		}},
		{"restarts", func(f *lockFixture) {
			repeat(func() { e := f.serve(); f.scrape(e, ""); f.stop(e) })
		}},
		{"probe, of one target after another", func(f *lockFixture) {
			for _, target := range f.targets {
				f.probe(target)
			}
		}},
		{"many probes at once", func(f *lockFixture) {
			var probing sync.WaitGroup
			for range times {
				probing.Go(func() { f.probe() })
			}
			probing.Wait()
		}},
		{"probe beside serve", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.probe(); f.scrape(e, "") })
		}},
		{"two exporters with one lockout file", func(f *lockFixture) {
			a, b := f.serve(), f.serve()
			repeat(func() {
				var scraping sync.WaitGroup
				scraping.Go(func() { f.scrape(a, "") })
				scraping.Go(func() { f.scrape(b, "") })
				scraping.Wait()
			})
		}},
		{"Forget", func(f *lockFixture) {
			e := f.serve()
			repeat(func() { f.post(e, "/-/forget?auth=corp"); f.scrape(e, "") })
		}},
		{"Forget in two exporters, reloads and restarts", func(f *lockFixture) {
			a := f.serve()
			repeat(func() {
				b := f.serve()
				for _, e := range []*exporter{a, b} {
					f.post(e, "/-/forget?auth=corp")
					f.scrape(e, "")
					f.post(e, "/-/reload")
				}
				f.stop(b)
			})
		}},
		{"the lockout file is deleted", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				_ = os.Remove(f.lockoutFile())
				f.scrape(e, "")
				f.probe()
			})
		}},
		{"the lockout file is damaged", func(f *lockFixture) {
			e := f.serve()
			repeat(func() {
				writeFile(f.t, f.lockoutFile(), "{")
				f.scrape(e, "")
			})
		}},
		{"a folder stands in the place of the lockout file", func(f *lockFixture) {
			e := f.serve()
			_ = os.Remove(f.lockoutFile())
			if err := os.Mkdir(f.lockoutFile(), 0o700); err != nil {
				f.t.Error(err)
			}
			repeat(func() { f.scrape(e, "") })
		}},
		{"another lockout file", func(f *lockFixture) {
			e, i := f.serve(), 0
			repeat(func() {
				i++
				writeFile(f.t, f.config, strings.ReplaceAll(f.lockConfig("corp", "rasphone", "CORP", f.targets), "lockout.json", fmt.Sprintf("lockout%d.json", i)))
				f.post(e, "/-/reload")
				f.scrape(e, "")
			})
		}},
		{"the password changes on the server", func(f *lockFixture) {
			e := f.accepted()
			repeat(func() { f.scrape(e, "") })
		}},
		{"the password changes on the server, restarts", func(f *lockFixture) {
			e := f.accepted()
			repeat(func() { f.scrape(e, ""); f.stop(e); e = f.serve() })
		}},
		{"the password changes on the server, probe and Forget", func(f *lockFixture) {
			e := f.accepted()
			repeat(func() { f.probe(); f.post(e, "/-/forget?auth=corp"); f.scrape(e, "") })
		}},
	} {
		t.Run(tt.name, func(t *testing.T) {
			t.Parallel()
			f := newLockFixture(t)
			tt.do(f)
			if s, _ := f.host.AccountState("rasphone"); s.LockedOut || s.BadPasswords == 0 {
				t.Errorf("%+v", s)
			} else {
				t.Logf("%+v", s)
			}
		})
	}
}
