package main

import (
	"fmt"
	"io"
	"mime"
	"net/http"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// formOverhead is the largest size of a form without its file.
const formOverhead = 16 << 10

// readUpload gives the name and the content of an upload: the file of a form (curl -F file=@mine.json), or else the body (curl -d) and
// the parameter name.
func readUpload(w http.ResponseWriter, r *http.Request, limit int64) (name string, body []byte, err error) {
	kind, _, _ := mime.ParseMediaType(r.Header.Get("Content-Type"))
	if kind != "multipart/form-data" {
		body, err = io.ReadAll(http.MaxBytesReader(w, r.Body, limit))
		return r.URL.Query().Get("name"), body, err
	}
	r.Body = http.MaxBytesReader(w, r.Body, limit+formOverhead)
	// The parts are read as they come, so no part is kept in memory or in a temporary file but the one that is wanted.
	form, err := r.MultipartReader()
	if err != nil {
		return "", nil, err
	}
	for {
		part, err := form.NextPart()
		if err == io.EOF {
			return "", nil, errors.New(`the form has no part "file" with a file`)
		}
		if err != nil {
			return "", nil, err
		}
		name = part.FileName() // without the directories that a client may have put before it
		if part.FormName() != "file" || name == "" {
			continue
		}
		if !strings.HasSuffix(strings.ToLower(name), ".json") {
			return "", nil, fmt.Errorf("only JSON files are supported, and %q does not end in .json", name)
		}
		body, err = io.ReadAll(http.MaxBytesReader(w, part, limit))
		return name, body, err
	}
}
