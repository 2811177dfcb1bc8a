package fleet

import (
	"time"

	"github.com/rasphone-exporter/rasphone_exporter/internal/simnt"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// soundKinds are servers where all is well, at times at least.
func soundKinds() []kind {
	return []kind{
		{
			name: "healthy", site: munich, options: nt4(),
			summary: "all is well; the line was busy three times yesterday and today",
			diary: diaryPlan{
				failures: []failures{{entry: entryName, code: "676", ages: []time.Duration{3 * time.Hour, 3*time.Hour + 5*time.Minute, 9 * time.Hour}}},
				renew:    12 * time.Hour, // before the first leaves the window of 24 hours
			},
			want: sound(smbprobe.VerdictOK, "info line_or_answer_missing").with(
				`rasphone_dialup_failures{window="15m"} 0`,
				`rasphone_dialup_failures{window="1h"} 0`,
				`rasphone_dialup_failures{window="24h"} 3`,
				`rasphone_dialup_window_covered{window="24h"} 1`,
				"rasphone_admin_share_automatic 1",
			),
		},
		{
			name: "healthy-signing", site: munich,
			options: simnt.Options{ServicePack: 6, Signing: simnt.SigningRequired},
			summary: "all is well; the server takes signed messages alone",
			want:    sound(smbprobe.VerdictOK).with(`rasphone_dialup_failures{window="24h"} 0`),
		},
		{
			name: "healthy-w2k", site: cologne, options: windows2000(),
			summary: "all is well; Windows 2000 with the book where Exchange 5.5 looks",
			want:    sound(smbprobe.VerdictOK),
		},
		{
			name: "share-flaps", site: berlin, options: nt4(), changes: true,
			summary: "somebody removes Admin$ and makes it again, every three minutes",
			later:   flapShare,
			want:    sound(smbprobe.VerdictOK),
		},
		{
			name: "book-edited", site: berlin, options: nt4(),
			summary: "somebody adds an entry to the book and takes it out again",
			later:   rewriteBook,
			want:    sound(smbprobe.VerdictOK),
		},
	}
}
