package collector

import "github.com/rasphone-exporter/rasphone_exporter/smbprobe"

// diagnosisFamilies are the causes that explain a result.
func diagnosisFamilies() []family {
	return []family{
		{
			name: "rasphone_diagnosis",
			help: "Always 1, for each cause that the evidence supports; article is the main one of Microsoft's knowledge base, " +
				"severity is critical, warning or info (it was so, or is contradicted by what is seen now).",
			labels: []string{"cause", "article", "severity"},
			values: func(r *smbprobe.Result, out *samples) {
				for _, c := range r.Causes {
					out.add(1, c.Name, c.Article(), string(c.Severity))
				}
			},
		},
	}
}
