package smbprobe

import (
	"context"
	"errors"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/msrpc/winreg"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Keys below HKEY_LOCAL_MACHINE.
const (
	keyLanmanServer = `SYSTEM\CurrentControlSet\Services\LanmanServer\Parameters`
	keyEventLog     = `SYSTEM\CurrentControlSet\Services\EventLog\` // and the log's name
	keyWindowsNT    = `SOFTWARE\Microsoft\Windows NT\CurrentVersion`
	keyProduct      = `SYSTEM\CurrentControlSet\Control\ProductOptions`
	keyServices     = `SYSTEM\CurrentControlSet\Services\`
)

// registryKey is a key and what is asked of it: on one pipe, because a pipe takes
// one call at a time.
type registryKey struct {
	path string
	ask  func(context.Context, *keyReader)
}

// registryKeys are the keys that a probe asks for. Each writes into fields of its
// own.
func registryKeys(log string, into *RegistryResult) []registryKey {
	return []registryKey{
		{keyLanmanServer, func(ctx context.Context, k *keyReader) {
			into.AutoShareServer = k.number(ctx, "AutoShareServer")
			into.AutoShareWks = k.number(ctx, "AutoShareWks")
			into.IRPStackSize = k.number(ctx, "IRPStackSize")
		}},
		{keyEventLog + log, func(ctx context.Context, k *keyReader) {
			into.LogMaxSize = k.number(ctx, "MaxSize")
			into.LogRetention = k.number(ctx, "Retention")
		}},
		{keyWindowsNT, func(ctx context.Context, k *keyReader) {
			into.ServicePack = k.text(ctx, "CSDVersion")
			into.SystemRoot = k.text(ctx, "SystemRoot")
		}},
		{keyProduct, func(ctx context.Context, k *keyReader) {
			into.ProductType = k.text(ctx, "ProductType")
			into.ProductSuite = k.texts(ctx, "ProductSuite")
		}},
	}
}

// readRegistry asks for the values that tell a cause, the keys side by side. The
// tree is IPC$.
func (r *run) readRegistry(ctx context.Context, tree smb.Tree) error {
	var into RegistryResult
	keys := registryKeys(r.target.Module.EventLog.Log, &into)
	readers := make([]keyReader, len(keys))
	branches := make([]func(context.Context), len(keys))
	for i, key := range keys {
		branches[i] = func(ctx context.Context) {
			readers[i].open(ctx, tree, key.path)
			key.ask(ctx, &readers[i])
			r.rpc.note(winreg.PipeName, readers[i].answer())
		}
	}
	r.beside(ctx, branches...)

	readable := false
	var errs []error
	for i := range readers {
		readable = readable || readers[i].answered
		errs = append(errs, readers[i].err)
	}
	into.Readable = &readable
	err := worst(errs...)
	if err != nil {
		into.Error = err.Error()
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

func (k *keyReader) number(ctx context.Context, name string) *RegistryNumber {
	var n RegistryNumber
	if !k.ask(func() (err error) { n.Value, n.Set, err = k.key.Number(ctx, name); return err }) {
		return nil
	}
	return &n
}

func (k *keyReader) text(ctx context.Context, name string) *RegistryText {
	var t RegistryText
	if !k.ask(func() (err error) { t.Value, t.Set, err = k.key.Text(ctx, name); return err }) {
		return nil
	}
	return &t
}

func (k *keyReader) texts(ctx context.Context, name string) *RegistryText {
	var t RegistryText
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
