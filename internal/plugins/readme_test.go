package plugins

import (
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/testkit"
)

// The README shows the code that the tests run.
func TestTheREADMEShowsTheAdapters(t *testing.T) {
	readme := testkit.Content(t, filepath.Join("..", "..", "README.md"))
	for file, form := range map[string]string{
		"koanf_test.go":  `(?ms)^// provider is .*?^}\n\n.*?^}\n`, // the type and its Watch
		"viper_test.go":  "",
		"expvar_test.go": "",
	} {
		source := testkit.Content(t, file)
		shown := []string{body(t, source, "func with")}
		if form != "" {
			shown = append(shown, regexp.MustCompile(form).FindString(source))
		}
		for _, text := range shown {
			if text == "" || !strings.Contains(readme, text) {
				t.Errorf("the README does not show what %s tests:\n%s", file, text)
			}
		}
	}
}

// body gives the statements of the function that begins so, without the last return of nil.
func body(t *testing.T, source, begin string) string {
	t.Helper()
	_, text, ok := strings.Cut(source, "\n"+begin)
	_, text, _ = strings.Cut(text, "\n")
	text, _, closed := strings.Cut(text, "\n}\n")
	if !ok || !closed {
		t.Fatalf("no %s in the source", begin)
	}
	text = strings.TrimSuffix(text, "\n\treturn nil")
	return strings.ReplaceAll(strings.TrimPrefix(text, "\t"), "\n\t", "\n") + "\n"
}
