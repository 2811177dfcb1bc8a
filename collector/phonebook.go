package collector

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// phonebookFamilies are the metrics of the phone book.
func phonebookFamilies() []family {
	return []family{
		{
			name: "rasphone_phonebook_exists",
			help: "1: there is a phone book at the module's path, 0: there is none; absent where that is not known.",
			values: func(r *smbprobe.Result, out *samples) {
				if exists, known := r.Phonebook.State.Exists(); known {
					out.add(one(exists))
				}
			},
		},
		{
			name: "rasphone_phonebook_intact",
			help: "1: the phone book was read, and nothing of class file or entry was found in it; absent where it was not read.",
			values: func(r *smbprobe.Result, out *samples) {
				if intact := r.Phonebook.Intact; intact != nil {
					out.add(one(*intact))
				}
			},
		},
		{
			name:   "rasphone_phonebook_state",
			help:   "What was found at the phone book's path: 1 for the state that holds, 0 for every other.",
			labels: []string{"state"},
			values: func(r *smbprobe.Result, out *samples) {
				stateSet(out, smbprobe.PhonebookStates(), r.Phonebook.State, smbprobe.PhonebookUnknown)
			},
		},
		{
			name: "rasphone_phonebook_size_bytes",
			help: "Size of the phone book.",
			values: func(r *smbprobe.Result, out *samples) {
				if size := r.Phonebook.Size; size != nil {
					out.add(float64(*size))
				}
			},
		},
		{
			name: "rasphone_phonebook_modified_timestamp_seconds",
			help: "When the phone book was last written, by the server's clock.",
			values: func(r *smbprobe.Result, out *samples) {
				if t := r.Phonebook.Modified; t != nil {
					out.add(unixSeconds(*t))
				}
			},
		},
		{
			name: "rasphone_phonebook_entries",
			help: "Entries of the phone book.",
			values: func(r *smbprobe.Result, out *samples) {
				if entries := r.Phonebook.Entries; entries != nil {
					out.add(float64(*entries))
				}
			},
		},
		{
			name:   "rasphone_phonebook_findings",
			help:   "How often a check found something in the phone book; only checks that found something.",
			labels: []string{"check", "class"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, c := range r.Phonebook.Counts {
					out.add(float64(c.N), string(c.Check), string(c.Class))
				}
			},
		},
		{
			name:   "rasphone_phonebook_entry_info",
			help:   "Always 1; the labels say what an entry dials with, once for each of its media; the first 200.",
			labels: []string{"entry", "media", "device", "port"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, l := range r.Phonebook.Links {
					out.add(1, l.Entry, l.Media, l.Device, l.Port)
				}
			},
		},
		{
			name:   "rasphone_phonebook_dialed_entry_usable",
			help:   "1: the entry, one of the module's dialed_entries, is in the phone book, sound, and of at most 20 characters; absent if it cannot be decided whether it is there.",
			labels: []string{"entry"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, d := range r.Phonebook.Dialed {
					if !d.Undecided {
						out.add(one(d.Usable), d.Name)
					}
				}
			},
		},
	}
}

// unixSeconds is a point in time in seconds since 1970. It does not go through
// UnixNano, which has no value for times before 1678 and after 2262: a file
// time from a server can be such a time.
func unixSeconds(t time.Time) float64 {
	return float64(t.Unix()) + float64(t.Nanosecond())/1e9
}
