package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

var errBadRequest = errors.New("bad request")

// endpoint answers a request, or says why it can't.
type endpoint func(w http.ResponseWriter, r *http.Request) error

func (e endpoint) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if err := e(w, r); err != nil {
		refuse(w, r, err)
	}
}

func (s *service) routes() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("POST /analyze", endpoint(s.postUpload))
	mux.Handle("GET /status/{id}", endpoint(s.getStatus))
	mux.Handle("GET /analytics", endpoint(s.getAnalytics))
	mux.Handle("GET /settings", endpoint(s.getSettings))
	mux.Handle("PUT /settings", endpoint(s.putSettings))
	mux.Handle("GET /health", endpoint(s.getHealth))
	return mux
}

// accepted is the answer to an upload.
type accepted struct {
	ID     string `json:"task_id"`
	Status status `json:"status"`
}

// postUpload answers when the task is durable. It uses the context of the request, so a client that has gone does not
// wait for the lock any longer.
func (s *service) postUpload(w http.ResponseWriter, r *http.Request) error {
	limits, err := s.settings.ReadOr(r.Context(), usual)
	if err != nil {
		return err
	}
	name, body, err := readUpload(w, r, limits.MaxUpload)
	if err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if len(name) > limits.MaxName {
		return fmt.Errorf("%w: the name is longer than %d bytes", errBadRequest, limits.MaxName)
	}
	// An upload is valid if the codec can load it that will read the file later.
	var document any
	if err := codec.JSON().Load(bytes.NewReader(body), &document); err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	id, err := s.accept(r.Context(), name, body)
	if id != "" {
		s.queue <- id
	}
	if err != nil {
		return err // with an ID if the disk did not confirm the task: it is not acknowledged, and is done
	}
	w.Header().Set("Location", "/status/"+id)
	return reply(w, http.StatusAccepted, accepted{id, pending})
}

func (s *service) getStatus(w http.ResponseWriter, r *http.Request) error {
	t, err := s.task(r.Context(), r.PathValue("id"))
	if err != nil {
		return err
	}
	return reply(w, http.StatusOK, t)
}

// summary is the answer about all tasks.
type summary struct {
	Pending    int     `json:"pending"`
	Processing int     `json:"processing"`
	Average    float64 `json:"average_seconds"`
	analytics
}

func (s *service) getAnalytics(w http.ResponseWriter, r *http.Request) error {
	l, err := s.ledger.ReadOr(r.Context(), ledger{})
	if err != nil {
		return err
	}
	all := summary{Average: l.Analytics.average(), analytics: l.Analytics}
	for _, t := range l.Waiting {
		if t.Status == pending {
			all.Pending++
		} else {
			all.Processing++
		}
	}
	return reply(w, http.StatusOK, all)
}

// getHealth succeeds if the ledger can be read.
func (s *service) getHealth(w http.ResponseWriter, r *http.Request) error {
	if _, err := s.ledger.ReadOr(r.Context(), ledger{}); err != nil {
		return err
	}
	return reply(w, http.StatusOK, map[string]string{"status": "healthy"})
}

func reply(w http.ResponseWriter, code int, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	if err := json.NewEncoder(w).Encode(body); err != nil {
		slog.Debug("an answer was not delivered", "error", err) // it is too late for another one
	}
	return nil
}

func refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := statusOf(err)
	text := err.Error()
	if code >= http.StatusInternalServerError {
		slog.Warn("a request failed", "method", r.Method, "path", r.URL.Path, "status", code, "error", err)
		text = http.StatusText(code) // paths and the like are not for clients
	}
	if code == http.StatusServiceUnavailable {
		w.Header().Set("Retry-After", "1")
	}
	_ = reply(w, code, map[string]string{"error": text})
}

// statusOf gives the HTTP status for an error. It uses errors.Is and As, since the text of an error is for people.
func statusOf(err error) int {
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		return http.StatusRequestEntityTooLarge
	case errors.Is(err, errBadRequest):
		return http.StatusBadRequest
	case errors.Is(err, errUnknown):
		return http.StatusNotFound
	case errors.Is(err, errOutdated):
		return http.StatusPreconditionFailed
	case errors.Is(err, errUnconditional):
		return http.StatusPreconditionRequired
	case errors.Is(err, errFull), errors.Is(err, errors.ErrTimeout), errors.Is(err, errors.ErrChanged),
		errors.Is(err, context.Canceled):
		return http.StatusServiceUnavailable // nothing was changed, so the client may try again
	}
	return http.StatusInternalServerError
}
