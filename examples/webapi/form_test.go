package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"mime/multipart"
	"net/http"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// form posts one file in a form.
func (s *running) form(field, file, body string, before ...string) (code int, answer []byte) {
	s.t.Helper()
	var text bytes.Buffer
	w := multipart.NewWriter(&text)
	for _, value := range before {
		testkit.Must(s.t, w.WriteField("comment", value))
	}
	part, err := w.CreateFormFile(field, file)
	testkit.Must(s.t, err)
	_, err = part.Write([]byte(body))
	testkit.Must(s.t, err)
	testkit.Must(s.t, w.Close())
	return s.post(w.FormDataContentType(), &text)
}

func (s *running) post(contentType string, body *bytes.Buffer) (code int, answer []byte) {
	s.t.Helper()
	response, err := http.Post(s.url+"/analyze", contentType, body)
	testkit.Must(s.t, err)
	defer response.Body.Close()
	var out bytes.Buffer
	_, err = out.ReadFrom(response.Body)
	testkit.Must(s.t, err)
	return response.StatusCode, out.Bytes()
}

// wantDone waits for the task of an answer and checks its name and its numbers.
func (s *running) wantDone(answer []byte, name string, count int) {
	s.t.Helper()
	var a accepted
	testkit.Must(s.t, json.Unmarshal(answer, &a))
	s.finished()
	var got task
	s.must(http.StatusOK, "GET", "/status/"+a.ID, "", &got)
	if got.Status != completed || got.Name != name || got.Results.Numbers.Count != count {
		s.t.Errorf("the task is %+v", got)
	}
}

func TestTheFileOfAFormIsAnalysed(t *testing.T) {
	s := start(t, t.TempDir())
	code, answer := s.form("file", "mine.json", "[1, 2, 3]", "a part that is not asked for")
	if code != http.StatusAccepted {
		t.Fatalf("%d %s", code, answer)
	}
	s.wantDone(answer, "mine.json", 3)
}

func TestCurlUploadsAFile(t *testing.T) {
	curl := testkit.NeedProgram(t, "curl")
	s := start(t, t.TempDir())
	path := testkit.File(t, "mine.json", `{"values": [1, 2]}`)
	s.wantDone(testkit.Output(t, exec.Command(curl, "-sS", "-F", "file=@"+path, s.url+"/analyze")), "mine.json", 2)
}

func TestMistakesInFormsAreTheClients(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	large := `"` + strings.Repeat("x", int(usual.MaxUpload)) + `"`
	for _, test := range []struct {
		field, file, body string
		code              int
		says              string
	}{
		{"file", "mine.txt", "[1]", http.StatusBadRequest, "only JSON files"},
		{"other", "mine.json", "[1]", http.StatusBadRequest, "no part"},
		{"file", "", "[1]", http.StatusBadRequest, "no part"},
		{"file", "mine.json", "[1", http.StatusBadRequest, "not valid json"},
		{"file", "mine.json", large, http.StatusRequestEntityTooLarge, "too large"},
		{"file", strings.Repeat("x", usual.MaxName) + ".json", "[1]", http.StatusBadRequest, "longer than"},
	} {
		if code, answer := s.form(test.field, test.file, test.body); code != test.code || !strings.Contains(string(answer), test.says) {
			t.Errorf("%s %.40s %.40q: %d %s", test.field, test.file, test.body, code, answer)
		}
	}
	// The part before the file counts as well, so no form makes the service read for ever.
	if code, answer := s.form("file", "mine.json", "[1]", strings.Repeat("x", int(usual.MaxUpload)+2*formOverhead)); code != http.StatusRequestEntityTooLarge {
		t.Errorf("a form with a large other part: %d %s", code, answer)
	}
	for _, kind := range []string{"multipart/form-data", "multipart/form-data; boundary=x"} {
		if code, answer := s.post(kind, bytes.NewBufferString("no form")); code != http.StatusBadRequest {
			t.Errorf("%s: %d %s", kind, code, answer)
		}
	}
	testkit.WantNone(t, filepath.Join(dir, "tasks"), "*")
}

func TestAFileNameLeadsNowhere(t *testing.T) {
	dir := t.TempDir()
	s := start(t, dir)
	for i, name := range []string{"../../up.json", "/etc/up.json", `C:\up.json`} {
		code, answer := s.form("file", name, fmt.Sprintf("[%d]", i))
		if code != http.StatusAccepted {
			t.Errorf("%s: %d %s", name, code, answer)
		}
	}
	s.finished()
	testkit.WantNone(t, dir, "up*")
	testkit.WantNone(t, filepath.Dir(dir), "up*")
}
