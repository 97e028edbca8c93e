package plugins

import (
	"expvar"
	"net/http/httptest"
	"os"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/safefile"
)

func withExpvar() error {
	limits := safefile.New[map[string]int]("limits.yaml")
	expvar.Publish("limits", expvar.Func(func() any {
		value, err := limits.Read() // each view of /debug/vars shows the file of that moment
		if err != nil {
			return err.Error()
		}
		return value
	}))
	return nil
}

func TestTheVariablesPageShowsTheFileOfAHandle(t *testing.T) {
	if expvar.Get("limits") != nil {
		t.Skip("a variable can't be withdrawn, so a process can run this test once")
	}
	t.Chdir(t.TempDir())
	testkit.Must(t, withExpvar())
	for text, want := range map[string]string{"n: 1\n": `"limits": {"n":1}`, "n: 2\n": `"limits": {"n":2}`, "n: [": `"limits": "read `, "": "no such file"} {
		testkit.Put(t, "limits.yaml", text)
		if text == "" {
			testkit.Must(t, os.Remove("limits.yaml"))
		}
		answer := httptest.NewRecorder()
		expvar.Handler().ServeHTTP(answer, httptest.NewRequest("GET", "/debug/vars", nil))
		if got := answer.Body.String(); !strings.Contains(got, want) {
			t.Errorf("of %q the page is %s", text, got)
		}
	}
}
