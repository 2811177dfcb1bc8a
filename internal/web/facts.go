package web

import (
	"cmp"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// fact is a name and what is known under it.
type fact struct {
	Name  string
	Value string
	Level string // class in the style sheet; empty for a value that is neither good nor bad
}

// hostFacts are what the Server service reports about the computer.
func hostFacts(r *smbprobe.Result) []fact {
	version, kind := unknown, unknown
	if h := r.Host; h.Known {
		version = fmt.Sprintf("%d.%d", h.Major, h.Minor)
		kind = hostKind(h)
	}
	started := unknown
	if d := r.Host.Started; d != nil {
		started = "at least " + lasted(*d) + " before the probe" // the count starts again after 49.7 days
	}
	rpc := fact{"RPC over pipes", unknown, ""}
	switch r.RPC {
	case smbprobe.RPCAnswers:
		rpc.Value = "answers"
	case smbprobe.RPCDead:
		rpc.Value, rpc.Level = "does not answer: services.exe is gone or hangs", "bad"
	}
	return []fact{
		{"Version", version, ""}, {"Service pack", registryText(r.Registry.ServicePack), ""}, {"Kind", kind, ""},
		{"Started", started, ""}, rpc,
	}
}

func hostKind(h smbprobe.HostResult) string {
	switch {
	case h.DomainController:
		return "domain controller"
	case h.Server:
		return "server"
	}
	return "workstation"
}

// shareFacts are what the server reports about the module's share and that of its system drive.
func shareFacts(r *smbprobe.Result) []fact {
	system := "System drive's share, as the server lists it"
	if r.Host.SystemDrive != "" {
		system = r.Host.SystemDrive + ", as the server lists it"
	}
	automatic := fact{"After the next start", unknown, ""}
	if a := r.AdminShareAutomatic(); a != nil {
		if automatic.Value, automatic.Level = "there: the server makes it", "good"; !*a {
			automatic.Value, automatic.Level = "not there: the registry keeps the server from making it", "bad"
		}
	}
	share := cmp.Or(r.ShareName, "ADMIN$") + ", as the server lists it"
	return []fact{listedShare(share, r.Host.AdminShare), listedShare(system, r.Host.SystemShare), automatic}
}

func listedShare(name string, there *bool) fact {
	switch {
	case there == nil:
		return fact{name, unknown, ""}
	case *there:
		return fact{name, "there", "good"}
	}
	return fact{name, "not there", "bad"}
}

// registry is what is known of the server's registry.
type registry struct {
	State string // whether it was readable
	Level string
	Error string
	Facts []fact // empty where nothing was read
}

func newRegistry(r *smbprobe.RegistryResult) registry {
	v := registry{Error: r.Error}
	if v.State, v.Level = readState(r.Readable); r.Readable != nil && *r.Readable {
		v.Facts = registryFacts(r)
	}
	return v
}

// registryFacts are the values of the registry that have no place elsewhere.
func registryFacts(r *smbprobe.RegistryResult) []fact {
	facts := []fact{
		{"AutoShareServer", registryNumber(r.AutoShareServer), ""}, {"AutoShareWks", registryNumber(r.AutoShareWks), ""},
		{"IRPStackSize", registryNumber(r.IRPStackSize), ""}, {"SystemRoot", registryText(r.SystemRoot), ""},
		{"ProductType", registryText(r.ProductType), ""}, {"ProductSuite", registryText(r.ProductSuite), ""},
	}
	for _, c := range r.StaleNetworkCards {
		facts = append(facts, fact{`NetworkCards\` + c.Key, "names the service " + c.Service + ", which has no key", "warning"})
	}
	return facts
}

// logFacts are what bounds the event log.
func logFacts(r *smbprobe.Result) []fact {
	size, maximum := unknown, registryNumber(r.Registry.LogMaxSize)
	if n := r.Eventlog.Size; n != nil {
		size = fmt.Sprintf("%d bytes", *n)
	}
	if n := r.Registry.LogMaxSize; n != nil && n.Set {
		maximum += " bytes"
	}
	return []fact{{"Size", size, ""}, {"Maximum", maximum, ""}, {"When full", whenFull(r.Registry.LogRetention), ""}}
}

// whenFull describes what a full event log does with a new event, by its Retention.
func whenFull(retention *smbprobe.RegistryNumber) string {
	switch {
	case retention == nil:
		return unknown
	case !retention.Set:
		return notSet
	case retention.Value == 0:
		return "overwrites the oldest events"
	case retention.Value == math.MaxUint32:
		return "drops new events: it never overwrites"
	}
	return "overwrites events older than " + lasted(time.Duration(retention.Value)*time.Second) + ", else drops new ones"
}

// notSet stands on the pages for a value that the registry does not have.
const notSet = "not set"

func registryNumber(n *smbprobe.RegistryNumber) string {
	switch {
	case n == nil:
		return unknown
	case !n.Set:
		return notSet
	}
	return fmt.Sprint(n.Value)
}

func registryText(t *smbprobe.RegistryText) string {
	switch {
	case t == nil:
		return unknown
	case !t.Set:
		return notSet
	case t.Value == "":
		return "empty"
	}
	return t.Value
}

// lasted is a span of time in days, hours and minutes; less than a minute as it is.
func lasted(d time.Duration) string {
	if d < time.Minute {
		return tenths(d).String()
	}
	var parts []string
	minutes := int64(d / time.Minute)
	for _, unit := range []struct {
		name    string
		minutes int64
	}{{"d", 24 * 60}, {"h", 60}, {"m", 1}} {
		if n := minutes / unit.minutes; n > 0 {
			parts = append(parts, fmt.Sprintf("%d%s", n, unit.name))
		}
		minutes %= unit.minutes
	}
	return strings.Join(parts, " ")
}
