package smbprobe

import "strings"

// AdminShareName is the share that AutoShareServer and AutoShareWks control.
const AdminShareName = "ADMIN$"

// IsWorkstation reports whether the server said that it runs Windows NT Workstation or
// Windows 2000 Professional. One that did not say is taken for a server:
// Exchange runs on nothing else.
func (r *Result) IsWorkstation() bool {
	if t := r.Registry.ProductType; t != nil && t.Set {
		return strings.EqualFold(t.Value, "WinNT")
	}
	return r.Host.Known && !r.Host.Server
}

// AutoShare returns the name of the registry value that reports whether the administrative
// shares are made when the server starts, and the value; nil: not known.
func (r *Result) AutoShare() (name string, value *RegistryNumber) {
	if r.IsWorkstation() {
		return "AutoShareWks", r.Registry.AutoShareWks
	}
	return "AutoShareServer", r.Registry.AutoShareServer
}

// AdminShareAutomatic reports whether the administrative share comes back at the server's next
// start (Q245117); nil: not known, or the module's share is another one.
func (r *Result) AdminShareAutomatic() *bool {
	_, value := r.AutoShare()
	if value == nil || !strings.EqualFold(r.ShareName, AdminShareName) {
		return nil
	}
	automatic := !value.Set || value.Value != 0
	return &automatic
}
