package json

import (
	"bytes"
	"encoding/json"
	"slices"
	"testing"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// proofs makes an edit of a JSONC text and gives the parts that were decoded to prove it,
// and how often the whole text was.
func proofs(t *testing.T, old, oldEnc, newEnc string, recode func(part []byte) ([]byte, error)) (got string, parts []string, whole int) {
	t.Helper()
	text, _, err := edit.Edit(JSONC, []byte(old), []byte(oldEnc), []byte(newEnc), edit.Options{
		Check: func(*edit.Document) error { whole++; return nil },
		Recode: func(part []byte) ([]byte, error) {
			parts = append(parts, string(part))
			return recode(part)
		},
	})
	testkit.Must(t, err)
	return string(text), parts, whole
}

// recoded decodes into a type and encodes that again.
func recoded[T any](part []byte) ([]byte, error) {
	var v T
	plain, err := withoutComments(part)
	if err == nil {
		err = json.Unmarshal(plain, &v)
	}
	if err != nil {
		return nil, err
	}
	return json.Marshal(v)
}

type server struct {
	ID   int
	Name string
	Tags []string `json:",omitempty"`
}

type servers struct {
	Port int
	List []server
	By   map[string]server
}

const servedText = `{ // ours
  "Port": 1, /* x */ "theirs": {"a": [1, 2]},
  "List": [
    {"ID": 1, "Name": "one", "Tags": ["a", "b"]},
    {"ID": 2, "Name": "two", "own": 7}, // second
    {"ID": 3, "Name": "three"},
  ],
  "By": {"k": {"ID": 9, "Name": "nine"}},
}
`

func TestOnlyWhatAnEditTouchesIsDecodedAgain(t *testing.T) {
	encode := func(change func(v *servers)) string {
		v := servers{1, []server{{1, "one", []string{"a", "b"}}, {2, "two", nil}, {3, "three", nil}}, map[string]server{"k": {9, "nine", nil}}}
		change(&v)
		text, _ := json.Marshal(v)
		return string(text)
	}
	for name, c := range map[string]struct {
		change func(v *servers)
		part   string
		from   string
		to     string
	}{
		"a value":       {func(v *servers) { v.List[1].Name = "zwei" }, `{"List":[{"Name":"zwei"}]}`, `"two"`, `"zwei"`},
		"two values":    {func(v *servers) { v.Port = 2; v.List[2].ID = 4 }, `{"Port":2,"List":[{"ID":4}]}`, "", ""},
		"a new element": {func(v *servers) { v.List = append(v.List, server{4, "four", nil}) }, `{"List":[{"ID":4,"Name":"four"}]}`, `"three"},`, `"three"},` + "\n" + `    {"ID": 4, "Name": "four"},`},
		"a new key":     {func(v *servers) { v.By["l"] = server{5, "five", nil} }, `{"By":{"l":{"ID":5,"Name":"five"}}}`, `"nine"}}`, `"nine"}, "l": {"ID": 5, "Name": "five"}}`},
		"a key less":    {func(v *servers) { v.List[0].Tags = nil }, `{"List":[{}]}`, `, "Tags": ["a", "b"]`, ``},
	} {
		t.Run(name, func(t *testing.T) {
			got, parts, whole := proofs(t, servedText, encode(func(*servers) {}), encode(c.change), recoded[servers])
			if !slices.Equal(parts, []string{c.part}) || whole != 0 {
				t.Errorf("decoded were %q, and the whole %d times; want only %s", parts, whole, c.part)
			}
			if want := string(bytes.Replace([]byte(servedText), []byte(c.from), []byte(c.to), 1)); c.from != "" && got != want {
				t.Errorf("got\n%s", got)
			}
		})
	}
}

func TestAPartThatDecodesToSomethingElseIsNoProof(t *testing.T) {
	was, is := `{"Port":1,"List":null,"By":null}`, `{"Port":2,"List":null,"By":null}`
	for name, recode := range map[string]func([]byte) ([]byte, error){
		"another value":    func([]byte) ([]byte, error) { return []byte(`{"Port":3,"List":null,"By":null}`), nil },
		"no value":         func([]byte) ([]byte, error) { return []byte(`{"List":null,"By":null}`), nil },
		"an unknown key":   func([]byte) ([]byte, error) { return []byte(`{"Port":2,"List":null,"By":null,"x":1}`), nil },
		"another kind":     func([]byte) ([]byte, error) { return []byte(`[2]`), nil },
		"it does not load": func([]byte) ([]byte, error) { return nil, errors.New("no") },
		"it does not parse": func([]byte) ([]byte, error) {
			return []byte(`{"Port":2,`), nil
		},
	} {
		t.Run(name, func(t *testing.T) {
			_, parts, whole := proofs(t, `{"Port": 1, "z": 0}`, was, is, recode)
			if len(parts) == 0 || whole == 0 {
				t.Errorf("decoded were %q, and the whole %d times; want the whole to be asked after the part has failed", parts, whole)
			}
		})
	}
}

// The text must be valid JSON from its beginning to its end, with the parts that are left out.
func TestAnExcerptIsOfAValidText(t *testing.T) {
	like := &edit.Node{Kind: edit.Map, Entries: []edit.Entry{{Key: edit.NewScalar(edit.TypeString, "b")}}}
	for text, valid := range map[string]bool{
		`{"a": [1, 2], "b": 3}`:     true,
		`{"a": [1  2], "b": 3}`:     false,
		`{"a": [1, 2], "b": 3,}`:    false,
		"{\"a\": \"\xff\",\"b\":3}": false,
	} {
		doc, err := JSON.Outline([]byte(text), like)
		if err == nil {
			_, err = JSON.(edit.Excerpter).Excerpt(doc, doc.Root)
		}
		if (err == nil) != valid {
			t.Errorf("%s: %v", text, err)
		}
	}
}
