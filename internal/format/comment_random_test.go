package format_test

import (
	"bytes"
	"fmt"
	"math/rand/v2"
	"reflect"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// commentMark begins each line of the comments in the tags of the random types.
const commentMark = "@@"

// commented gives a type with the fields of t and comments in their tags. A value of one can be converted to the other.
func commented(t reflect.Type, r *rand.Rand) reflect.Type {
	switch {
	case t.Name() != "":
		return t
	case t.Kind() == reflect.Pointer:
		return reflect.PointerTo(commented(t.Elem(), r))
	case t.Kind() == reflect.Slice:
		return reflect.SliceOf(commented(t.Elem(), r))
	case t.Kind() == reflect.Array:
		return reflect.ArrayOf(t.Len(), commented(t.Elem(), r))
	case t.Kind() == reflect.Map:
		return reflect.MapOf(t.Key(), commented(t.Elem(), r))
	case t.Kind() != reflect.Struct:
		return t
	}
	var fields []reflect.StructField
	for i := range t.NumField() {
		f := t.Field(i)
		f.Type = commented(f.Type, r)
		key, _, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch r.IntN(5) {
		case 0:
		case 1:
			f.Tag += reflect.StructTag(fmt.Sprintf(` comment:"%s %s\n%s more of %s"`, commentMark, key, commentMark, key))
		default:
			f.Tag += reflect.StructTag(fmt.Sprintf(` comment:"%s %s"`, commentMark, key))
		}
		fields = append(fields, f)
	}
	return reflect.StructOf(fields)
}

// withoutTagComments takes the lines of the comments away that are in tags.
func withoutTagComments(text []byte) []byte {
	const bom = "\ufeff" // begins the text, and not its first line
	var out []byte
	if bytes.HasPrefix(text, []byte(bom)) {
		out, text = append(out, bom...), text[len(bom):]
	}
	for line := range bytes.Lines(text) {
		if !bytes.Contains(line, []byte(commentMark)) {
			out = append(out, line...)
		}
	}
	return out
}

func TestTheTextWithoutCommentsIsTheTextOfTheTypeWithoutTags(t *testing.T) {
	tried := make(map[string]int)
	for round := range effort.Of(30, 200, 3000) {
		for _, c := range []format.Format{json.New(settings("json")), json.NewWithComments(settings("jsonc")), yaml.New(settings("yaml")), toml.New(settings("toml"))} {
			oneCommentedEdit(t, format.Editor{Format: c}, uint64(round), tried)
		}
	}
	t.Log(tried)
	// Where a list in a list has another number of elements, a comment of a key that is gone may stay.
	if tried["orphans"]*50 > tried["edits"] {
		t.Errorf("%d comments stand above nothing that they are about, after %d edits", tried["orphans"], tried["edits"])
	}
}

func oneCommentedEdit(t *testing.T, e format.Editor, seed uint64, tried map[string]int) {
	t.Helper()
	r := rand.New(rand.NewPCG(seed, 12))
	g := &valueMaker{r: r, format: e.Format.Settings.Format}
	typ := g.record(3)
	tags := commented(typ, r)
	first := reflect.New(typ).Elem()
	first.Set(g.value(typ, 4))
	enc, err := e.Dump(first.Interface())
	if err != nil {
		return
	}
	failed := func(what string, text []byte) {
		t.Helper()
		t.Errorf("seed %d, %s: %s\n%s\nthe text:\n%s\nwithout tags:\n%s", seed, g.format, what, tags, text, enc)
	}
	same, err := e.Dump(first.Convert(tags).Interface())
	testkit.Must(t, err)
	if !bytes.Equal(same, enc) {
		failed("the encoding has comments", same)
	}
	text := e.Annotate(enc, tags)
	if !bytes.Equal(withoutTagComments(text), enc) {
		failed("more than comments was written", text)
	}
	if g.format == "json" && !bytes.Equal(text, enc) {
		failed("JSON has comments", text)
	}
	tried[g.format+" lines of comments"] += bytes.Count(text, []byte(commentMark))

	v := reflect.New(tags)
	o, err := e.Load(text, v.Interface(), nil)
	if err != nil {
		return // as some values do that encode themselves
	}
	if again, report, err := o.Edit(enc, tags); err == nil && (report.Rung != edit.Unchanged || !bytes.Equal(again, text)) && stays(e, enc, tags) {
		failed(fmt.Sprint("the same value changes the text: ", report), again)
	}

	second := reflect.New(typ).Elem()
	second.Set(v.Elem().Convert(typ))
	for range 1 + r.IntN(3) {
		g.change(second, 5)
	}
	next, err := e.Dump(second.Interface())
	if err != nil {
		return
	}
	plain, plainReport, plainErr := edited(e, enc, next, typ)
	bare, report, bareErr := edited(e, enc, next, tags)
	if (plainErr == nil) != (bareErr == nil) || plainErr == nil && (!bytes.Equal(withoutTagComments(bare), plain) || report.Rung != plainReport.Rung) {
		failed(fmt.Sprintf("an edit of the text without comments, %v %v, is\n%s\ninstead of %v %v\n%s", report, bareErr, bare, plainReport, plainErr, plain), text)
	}
	user := ""
	if r.IntN(3) > 0 && g.format != "json" { // a text that is not the codec's own
		user = map[string]string{"yaml": "# ", "toml": "# ", "jsonc": "// "}[g.format] + "a person's\n\n" // without the empty line it would go with the first element of a list
		text = append([]byte(user), text...)
	}
	commentedUserText(t, e, r, enc, next, typ, tags, tried)
	out, report, err := edited(e, text, next, tags)
	if err != nil {
		// Without a comment the codec's own text is not edited but replaced, which needs no proof.
		if _, _, asEver := edited(e, append([]byte("# \n"), enc...), next, typ); asEver == nil && g.format != "jsonc" {
			failed(fmt.Sprintf("the edit is refused for its comments: %v", err), text)
		}
		tried[g.format+" refused"]++
		return
	}
	tried[g.format+" "+report.Rung.String()]++
	got := reflect.New(tags)
	testkit.Must(t, e.Codec.Load(out, got.Interface()))
	if is, err := e.Dump(got.Elem().Interface()); stays(e, next, tags) && (err != nil || !edit.SameData(e.Grammar, is, next)) {
		failed(fmt.Sprintf("the edit to\n%s\nis %v, %v\n%s", next, report, err, out), text)
	}
	if user == "" && plainReport.Rung == edit.Spliced && !bytes.Equal(withoutTagComments(out), plain) {
		failed(fmt.Sprintf("the codec's own text became\n%s\ninstead of\n%s", out, plain), text)
	}
	if !strings.Contains(string(out), strings.TrimSpace(user)) && len(report.Gone()) == 0 {
		failed(fmt.Sprintf("the comment of a person is gone\n%s", out), text)
	}
	tried["edits"]++
	tried["orphans"] += orphans(out)
}

// commentedUserText edits a text that a person might have written. But for the comments of the tags, the result must
// be that of the type without tags.
func commentedUserText(t *testing.T, e format.Editor, r *rand.Rand, enc, next []byte, typ, tags reflect.Type, tried map[string]int) {
	t.Helper()
	doc, err := e.Grammar.Parse(enc)
	testkit.Must(t, err)
	text := newTextMaker(r, e.Settings.Format, doc).document(doc.Root, typ)
	plain, plainReport, plainErr := edited(e, text, next, typ)
	out, report, err := edited(e, text, next, tags)
	if (plainErr == nil) != (err == nil) || !reflect.DeepEqual(report, plainReport) || !bytes.Equal(withoutTagComments(out), plain) {
		t.Errorf("%s: an edit is %v, %v\n%s\ninstead of %v, %v\n%s\nof the text\n%s", e.Settings.Format, report, err, out, plainReport, plainErr, plain, text)
	}
	tried[e.Settings.Format+" lines of comments in a person's text"] += bytes.Count(out, []byte(commentMark))
}

// stays reports whether an encoding loads as what is encoded the same.
func stays(e format.Editor, enc []byte, t reflect.Type) bool {
	v := reflect.New(t)
	if e.Codec.Load(enc, v.Interface()) != nil {
		return false
	}
	again, err := e.Dump(v.Elem().Interface())
	return err == nil && bytes.Equal(again, enc)
}

func edited(e format.Editor, text, enc []byte, t reflect.Type) ([]byte, edit.Report, error) {
	o, err := e.Load(text, reflect.New(t).Interface(), nil)
	if err != nil {
		return nil, edit.Report{}, err
	}
	return o.Edit(enc, t)
}

// orphans counts the comments that do not stand above their key.
func orphans(text []byte) (n int) {
	above := ""
	for line := range strings.Lines(string(text)) {
		if _, comment, is := strings.Cut(line, commentMark+" "); is {
			above = strings.TrimSpace(strings.TrimPrefix(comment, "more of "))
			continue
		}
		if above != "" && !strings.Contains(strings.ToLower(line), strings.ToLower(above)) {
			n++
		}
		above = ""
	}
	if above != "" {
		n++
	}
	return n
}
