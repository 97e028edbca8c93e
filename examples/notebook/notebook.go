package main

import (
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"log"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

// note is the resource. Clients see JSON, the disk YAML.
type note struct {
	Title string   `json:"title" yaml:"title"`
	Text  string   `json:"text" yaml:"text"`
	Tags  []string `json:"tags,omitempty" yaml:"tags,omitempty"`
}

// notebook is a directory of notes.
type notebook struct{ dir string }

var (
	errName          = errors.New("a note's name has 1 to 64 of the characters a-z, 0-9 and -")
	errUnconditional = errors.New("send If-Match with the ETag of the note, or If-None-Match: * for a new one")
	errOutdated      = errors.New("the note has another version; get it again")
	errBadNote       = errors.New("not a note")
)

func (n notebook) routes() http.Handler {
	mux := http.NewServeMux()
	for pattern, handle := range map[string]func(http.ResponseWriter, *http.Request) error{
		"GET /notes": n.list, "GET /notes/{name}": n.get, "PUT /notes/{name}": n.put, "DELETE /notes/{name}": n.remove,
	} {
		mux.HandleFunc(pattern, func(w http.ResponseWriter, r *http.Request) {
			if err := handle(w, r); err != nil {
				refuse(w, r, err)
			}
		})
	}
	return mux
}

var nameForm = regexp.MustCompile(`^[a-z0-9-]{1,64}$`)

// file is the handle of the note that a request names. A name becomes a part of a path, so every other text is refused.
func (n notebook) file(r *http.Request) (*lockedfile.ContextFile[note], error) {
	name := r.PathValue("name")
	if !nameForm.MatchString(name) {
		return nil, errName
	}
	return lockedfile.NewContext[note](filepath.Join(n.dir, name+".yaml"),
		safefile.WithTimeout(3*time.Second), safefile.WithParents(0o777)), nil
}

// list gives the names of all notes.
func (n notebook) list(w http.ResponseWriter, r *http.Request) error {
	entries, err := os.ReadDir(n.dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	names := []string{}
	for _, entry := range entries {
		if name, ok := strings.CutSuffix(entry.Name(), ".yaml"); ok && nameForm.MatchString(name) {
			names = append(names, name)
		}
	}
	return reply(w, http.StatusOK, names)
}

// get answers with a note and its ETag, or with 304 if the client has this version.
func (n notebook) get(w http.ResponseWriter, r *http.Request) error {
	file, err := n.file(r)
	if err != nil {
		return err
	}
	now, version, err := file.ReadVersion(r.Context())
	if err != nil {
		return err
	}
	etag := `"` + version.String() + `"`
	w.Header().Set("ETag", etag)
	if r.Header.Get("If-None-Match") == etag {
		w.WriteHeader(http.StatusNotModified)
		return nil
	}
	return reply(w, http.StatusOK, now)
}

// put writes a note if it is still the version that the client has seen.
func (n notebook) put(w http.ResponseWriter, r *http.Request) error {
	file, err := n.file(r)
	if err != nil {
		return err
	}
	seen, err := seenVersion(r)
	if err != nil {
		return err
	}
	var wanted note
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<20))
	d.DisallowUnknownFields()
	if err := d.Decode(&wanted); err != nil {
		return fmt.Errorf("%w: %w", errBadNote, err)
	}
	if wanted.Title == "" {
		return fmt.Errorf("%w: the title is missing", errBadNote)
	}
	if err := file.WriteIf(r.Context(), wanted, seen); err != nil {
		return err
	}
	if seen == (safefile.Version{}) {
		w.WriteHeader(http.StatusCreated)
	} else {
		w.WriteHeader(http.StatusNoContent)
	}
	return nil
}

// remove is the same for a removal. A transaction compares and removes, since there is no RemoveIf.
func (n notebook) remove(w http.ResponseWriter, r *http.Request) error {
	file, err := n.file(r)
	if err != nil {
		return err
	}
	seen, err := seenVersion(r)
	if err != nil {
		return err
	}
	err = file.Locked(r.Context(), func(_ context.Context, tx *lockedfile.Tx[note]) error {
		if _, now, err := tx.ReadVersion(); err != nil {
			return err
		} else if now != seen {
			return errOutdated
		}
		return tx.Remove()
	})
	if err == nil {
		w.WriteHeader(http.StatusNoContent)
	}
	return err
}

// seenVersion gives the version that the request is for. The zero Version is that of a note that does not exist yet.
func seenVersion(r *http.Request) (safefile.Version, error) {
	match, none := r.Header.Get("If-Match"), r.Header.Get("If-None-Match")
	switch {
	case match == "" && none == "*":
		return safefile.Version{}, nil
	case match == "":
		return safefile.Version{}, errUnconditional
	}
	seen, err := safefile.ParseVersion(strings.Trim(match, `"`))
	if err != nil || seen == (safefile.Version{}) {
		return seen, errOutdated // an ETag that is no version is not the current one
	}
	return seen, nil
}

func reply(w http.ResponseWriter, code int, body any) error {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	_ = json.NewEncoder(w).Encode(body) // if the client has gone, there is nobody to tell
	return nil
}

// refuse gives each error its status. It uses errors.Is and As, since the text of an error is for people.
func refuse(w http.ResponseWriter, r *http.Request, err error) {
	code := http.StatusInternalServerError
	switch {
	case errors.As(err, new(*http.MaxBytesError)):
		code = http.StatusRequestEntityTooLarge
	case errors.Is(err, errName), errors.Is(err, errBadNote):
		code = http.StatusBadRequest
	case errors.Is(err, errUnconditional):
		code = http.StatusPreconditionRequired
	case errors.Is(err, errOutdated):
		code = http.StatusPreconditionFailed
	case errors.Is(err, errors.ErrChanged):
		code, err = http.StatusPreconditionFailed, errOutdated
	case errors.Is(err, fs.ErrNotExist):
		code, err = http.StatusNotFound, errors.New("there is no such note")
	case errors.Is(err, errors.ErrTimeout), errors.Is(err, context.Canceled):
		code, err = http.StatusServiceUnavailable, errors.New("the note is busy; try again")
		w.Header().Set("Retry-After", "1")
	default:
		log.Printf("%s %s: %v", r.Method, r.URL.Path, err) // paths and the like are not for clients
		err = errors.New(http.StatusText(code))
	}
	_ = reply(w, code, map[string]string{"error": err.Error()})
}
