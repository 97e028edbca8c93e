package codec_test

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// set marshals its elements in the order of the map, which is another each time.
type set map[string]struct{}

func (s set) list() []string {
	list := make([]string, 0, len(s))
	for e := range s {
		list = append(list, e)
	}
	return list
}

func (s *set) fill(list []string) {
	*s = set{}
	for _, e := range list {
		(*s)[e] = struct{}{}
	}
}

func (s set) MarshalJSON() ([]byte, error) { return json.Marshal(s.list()) }
func (s set) MarshalYAML() (any, error)    { return s.list(), nil }
func (s set) MarshalTOML() ([]byte, error) { return json.Marshal(s.list()) }
func (s *set) UnmarshalJSON(b []byte) error {
	return unmarshalSet(s, func(v any) error { return json.Unmarshal(b, v) })
}
func (s *set) UnmarshalYAML(unmarshal func(any) error) error {
	return unmarshalSet(s, unmarshal)
}
func (s *set) UnmarshalTOML(v any) error {
	var list []string
	for _, e := range v.([]any) {
		list = append(list, e.(string))
	}
	s.fill(list)
	return nil
}

func unmarshalSet(s *set, unmarshal func(any) error) error {
	var list []string
	err := unmarshal(&list)
	s.fill(list)
	return err
}

func TestATypeThatIsEncodedDifferentlyEachTimeDamagesNothing(t *testing.T) {
	type tagged struct {
		Tags set `json:"tags" yaml:"tags" toml:"tags"`
		N    int `json:"n" yaml:"n" toml:"n"`
	}
	type hidden struct {
		Tags any `json:"tags" yaml:"tags" toml:"tags"`
		N    int `json:"n" yaml:"n" toml:"n"`
	}
	for _, c := range []struct {
		codec codec.Codec
		text  string
	}{
		{codec.JSON(), "{\n  \"tags\": [\"a\", \"b\", \"c\", \"d\", \"e\"],\n  \"n\": %d,\n  \"unknown\": \"keep\"\n}\n"},
		{codec.JSONC(), "{\n  \"tags\": [\"a\", \"b\"], // c\n  \"n\": %d,\n  \"unknown\": \"keep\"\n}\n"},
		{codec.YAML(), "# head\ntags:\n  - a # ca\n  - b # cb\nn: %d # nc\nunknown: keep # uc\n"},
		{codec.TOML(), "tags = [\"a\", \"b\", \"c\"] # t\nn = %d # nc\nunknown = \"keep\"\n"},
	} {
		old, want := fmt.Sprintf(c.text, 1), fmt.Sprintf(c.text, 2)
		refused := 0
		for range 300 {
			v, err := loadAs[tagged](c.codec, old)
			testkit.Must(t, err)
			v.N = 2
			for _, v := range []any{v, hidden{v.Tags, 2}} {
				got, err := editedOrError(c.codec, old, v)
				switch {
				case errors.Is(err, errors.ErrEncode):
					refused++
				case err != nil:
					t.Fatal(err)
				case got != want:
					t.Fatalf("got:\n%s\nwant:\n%s", got, want)
				}
			}
		}
		if refused == 0 {
			t.Errorf("%T was never refused", c.codec)
		}
	}
}

func TestRewriteTakesATypeThatIsEncodedDifferentlyEachTime(t *testing.T) {
	for range 50 {
		if _, err := dumped(codec.JSON(codec.Rewrite()), set{"a": {}, "b": {}, "c": {}}); err != nil {
			t.Fatal(err)
		}
	}
}
