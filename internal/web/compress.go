package web

import (
	"io"
	"net/http"
	"sync"

	"github.com/klauspost/compress/gzip"
)

// minCompressed is the length of the shortest answer that is compressed.
const minCompressed = 1 << 10

func newCompressors() *sync.Pool {
	return &sync.Pool{New: func() any {
		// The fastest level takes a tenth of the processor time of the default one, and a tenth more
		// bytes. NewWriterLevel fails only for an unknown level.
		z, _ := gzip.NewWriterLevel(nil, gzip.BestSpeed)
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
	if acceptsGzip(r.Header) {
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
