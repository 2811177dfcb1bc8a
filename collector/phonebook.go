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
			values: func(r *smbprobe.Result, send send) {
				if exists, known := r.Phonebook.State.Exists(); known {
					send(one(exists))
				}
			},
		},
		{
			name:   "rasphone_phonebook_state",
			help:   "What was found at the phone book's path: 1 for the state that holds, 0 for every other.",
			labels: []string{"state"},
			values: func(r *smbprobe.Result, send send) {
				stateSet(send, smbprobe.PhonebookStates(), r.Phonebook.State, smbprobe.PhonebookUnknown)
			},
		},
		{
			name: "rasphone_phonebook_size_bytes",
			help: "Size of the phone book.",
			values: func(r *smbprobe.Result, send send) {
				if size := r.Phonebook.Size; size != nil {
					send(float64(*size))
				}
			},
		},
		{
			name: "rasphone_phonebook_modified_timestamp_seconds",
			help: "When the phone book was last written, by the server's clock.",
			values: func(r *smbprobe.Result, send send) {
				if t := r.Phonebook.Modified; t != nil {
					send(unixSeconds(*t))
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
