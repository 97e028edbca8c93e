package codec_test

import (
	"path"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
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

func TestJSONTestSuite(t *testing.T) {
	counts := map[string]int{}
	for name, data := range corpus(t, "json-test-suite") {
		if !strings.HasSuffix(name, ".json") {
			continue
		}
		v, err := loadAs[any](codec.JSON(), string(data))
		counts[name[:1]]++
		switch {
		case err != nil && !errors.Is(err, errors.ErrDecode):
			t.Errorf("%s: %v", name, err)
		case name[0] == 'y' && err != nil:
			t.Errorf("%s is valid: %v", name, err)
		case name[0] == 'n' && err == nil:
			t.Errorf("%s is not valid and loads as %#v", name, v)
		case err == nil:
			comesBack(t, name, codec.JSON(), v)
			comesBack(t, name, codec.JSONC(), v)
		}
	}
	y, n, i := 90, 180, 30
	if !edittest.HasPublicCorpus() {
		y, n, i = 10, 10, 3
	}
	if counts["y"] < y || counts["n"] < n || counts["i"] < i {
		t.Errorf("%v", counts)
	}
}

// yaml.v3 is no fully conforming parser: it takes some errors and refuses some
// valid documents. The number that it gets right must not fall.
func TestYAMLTestSuite(t *testing.T) {
	loaded, refused, several := 0, 0, 0
	for name, data := range corpus(t, "yaml-test-suite") {
		v, err := loadAs[any](codec.YAML(), string(data))
		wrong := strings.HasSuffix(name, ".error.yaml")
		switch {
		case err != nil && !errors.Is(err, errors.ErrDecode):
			t.Errorf("%s: %v", name, err)
		case err != nil && strings.Contains(err.Error(), "second document"):
			several++
		case err != nil && wrong:
			refused++
		case err == nil && !wrong:
			loaded++
			comesBack(t, name, codec.YAML(), v)
		}
	}
	t.Logf("%d valid ones load, %d wrong ones are refused, %d have a second document", loaded, refused, several)
	good, bad, more := 200, 70, 10
	if !edittest.HasPublicCorpus() {
		good, bad, more = 15, 5, 1
	}
	if loaded < good || refused < bad || several < more {
		t.Errorf("%d valid ones load, %d wrong ones are refused, %d have a second document", loaded, refused, several)
	}
}

func TestRealFilesLoadAndComeBack(t *testing.T) {
	formats := map[string]codec.Codec{
		".json": codec.JSON(), ".jsonc": codec.JSONC(), ".yml": codec.YAML(), ".toml": codec.TOML(),
	}
	seen := 0
	for name, data := range corpus(t, "real") {
		c := formats[name[strings.LastIndexByte(name, '.'):]]
		v, err := loadAs[any](c, string(data))
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		seen++
		comesBack(t, name, c, v)
		comesBack(t, name, codec.Gzip(c), v)
	}
	if seen < 15 && edittest.HasPublicCorpus() {
		t.Errorf("%d files", seen)
	}
}

func comesBack(t *testing.T, name string, c codec.Codec, v any) {
	t.Helper()
	text, err := dumped(c, v)
	if err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	again, err := loadAs[any](c, text)
	if err != nil || !reflect.DeepEqual(v, again) && !same(v, again) {
		t.Errorf("%s: %#v comes back as %#v, %v", name, v, again, err)
	}
}
