package web

import (
	"bytes"
	"fmt"
	"net/http"
	"strings"
)

// frameErrors shows errors, which handlers write as text, to a browser inside a page: the way
// back is a link.
func (s *Server) frameErrors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !wantsPage(r) {
			next.ServeHTTP(w, r)
			return
		}
		e := &errorWriter{ResponseWriter: w}
		next.ServeHTTP(e, r)
		if e.status == 0 {
			return
		}
		w.Header().Del("Content-Length")
		w.Header().Add("Vary", "Accept")
		heading := fmt.Sprintf("%d %s", e.status, http.StatusText(e.status))
		s.writePage(w, r, e.status, "message.html", messagePage{
			frame: s.newFrame(r, heading, "", s.fleetState()), Heading: heading, Message: strings.TrimSpace(e.text.String()),
		})
	})
}

// errorWriter holds back an error that is written as text.
type errorWriter struct {
	http.ResponseWriter
	written bool
	status  int // 0: it is not an error
	text    bytes.Buffer
}

func (e *errorWriter) WriteHeader(status int) {
	if e.written {
		return
	}
	e.written = true
	if status >= http.StatusBadRequest && strings.HasPrefix(e.Header().Get("Content-Type"), "text/plain") {
		e.status = status
		return
	}
	e.ResponseWriter.WriteHeader(status)
}

func (e *errorWriter) Write(p []byte) (int, error) {
	e.WriteHeader(http.StatusOK)
	if e.status != 0 {
		return e.text.Write(p)
	}
	return e.ResponseWriter.Write(p)
}

// Unwrap is for http.ResponseController.
func (e *errorWriter) Unwrap() http.ResponseWriter { return e.ResponseWriter }
