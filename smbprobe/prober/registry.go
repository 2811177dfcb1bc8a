package prober

import (
	"context"
	"errors"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/winreg"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

const (
	keyNetworkCards = keyWindowsNT + `\NetworkCards`
	// maxNetworkCards bounds the network cards that are looked at.
	maxNetworkCards = 8
)

// failedWith reports whether a failure to dial with this code is in a window.
func (r *run) failedWith(code string) bool {
	return slices.ContainsFunc(r.result.Eventlog.Windows, func(w smbprobe.WindowResult) bool {
		return slices.ContainsFunc(w.ByError, func(c smbprobe.FailureCount) bool { return c.Code == code })
	})
}

// readNetworkCards looks for NetworkCards keys that name a service which is gone (Q165846).
// Windows NT 4.0 alone has the names of services in them.
func (r *run) readNetworkCards(ctx context.Context) error {
	registry, err := r.openRegistry(ctx)
	if err != nil {
		return err
	}
	cards, err := registry.OpenKey(ctx, keyNetworkCards)
	switch {
	case notFound(err): // no network card was ever installed
		r.result.Registry.NetworkCardsChecked = true
		return nil
	case err != nil:
		return err
	}
	numbers, err := cards.SubKeys(ctx, maxNetworkCards)
	if err != nil {
		return err
	}
	for _, number := range numbers {
		service, err := askNetworkCard(ctx, registry, number)
		if err != nil {
			return err
		}
		if service == "" || strings.Contains(service, `\`) {
			continue
		}
		key, err := registry.OpenKey(ctx, keyServices+service)
		switch {
		case notFound(err):
			r.result.Registry.StaleNetworkCards = append(r.result.Registry.StaleNetworkCards, smbprobe.NetworkCard{Key: number, Service: service})
			continue
		case err != nil:
			return err
		}
		if err := key.Close(ctx); err != nil {
			return err
		}
	}
	r.result.Registry.NetworkCardsChecked = len(numbers) < maxNetworkCards
	return nil
}

// askNetworkCard returns the service that a numbered key names, "" where it names none.
func askNetworkCard(ctx context.Context, registry *winreg.Registry, number string) (service string, err error) {
	card, err := registry.OpenKey(ctx, keyNetworkCards+`\`+number)
	if err != nil {
		return "", err
	}
	if service, _, err = card.Text(ctx, "ServiceName"); err != nil {
		return "", err
	}
	return service, card.Close(ctx)
}

// readAuditFlag reads whether a full security log keeps everyone but administrators out.
func (r *run) readAuditFlag(ctx context.Context) error {
	var k keyReader
	k.open(ctx, r.ipc, keyLsa)
	r.result.Registry.CrashOnAuditFail = k.number(ctx, "CrashOnAuditFail")
	return k.err
}

func (r *run) openRegistry(ctx context.Context) (*winreg.Registry, error) {
	pipe, err := openPipe(ctx, r.ipc, winreg.PipeName)
	if err != nil {
		return nil, err
	}
	return winreg.Open(ctx, pipe)
}

// Keys below HKEY_LOCAL_MACHINE.
const (
	keyLanmanServer = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
	keyEventLog     = `SYSTEM\CurrentControlSet\Services\EventLog\` // and the log's name
	keyWindowsNT    = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	keyProduct      = `SYSTEM\CurrentControlSet\Control\ProductOptions`
	keyServices     = `SYSTEM\CurrentControlSet\Services\`
	keyLsa          = `SYSTEM\CurrentControlSet\Control\Lsa`
)

// registryKey is a key and what is asked of it: on one pipe, because a pipe takes
// one call at a time.
type registryKey struct {
	path   string
	values int
	ask    func(context.Context, *keyReader)
}

// registryKeys are the keys that a probe asks for. Each writes into fields of its
// own.
func registryKeys(log string, into *smbprobe.RegistryResult) []registryKey {
	return []registryKey{
		{keyLanmanServer, 3, func(ctx context.Context, k *keyReader) {
			into.AutoShareServer = k.number(ctx, "AutoShareServer")
			into.AutoShareWks = k.number(ctx, "AutoShareWks")
			into.IRPStackSize = k.number(ctx, "IRPStackSize")
		}},
		{keyEventLog + log, 2, func(ctx context.Context, k *keyReader) {
			into.LogMaxSize = k.number(ctx, "MaxSize")
			into.LogRetention = k.number(ctx, "Retention")
		}},
		{keyWindowsNT, 2, func(ctx context.Context, k *keyReader) {
			into.ServicePack = k.text(ctx, "CSDVersion")
			into.SystemRoot = k.text(ctx, "SystemRoot")
		}},
		{keyProduct, 2, func(ctx context.Context, k *keyReader) {
			into.ProductType = k.text(ctx, "ProductType")
			into.ProductSuite = k.texts(ctx, "ProductSuite")
		}},
	}
}

// readRegistry asks for the values that tell a cause, the keys side by side. The
// tree is IPC$.
func (r *run) readRegistry(ctx context.Context, tree smb.Tree) error {
	var into smbprobe.RegistryResult
	keys := registryKeys(r.target.Module.EventLog.Log, &into)
	readers := make([]keyReader, len(keys))
	branches := make([]func(context.Context), len(keys))
	for i, key := range keys {
		branches[i] = func(ctx context.Context) {
			expect(ctx, 4+key.values) // open, bind, the root, the key
			readers[i].open(ctx, tree, key.path)
			key.ask(ctx, &readers[i])
			r.rpc.record(winreg.PipeName, readers[i].answer())
		}
	}
	r.runParallel(ctx, branches...)

	readable, denied := false, true
	var errs []error
	for i := range readers {
		readable = readable || readers[i].answered
		denied = denied && accessDenied(readers[i].err)
		errs = append(errs, readers[i].err)
	}
	into.Readable, into.Refused = &readable, denied && !readable
	err := worstError(errs...)
	if err != nil {
		into.Error = errorText(err)
	}
	r.result.Registry = into
	return err
}

// keyReader asks for the values of one key. A call that gets no answer of its own
// ends it: what is asked for after that is not known.
type keyReader struct {
	key      *winreg.Key // nil: there is no such key
	opened   bool
	answered bool  // the registry was read, were it only to say that there is nothing
	err      error // the first, or the one that ended it
}

func (k *keyReader) open(ctx context.Context, tree smb.Tree, path string) {
	pipe, err := openPipe(ctx, tree, winreg.PipeName)
	if err != nil {
		k.err = err
		return
	}
	registry, err := winreg.Open(ctx, pipe)
	if err != nil {
		k.err = err
		return
	}
	k.key, err = registry.OpenKey(ctx, path)
	switch {
	case notFound(err):
		k.key = nil
	case err != nil:
		k.err = err
		return
	}
	k.opened, k.answered = true, true
}

// answer is what the registry's pipe came to: nil where it answered.
func (k *keyReader) answer() error {
	if errors.Is(k.err, winreg.ErrType) {
		return nil
	}
	return k.err
}

func (k *keyReader) number(ctx context.Context, name string) *smbprobe.RegistryNumber {
	var n smbprobe.RegistryNumber
	if !k.ask(func() (err error) {
		n.Value, n.Set, err = k.key.Number(ctx, name)
		if other, ok := errors.AsType[*winreg.TypeError](err); ok {
			// Windows ignores a text in its place, as many checklists have it.
			text, set, textErr := k.anyText(ctx, name, other.Type)
			if textErr == nil && set {
				n.WrongType, n.Text = other.Type, text
				return nil
			}
			if !errors.Is(textErr, winreg.ErrType) && textErr != nil {
				return textErr
			}
		}
		return err
	}) {
		return nil
	}
	return &n
}

// anyText reads a value that is a text by its type, or several.
func (k *keyReader) anyText(ctx context.Context, name, kind string) (text string, set bool, err error) {
	if kind != "REG_MULTI_SZ" {
		return k.key.Text(ctx, name)
	}
	all, set, err := k.key.Texts(ctx, name)
	return strings.Join(all, ", "), set, err
}

func (k *keyReader) text(ctx context.Context, name string) *smbprobe.RegistryText {
	var t smbprobe.RegistryText
	if !k.ask(func() (err error) { t.Value, t.Set, err = k.key.Text(ctx, name); return err }) {
		return nil
	}
	return &t
}

func (k *keyReader) texts(ctx context.Context, name string) *smbprobe.RegistryText {
	var t smbprobe.RegistryText
	if !k.ask(func() (err error) {
		all, set, err := k.key.Texts(ctx, name)
		t.Value, t.Set = strings.Join(all, ", "), set
		return err
	}) {
		return nil
	}
	return &t
}

// ask makes a call, and reports whether what it asked for is known.
func (k *keyReader) ask(call func() error) (known bool) {
	if !k.opened {
		return false
	}
	if k.key == nil {
		return true // no key, no value
	}
	err := call()
	if err == nil {
		return true
	}
	_, refused := errors.AsType[msrpc.Win32Error](err)
	switch {
	case !refused && !errors.Is(err, winreg.ErrType):
		k.opened, k.err = false, err // it says more than one before it
	case k.err == nil:
		k.err = err
	}
	return false
}

// notFound reports whether the server answered that there is nothing of this name.
func notFound(err error) bool {
	code, ok := errors.AsType[msrpc.Win32Error](err)
	return ok && code == msrpc.ErrorFileNotFound
}
