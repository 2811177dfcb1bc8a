package web

import (
	"compress/gzip"
	"io"
	"net/http"
	"strconv"
	"strings"
	"sync"
)

// minCompressed is the length of the shortest answer that is compressed.
const minCompressed = 1 << 10

func newCompressors() *sync.Pool {
	return &sync.Pool{New: func() any {
		z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed) // the level is a valid one
		return z
	}}
}

// writeCompressed sends a body, compressed if the client takes that.
func (s *Server) writeCompressed(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	if len(body) < minCompressed {
		w.Header().Add("Vary", "Accept-Encoding")
		w.WriteHeader(status)
		s.write(w, body)
		return
	}
	s.stream(w, r, status, func(w io.Writer) error {
		_, err := w.Write(body)
		return err
	})
}

// stream sends what a function writes, compressed if the client takes that. An error means that
// the client is gone.
func (s *Server) stream(w http.ResponseWriter, r *http.Request, status int, write func(io.Writer) error) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	var err error
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		h.Set("Content-Encoding", "gzip")
		w.WriteHeader(status)
		z := s.compressors.Get().(*gzip.Writer)
		defer s.compressors.Put(z)
		z.Reset(w)
		if err = write(z); err == nil {
			err = z.Close()
		}
	} else {
		w.WriteHeader(status)
		err = write(w)
	}
	if err != nil {
		s.options.Logger.Debug("an answer could not be sent", "err", err)
	}
}

// acceptsGzip reports whether a client takes gzip (RFC 9110 section 12.5.3).
func acceptsGzip(values []string) bool {
	others := false
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, parameters, _ := strings.Cut(coding, ";")
		switch name = strings.ToLower(strings.TrimSpace(name)); name {
		case "gzip", "x-gzip":
			return quality(parameters) > 0
		case "*":
			others = quality(parameters) > 0
		}
	}
	return others
}

// quality returns the weight among the parameters of a coding, 0 if it is not a number.
func quality(parameters string) float64 {
	for parameter := range strings.SplitSeq(parameters, ";") {
		name, value, _ := strings.Cut(strings.TrimSpace(parameter), "=")
		if !strings.EqualFold(name, "q") {
			continue
		}
		q, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return 0
		}
		return q
	}
	return 1
}
