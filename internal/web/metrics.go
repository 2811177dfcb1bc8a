package web

import (
	"bytes"
	"net/http"
	"strconv"
	"strings"
	"sync"

	"github.com/klauspost/compress/gzip"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/prometheus/common/expfmt"

	"github.com/rasphone-exporter/rasphone_exporter/collector"
	"github.com/rasphone-exporter/rasphone_exporter/smbprobe"
)

// writeMetrics answers with the metrics of one probe, as promhttp would, byte for byte, but
// without making a registry, descriptors and protocol buffers for every scrape.
func (s *Server) writeMetrics(w http.ResponseWriter, r *http.Request, result *smbprobe.Result) {
	contentType, formatType := s.formats.negotiate(r.Header)
	var format collector.Format
	switch formatType {
	case expfmt.TypeTextPlain:
		format = collector.Text
	case expfmt.TypeOpenMetrics:
		format = collector.OpenMetrics
	default:
		s.writeByRegistry(w, r, result)
		return
	}
	if strings.Contains(r.URL.RawQuery, "name") && len(r.URL.Query()["name[]"]) > 0 {
		s.writeByRegistry(w, r, result)
		return
	}
	buffers := s.answers.Get().(*answerBuffers)
	defer s.answers.Put(buffers)
	buffers.text = collector.Append(buffers.text[:0], result, format)
	h := w.Header()
	h.Set("Content-Type", string(contentType))
	h["Vary"] = append(h["Vary"], "Accept", "Accept-Encoding")
	body := buffers.text
	if acceptsGzip(r.Header) {
		h.Set("Content-Encoding", "gzip")
		body = buffers.compress()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	s.write(w, body)
}

// writeByRegistry answers with the metrics of one probe in a format that is not text, or
// with some of them.
func (s *Server) writeByRegistry(w http.ResponseWriter, r *http.Request, result *smbprobe.Result) {
	registry := prometheus.NewRegistry()
	if err := registry.Register(collector.New(result)); err != nil {
		s.fail(w, "cannot make metrics of a result", err)
		return
	}
	promhttp.HandlerFor(registry, promhttp.HandlerOpts{
		ErrorLog: s.promLog(), ErrorHandling: promhttp.HTTPErrorOnError, EnableOpenMetrics: true,
	}).ServeHTTP(w, r)
}

// answerBuffers are what the metrics of one probe are written with.
type answerBuffers struct {
	text       []byte
	compressed bytes.Buffer
	gzip       *gzip.Writer
}

func newAnswers() *sync.Pool {
	return &sync.Pool{New: func() any {
		// Without a search for repetitions: 7 KB instead of 3 of 11, for half of the processor time
		// and none of its tables, a tenth of a scrape. The level is a valid one.
		z, _ := gzip.NewWriterLevel(nil, gzip.HuffmanOnly)
		return &answerBuffers{gzip: z}
	}}
}

// compress returns the text compressed. Writes to a buffer do not fail.
func (b *answerBuffers) compress() []byte {
	b.compressed.Reset()
	b.gzip.Reset(&b.compressed)
	_, _ = b.gzip.Write(b.text)
	_ = b.gzip.Close()
	return b.compressed.Bytes()
}

// acceptsGzip reports whether a client prefers gzip to no compression, as promhttp sees it
// (RFC 9110 section 12.5.3).
func acceptsGzip(h http.Header) bool {
	identity, compressed := -1.0, -1.0
	for _, line := range h["Accept-Encoding"] {
		for spec := range strings.SplitSeq(line, ",") {
			coding, parameters, _ := strings.Cut(spec, ";")
			q := 1.0
			if value, ok := strings.CutPrefix(strings.TrimSpace(parameters), "q="); ok {
				var err error
				if q, err = strconv.ParseFloat(value, 64); err != nil {
					q = 0
				}
			}
			switch strings.TrimSpace(coding) {
			case "gzip":
				compressed = max(compressed, q)
			case "identity":
				identity = max(identity, q)
			case "*":
				identity, compressed = max(identity, q), max(compressed, q)
			}
		}
	}
	return compressed > max(identity, 0)
}

// formatCache remembers the format of the last Accept header: the clients of an exporter
// are one or two Prometheus servers, which always send the same one.
type formatCache struct {
	mu     sync.Mutex
	accept string
	format expfmt.Format
	kind   expfmt.FormatType // of format
}

func (c *formatCache) negotiate(h http.Header) (expfmt.Format, expfmt.FormatType) {
	accept := h.Get("Accept")
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.format == "" || c.accept != accept {
		c.accept, c.format = accept, expfmt.NegotiateAccept(h, expfmt.DefaultOpenMetricsAcceptedFormats()...)
		c.kind = c.format.FormatType()
	}
	return c.format, c.kind
}
