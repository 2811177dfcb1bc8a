package collector

import (
	"bytes"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe/smb"
)

// Format is a text format of metrics.
type Format int

// The formats. A registry and promhttp write the same bytes.
const (
	Text        Format = iota // Prometheus text format 0.0.4
	OpenMetrics               // OpenMetrics 1.0.0 and 0.0.1, which do not differ for gauges
)

// Append appends the metrics of one probe as text. It reads r, which must not be nil.
func Append(b []byte, r *smbprobe.Result, format Format) []byte {
	s := samples{all: make([]sample, 0, usualSamples), labels: make([]string, 0, 2*usualSamples)}
	for i := range textFamilies {
		f := &textFamilies[i]
		s.reset(f.order)
		f.values(r, &s)
		if len(s.all) == 0 {
			continue
		}
		s.sort()
		b = append(b, f.header[format]...)
		for _, sample := range s.all {
			b = append(b, f.name...)
			b = f.appendLabels(b, s.labelsOf(sample))
			b = append(b, ' ')
			b = appendFloat(b, sample.value, format)
			b = append(b, '\n')
		}
	}
	if format == OpenMetrics {
		b = append(b, "# EOF\n"...)
	}
	return b
}

// textFamily is a family with what its text needs.
type textFamily struct {
	*family
	order  []int     // of the labels, as the family's values add them, once sorted by name
	names  []string  // of the labels, sorted, each with what is in front of its value: `{entry="`
	header [2]string // HELP and TYPE, by Format
}

// textFamilies are families in the order of a registry: by name.
var textFamilies = newTextFamilies()

func newTextFamilies() []textFamily {
	all := make([]textFamily, len(families))
	for i := range families {
		all[i] = newTextFamily(&families[i])
	}
	slices.SortFunc(all, func(a, b textFamily) int { return strings.Compare(a.name, b.name) })
	return all
}

func newTextFamily(f *family) textFamily {
	t := textFamily{family: f, order: identity(len(f.labels))}
	slices.SortFunc(t.order, func(i, j int) int { return strings.Compare(f.labels[i], f.labels[j]) })
	before := "{"
	for _, i := range t.order {
		t.names = append(t.names, before+f.labels[i]+`="`)
		before = `",`
	}
	for format, escaper := range [...]*strings.Replacer{
		Text:        strings.NewReplacer(`\`, `\\`, "\n", `\n`),
		OpenMetrics: strings.NewReplacer(`\`, `\\`, "\n", `\n`, `"`, `\"`),
	} {
		t.header[format] = "# HELP " + f.name + " " + escaper.Replace(f.help) + "\n# TYPE " + f.name + " gauge\n"
	}
	return t
}

// appendLabels appends the label set with these values, sorted as names are.
func (f *textFamily) appendLabels(b []byte, values []string) []byte {
	for i, value := range values {
		b = append(b, f.names[i]...)
		b = appendEscaped(b, value)
	}
	if len(values) > 0 {
		b = append(b, `"}`...)
	}
	return b
}

func appendEscaped(b []byte, s string) []byte {
	if !strings.ContainsAny(s, "\\\"\n") {
		return append(b, s...)
	}
	for _, c := range []byte(s) {
		switch c {
		case '\\', '"':
			b = append(b, '\\', c)
		case '\n':
			b = append(b, `\n`...)
		default:
			b = append(b, c)
		}
	}
	return b
}

// appendFloat appends a value. OpenMetrics has a point or an exponent in every number.
func appendFloat(b []byte, f float64, format Format) []byte {
	if math.IsInf(f, 0) || math.IsNaN(f) {
		switch {
		case math.IsInf(f, 1):
			return append(b, "+Inf"...)
		case math.IsInf(f, -1):
			return append(b, "-Inf"...)
		}
		return append(b, "NaN"...)
	}
	if f == 0 {
		f = 0 // without the sign
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'g', -1, 64)
	if format == OpenMetrics && !bytes.ContainsAny(b[start:], "e.") {
		b = append(b, ".0"...)
	}
	return b
}

// usualSamples is how many samples most families have at most.
const usualSamples = 32

// samples collects the samples of one family. It is reused from family to family.
type samples struct {
	order  []int // which of the labels of add comes first, second and so on
	all    []sample
	labels []string // of all samples, len(order) each
}

// sample is one value. Its labels are at index labels of samples.labels.
type sample struct {
	value  float64
	labels int
}

// reset drops all samples.
func (s *samples) reset(order []int) {
	s.order, s.all, s.labels = order, s.all[:0], s.labels[:0]
}

// add adds one value, with the values of the family's labels in their order. Label values
// are cleaned once more here: one that is not UTF-8 would cost the whole answer.
func (s *samples) add(value float64, labels ...string) {
	s.all = append(s.all, sample{value, len(s.labels)})
	for _, i := range s.order {
		s.labels = append(s.labels, smb.CleanText(labels[i]))
	}
}

func (s *samples) labelsOf(v sample) []string { return s.labels[v.labels : v.labels+len(s.order)] }

// sort sorts by label values. Of samples with equal labels it keeps the one that was added
// first: a label set that is there twice would cost the whole answer.
func (s *samples) sort() {
	if len(s.all) < 2 {
		return
	}
	compare := func(a, b sample) int { return slices.Compare(s.labelsOf(a), s.labelsOf(b)) }
	slices.SortStableFunc(s.all, compare)
	s.all = slices.CompactFunc(s.all, func(a, b sample) bool { return compare(a, b) == 0 })
}
