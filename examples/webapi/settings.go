package main

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"net/http"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// settings is what an operator may change while the service runs, with a form or an editor: each upload reads
// settings.yaml anew.
type settings struct {
	MaxUpload int64 `json:"max_upload" yaml:"max_upload" comment:"The largest upload in bytes."`
	MaxName   int   `json:"max_name" yaml:"max_name" comment:"The longest name of an upload in bytes."`
}

var usual = settings{MaxUpload: 1 << 20, MaxName: 200}

const largestUpload = 16 << 20 // that the settings may allow

func (s *settings) check() error {
	if s.MaxUpload < 1 || s.MaxUpload > largestUpload || s.MaxName < 0 {
		return fmt.Errorf("%w: max_upload must be between 1 and %d, and max_name not negative", errBadRequest, largestUpload)
	}
	return nil
}

var (
	errOutdated      = errors.New("the settings have changed meanwhile; get them again")
	errUnconditional = errors.New("the header If-Match is missing; send the ETag of the settings that were changed")
)

// getSettings answers with the settings. Their version is the ETag. As long as there is no file, that is the zero Version.
func (s *service) getSettings(w http.ResponseWriter, r *http.Request) error {
	now, version, err := s.settings.ReadVersion(r.Context())
	if errors.Is(err, fs.ErrNotExist) {
		now, err = usual, nil
	}
	if err != nil {
		return err
	}
	w.Header().Set("ETag", `"`+version.String()+`"`)
	return reply(w, http.StatusOK, now)
}

// putSettings writes the settings if they are still those that the client got. Of two operators who edit the same settings
// the second is told to get the first one's.
func (s *service) putSettings(w http.ResponseWriter, r *http.Request) error {
	tag := r.Header.Get("If-Match")
	if tag == "" {
		return errUnconditional
	}
	seen, err := safefile.ParseVersion(strings.Trim(tag, `"`))
	if err != nil {
		return errOutdated // an ETag that is no version is not the current one
	}
	var wanted settings
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 1<<16))
	d.DisallowUnknownFields()
	if err := d.Decode(&wanted); err != nil {
		return fmt.Errorf("%w: %w", errBadRequest, err)
	}
	if err := wanted.check(); err != nil {
		return err
	}
	err = s.settings.WriteIf(r.Context(), wanted, seen)
	if errors.Is(err, errors.ErrChanged) {
		return errOutdated
	}
	if err != nil {
		return err
	}
	w.WriteHeader(http.StatusNoContent)
	return nil
}
