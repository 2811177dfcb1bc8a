package prober_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// facts are what a probe found out, by name, without times and whatever else differs from
// probe to probe. What is not known is absent.
type facts map[string]string

// factsOf returns the facts of a result.
func factsOf(r *smbprobe.Result) facts {
	f := facts{}
	if r.Share.Definite() {
		f["share"] = string(r.Share)
	}
	if r.Phonebook.State != smbprobe.PhonebookUnknown {
		f["phone book"] = fmt.Sprint(r.Phonebook.State, known(r.Phonebook.Size), known(r.Phonebook.Entries), known(r.Phonebook.Intact), r.Phonebook.Links, r.Phonebook.Counts)
	}
	e := r.Eventlog
	if e.Readable != nil && *e.Readable {
		f["event log"] = "readable"
		f["records"] = known(e.Records)
		for _, w := range e.Windows {
			f["failures in "+w.Label] = fmt.Sprint(known(w.Failures), w.ByError, w.Covered)
		}
	}
	if e.Size != nil {
		f["log size"] = known(e.Size)
	}
	note := func(name string, n *smbprobe.RegistryNumber) {
		if n != nil {
			f[name] = fmt.Sprint(*n)
		}
	}
	note("AutoShareServer", r.Registry.AutoShareServer)
	note("AutoShareWks", r.Registry.AutoShareWks)
	note("IRPStackSize", r.Registry.IRPStackSize)
	note("MaxSize", r.Registry.LogMaxSize)
	note("Retention", r.Registry.LogRetention)
	text := func(name string, t *smbprobe.RegistryText) {
		if t != nil {
			f[name] = fmt.Sprint(*t)
		}
	}
	text("CSDVersion", r.Registry.ServicePack)
	text("SystemRoot", r.Registry.SystemRoot)
	text("ProductType", r.Registry.ProductType)
	text("ProductSuite", r.Registry.ProductSuite)
	for _, s := range r.Services {
		if s.Installed != nil {
			f["service "+s.Name] = fmt.Sprint(*s.Installed)
		}
		if s.State != "" {
			f["state of "+s.Name] = string(s.State)
		}
		if s.StartMode != "" {
			f["start of "+s.Name] = string(s.StartMode)
		}
	}
	h := r.Host
	if h.Known {
		f["host"] = fmt.Sprint(h.Major, h.Minor, h.Server, h.DomainController)
	}
	if h.AdminShare != nil {
		f["ADMIN$"] = known(h.AdminShare)
	}
	if h.SystemShare != nil {
		f["system share"] = known(h.SystemShare)
	}
	if r.RPC != "" {
		f["RPC"] = string(r.RPC)
	}
	for _, c := range r.Causes {
		f["cause "+c.Name] = "yes" // how severe it is depends on what else is known
	}
	f["success"] = fmt.Sprint(r.Success)
	return f
}

func known[T any](v *T) string {
	if v == nil {
		return "?"
	}
	return fmt.Sprint(*v)
}

// spoiledCauses are those of a conversation that was spoiled.
var spoiledCauses = map[string]bool{
	"cause no_answer": true, "cause not_an_smb_server": true, "cause server_breaks_protocol": true,
	"cause signing_not_offered": true, "cause event_log_not_readable": true,
}

// contradictions lists the facts of a spoiled probe that differ from those of a healthy
// one. A fact may be missing; one that is there has to be right.
func contradictions(healthy, got facts) string {
	var wrong []string
	for name, value := range got {
		switch {
		case value == healthy[name], name == "success" && value == "false":
		case spoiledCauses[name]: // the way to the server, or one answer, was spoiled
		case name == "share" && value == string(smbprobe.ShareSigningRefused): // a signature was spoiled
		default:
			wrong = append(wrong, fmt.Sprintf("%s: %s, but %q with a healthy server", name, value, healthy[name]))
		}
	}
	if got["success"] == "true" && got["share"] != string(smbprobe.ShareSigningRefused) { // which is an answer
		for name := range healthy {
			if _, ok := got[name]; !ok {
				wrong = append(wrong, "success, and no "+name)
			}
		}
	}
	slices.Sort(wrong)
	return strings.Join(wrong, "\n")
}
