package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// settingsRequest is a request about the settings, with an If-Match unless match is empty.
func (s *running) settingsRequest(method, match, body string) (code int, etag string) {
	s.t.Helper()
	request, err := http.NewRequestWithContext(s.t.Context(), method, s.url+"/settings", strings.NewReader(body))
	testkit.Must(s.t, err)
	if match != "" {
		request.Header.Set("If-Match", match)
	}
	response, err := http.DefaultClient.Do(request)
	testkit.Must(s.t, err)
	response.Body.Close()
	return response.StatusCode, response.Header.Get("ETag")
}

func TestOfTwoOperatorsTheSecondIsToldOfTheFirst(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	path := filepath.Join(dir, "settings.yaml")
	put := func(want int, match, body string) {
		t.Helper()
		if code, _ := s.settingsRequest("PUT", match, body); code != want {
			t.Errorf("%s with If-Match %s: %d, want %d", body, match, code, want)
		}
	}
	code, none := s.settingsRequest("GET", "", "")
	if code != http.StatusOK || none != `"none"` {
		t.Fatalf("without settings: %d, ETag %s", code, none)
	}
	put(http.StatusPreconditionRequired, "", `{"max_upload": 9}`)
	put(http.StatusNoContent, none, `{"max_upload": 100, "max_name": 5}`)
	put(http.StatusPreconditionFailed, none, `{"max_upload": 9}`)

	testkit.WantContent(t, path, "# The largest upload in bytes.\nmax_upload: 100\n# The longest name of an upload in bytes.\nmax_name: 5\n")
	_, first := s.settingsRequest("GET", "", "")
	testkit.Put(t, path, "# set by hand\n"+testkit.Content(t, path)) // an editor
	put(http.StatusPreconditionFailed, first, `{"max_upload": 9}`)
	_, second := s.settingsRequest("GET", "", "")
	put(http.StatusPreconditionFailed, `"nonsense"`, `{"max_upload": 9}`)
	put(http.StatusBadRequest, second, `{"max_upload": 0}`)
	put(http.StatusBadRequest, second, `{"max": 9}`)
	put(http.StatusNoContent, second, `{"max_upload": 9, "max_name": 5}`)
	if text := testkit.Content(t, path); !strings.HasPrefix(text, "# set by hand\n") || !strings.Contains(text, "max_upload: 9\n") {
		t.Errorf("the settings are\n%s", text)
	}
	s.must(http.StatusRequestEntityTooLarge, "POST", "/analyze", `"longer than that"`, nil)
	s.must(http.StatusBadRequest, "POST", "/analyze?name=longer", `[1]`, nil)
	s.must(http.StatusAccepted, "POST", "/analyze?name=short", `[1]`, nil)
}
