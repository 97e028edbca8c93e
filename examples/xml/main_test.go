package main

import (
	"encoding/xml"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec/codectest"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

// handle is a handle as a program that uses the format has it.
func handle[T any](path string) *lockedfile.LockedFile[T] {
	return lockedfile.New[T](path, safefile.WithCodec(format{}))
}

func TestTheTourChangesTheFileInBothForms(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	const last = `<?xml version="1.0" encoding="UTF-8"?>
<configuration version="1.0">
  <database>
    <host>localhost</host>
    <port>5434</port>
    <name>myapp</name>
  </database>
  <features>
    <feature name="auth">enabled</feature>
    <feature name="cache">enabled</feature>
    <feature name="logging">enabled</feature>
  </features>
  <theme>dark</theme>
</configuration>
`
	if status != 0 || stderr != "" || !strings.HasSuffix(out, last+"\n") {
		t.Errorf("exit status %d, %s, the tour ends otherwise:\n%s", status, stderr, out)
	}
}

func TestAnyFileIsPrintedAsJSON(t *testing.T) {
	path := testkit.File(t, "feed.xml", `<?xml version="1.0"?><!DOCTYPE feed><!-- a comment -->
<feed xmlns:m="urn:media"><m:url a="1">one</m:url><m:url>two &amp; <![CDATA[<three>]]></m:url>
<empty/><title lang="de">
  Titel <b>x</b>
</title></feed>`)
	out, stderr, status := testkit.RunProgram(t, path)
	const want = `{
  "feed": {
    "@attributes": {
      "xmlns:m": "urn:media"
    },
    "empty": "",
    "m:url": [
      {
        "#text": "one",
        "@attributes": {
          "a": "1"
        }
      },
      "two \u0026 \u003cthree\u003e"
    ],
    "title": {
      "#text": "Titel",
      "@attributes": {
        "lang": "de"
      },
      "b": "x"
    }
  }
}
`
	if status != 0 || stderr != "" || out != want {
		t.Errorf("exit status %d, %s, printed:\n%s", status, stderr, out)
	}
	if _, stderr, status := testkit.RunProgram(t, path+".missing"); status != 1 || stderr == "" {
		t.Errorf("a missing file: exit status %d, %q", status, stderr)
	}
}

func TestBothFormsKeepTheRulesOfCodecs(t *testing.T) {
	documents := []dictionary{
		{"a": "text with <, & and \"\n and a line"},
		{"a": dictionary{attributes: dictionary{"x": " 1\t", "p:y": "&\n"}, text: " t ", "c": dictionary{"b": []any{"1", "", dictionary{"d": "ö"}}}}},
	}
	documents[1]["a"].(dictionary)[text] = "t" // in front of an element
	codectest.Run(t, format{}, documents...)
	codectest.Run[any](t, format{}, documents[0], documents[1])
	codectest.Run(t, format{}, configuration{
		XMLName:  xml.Name{Local: "configuration"},
		Version:  "1",
		Database: database{"h", 1, "n"},
		Features: []feature{{"f", "on"}, {"g", "off"}},
		Others:   []other{{XMLName: xml.Name{Local: "o"}, Attributes: []xml.Attr{{Name: xml.Name{Local: "k"}, Value: "v"}}, Content: "<x/>"}},
	})
}

func TestADamagedFileIsAnErrorThatSaysWhere(t *testing.T) {
	for content, line := range map[string]int{
		"":                        1,
		"\n<!-- nothing -->\n":    3,
		"<a>\n<b>1</b>\n":         3,
		"<a>\n</b></a>":           2,
		"<a>\n<b></a>":            2,
		"<a/>\n<b/>":              2,
		"<a/>\nb":                 2,
		"b\n<a/>":                 2,
		"</a>":                    1,
		"<a>\n<b/>\ntail</a>":     3,
		"<a>\n&unknown;</a>":      2,
		"<a>\n<b c=1/></a>":       2,
		"<?xml version=\"2\"?>\n": 1,
	} {
		path := testkit.File(t, "x.xml", content)
		_, err := handle[dictionary](path).Read()
		where, ok := errors.AsType[*errors.DecodeError](err)
		if !ok || where.Line != line {
			t.Errorf("%q: %v, want line %d", content, err, line)
		}
		update := handle[dictionary](path).Update(func(*dictionary) error { return nil })
		testkit.WantIs(t, content, update, errors.ErrDecode)
		testkit.WantContent(t, path, content)
	}
}

func TestNestingIsLimited(t *testing.T) {
	deep := strings.Repeat("<a>", 100_000) + strings.Repeat("</a>", 100_000)
	_, err := handle[dictionary](testkit.File(t, "x.xml", deep)).Read()
	testkit.WantIs(t, "Read", err, errors.ErrDecode)

	value := any("")
	for range 2000 {
		value = dictionary{"a": value}
	}
	testkit.WantIs(t, "Write", handle[any](t.TempDir()+"/y.xml").Write(value), errors.ErrEncode)
}

func TestAValueThatXMLCannotHoldIsRefused(t *testing.T) {
	for _, value := range []dictionary{
		nil, {}, {"a": "", "b": ""}, {"a": []any{""}},
		{"a": 5}, {"a": nil}, {"a": "\x00"}, {"a": "\n "}, {"a b": ""}, {"a><b": ""},
		{"a": dictionary{"b": []any{[]any{""}}}},
		{"a": dictionary{attributes: "x"}}, {"a": dictionary{attributes: dictionary{"x": 1}}}, {"a": dictionary{attributes: dictionary{"x y": ""}}},
		{"a": dictionary{attributes: dictionary{"x": "\x01"}}},
		{"a": dictionary{text: 1}}, {"a": dictionary{text: " "}}, {"a": dictionary{text: " x", "b": ""}},
	} {
		path := testkit.File(t, "x.xml", "<a>old</a>")
		testkit.WantIs(t, fmt.Sprint(value), handle[dictionary](path).Write(value), errors.ErrEncode)
		testkit.WantContent(t, path, "<a>old</a>")
	}
	testkit.WantIs(t, "nil", handle[any](t.TempDir()+"/x.xml").Write(nil), errors.ErrEncode)
}

func TestAWriteLosesNoComment(t *testing.T) {
	for _, extra := range []string{"<!-- a comment -->", "<?style sheet?>", "<!DOCTYPE a>"} {
		content := extra + "<a ><b>1</b></a>"
		path := testkit.File(t, "x.xml", content)
		file := handle[dictionary](path)
		document, err := file.Read()
		testkit.Must(t, err)
		testkit.WantNil(t, "a write that changes nothing", file.Write(document))
		document["a"].(dictionary)["b"] = "2"
		testkit.WantIs(t, extra, file.Write(document), errors.ErrEncode)
		testkit.WantContent(t, path, content)
	}
}

func TestOneElementOfANameIsAListToo(t *testing.T) {
	for content, want := range map[string]int{"<a/>": 0, "<a><x/></a>": 0, "<a><b/></a>": 1, "<a><b/><b/></a>": 2} {
		document, err := handle[map[string]any](testkit.File(t, "x.xml", content)).Read()
		testkit.Must(t, err)
		inner, _ := document["a"].(dictionary)
		if got := list(inner["b"]); len(got) != want {
			t.Errorf("%s: %v", content, got)
		}
	}
}

func FuzzADictionaryReadsAsItWasWritten(f *testing.F) {
	for _, content := range []string{`<a x="1">t<b/><b>2</b></a>`, `<p:a xmlns:p="u">&lt;<![CDATA[ ]]></p:a>`, "<a>\r\n</a>"} {
		f.Add([]byte(content))
	}
	f.Fuzz(func(t *testing.T, content []byte) {
		var first, second dictionary
		if (format{}).Load(strings.NewReader(string(content)), &first) != nil {
			return
		}
		var out strings.Builder
		if err := (format{}).Dump(&out, first); err != nil {
			return // a name that validName is too strict for
		}
		if err := (format{}).Load(strings.NewReader(out.String()), &second); err != nil || !reflect.DeepEqual(first, second) {
			t.Errorf("%q was written as %q and read as %v, %v", content, out.String(), second, err)
		}
	})
}
