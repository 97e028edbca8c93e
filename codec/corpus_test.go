package codec_test

import (
	"path"
	"testing"

	"github.com/holdfast-go/holdfast/internal/textedit/edittest"
)

// corpus gives the files of one folder of the corpus by their names.
func corpus(t testing.TB, folder string) map[string][]byte {
	t.Helper()
	files := map[string][]byte{}
	for name, data := range edittest.Corpus(t, folder+"/*") {
		files[path.Base(name)] = data
	}
	return files
}
