package format_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"math/rand/v2"
	"net/netip"
	"reflect"
	"strings"
	"time"
	"unicode"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// textMaker writes a tree as somebody may have written it: in another order, with comments
// and with keys that the type does not know.
type textMaker struct {
	r      *rand.Rand
	format string
	from   *edit.Document
	out    strings.Builder
	marks  []string // each is in the text once, and has to stay
	count  int
	calm   bool // nothing that is unusual
	noisy  int  // of how many places one has a comment
	names  []string
}

func newTextMaker(r *rand.Rand, format string, from *edit.Document) *textMaker {
	return &textMaker{r: r, format: format, from: from, calm: r.IntN(3) == 0, noisy: 2 + r.IntN(12)}
}

func (w *textMaker) document(n *edit.Node, t reflect.Type) []byte {
	switch w.format {
	case "json", "jsonc":
		w.json(n, t, 0)
		w.put([]string{"", "\n", "\r\n"}[w.r.IntN(3)])
	case "yaml":
		w.comment("")
		w.yaml(n, t, 0, false)
	case "toml":
		w.tomlTable(n, t, nil, 0)
	}
	text := w.out.String()
	if !w.calm && w.r.IntN(6) == 0 && !strings.Contains(text, "\r") {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	if w.r.IntN(20) == 0 {
		text = "\uFEFF" + text
	}
	return []byte(text)
}

func (w *textMaker) put(s string) { w.out.WriteString(s) }

func (w *textMaker) mark() string {
	w.count++
	m := fmt.Sprintf("zz%dz", w.count)
	w.marks = append(w.marks, m)
	return m
}

// comment writes a comment on lines of its own, or nothing.
func (w *textMaker) comment(indent string) {
	if w.r.IntN(w.noisy) > 0 {
		return
	}
	if w.r.IntN(3) == 0 {
		w.put("\n")
	}
	w.put(indent + "# " + w.mark() + "\n")
	if w.r.IntN(4) == 0 {
		w.put("\n")
	}
}

// end ends a line.
func (w *textMaker) end() {
	if w.r.IntN(w.noisy) == 0 {
		w.put(strings.Repeat(" ", 1+w.r.IntN(3)) + "# " + w.mark())
	}
	w.put("\n")
}

// entries are those of a map in the order of the text, with unknown ones.
func (w *textMaker) entries(n *edit.Node, t reflect.Type) []edit.Entry {
	list := append([]edit.Entry(nil), n.Entries...)
	if !w.calm && w.r.IntN(3) == 0 {
		w.r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	t = pointed(t)
	if t.Kind() != reflect.Struct {
		return list
	}
	for i := 0; i < len(list); i++ {
		if w.r.IntN(8) == 0 { // left out
			list = append(list[:i], list[i+1:]...)
		}
	}
	for i := range list {
		if w.format != "yaml" && w.r.IntN(6) == 0 {
			key := list[i].Key.Value
			key = []string{strings.ToUpper(key), strings.ToLower(key), key}[w.r.IntN(3)]
			list[i].Key = edit.NewScalar(edit.TypeString, key)
		}
	}
	for w.r.IntN(3) == 0 {
		e := edit.Entry{Key: edit.NewScalar(edit.TypeString, w.mark()), Value: w.unknown(2)}
		at := w.r.IntN(len(list) + 1)
		list = append(list[:at:at], append([]edit.Entry{e}, list[at:]...)...)
	}
	if w.format[0] == 'j' && !w.calm && len(list) > 0 && w.r.IntN(12) == 0 { // twice
		list = append(list, list[w.r.IntN(len(list))])
		if w.r.IntN(2) == 0 {
			e := &list[len(list)-1]
			e.Key = edit.NewScalar(edit.TypeString, strings.ToUpper(e.Key.Value))
		}
	}
	return list
}

func (w *textMaker) unknown(depth int) *edit.Node {
	kinds := 4
	if depth == 0 {
		kinds = 2
	}
	switch w.r.IntN(kinds) {
	case 0:
		return edit.NewScalar(edit.TypeString, []string{"x", "", "Name", "a # b"}[w.r.IntN(4)])
	case 1:
		return edit.NewScalar(edit.TypeInt, fmt.Sprint(w.r.IntN(9)))
	case 2:
		n := &edit.Node{Kind: edit.List}
		for range w.r.IntN(3) {
			n.Entries = append(n.Entries, edit.Entry{Value: w.unknown(depth - 1)})
		}
		return n
	}
	n := &edit.Node{Kind: edit.Map}
	for i := range w.r.IntN(3) {
		key := []string{"Name", "ID", "k"}[i]
		n.Entries = append(n.Entries, edit.Entry{Key: edit.NewScalar(edit.TypeString, key), Value: w.unknown(depth - 1)})
	}
	return n
}

func pointed(t reflect.Type) reflect.Type {
	for t != nil && t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	if t == nil || t == reflect.TypeFor[randomSelf]() || t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[big.Int]() || t == reflect.TypeFor[netip.Addr]() || t == reflect.TypeFor[randomPair]() {
		return reflect.TypeFor[any]()
	}
	return t
}

// inside is the type of an entry of t.
func inside(t reflect.Type, format string, key *edit.Node) reflect.Type {
	t = pointed(t)
	switch t.Kind() {
	case reflect.Map, reflect.Slice, reflect.Array:
		return t.Elem()
	case reflect.Struct:
		for _, f := range reflect.VisibleFields(t) {
			name, _, _ := strings.Cut(f.Tag.Get(strings.TrimSuffix(format, "c")), ",")
			if name == "" {
				name = f.Name
			}
			if !f.Anonymous && key != nil && strings.EqualFold(name, key.Value) {
				return f.Type
			}
		}
	}
	return reflect.TypeFor[any]()
}

func (w *textMaker) scalar(n *edit.Node) string {
	switch {
	case n.Type == edit.TypeString:
		return w.string(n.Value)
	case n.End > 0:
		raw := string(w.from.Text[n.Start:n.End])
		if w.format[0] == 'j' && n.Type != edit.TypeBool && !w.calm && w.r.IntN(60) == 0 && !strings.ContainsAny(raw, ".eEnul") {
			raw += ".0" // a float
			if w.r.IntN(2) == 0 {
				raw = raw[:len(raw)-2]
			}
		}
		return raw
	}
	return n.Value
}

func (w *textMaker) string(s string) string {
	plain := s != ""
	for _, r := range s {
		plain = plain && (r == '-' || r == '_' || r < 0x80 && (unicode.IsLetter(r) || unicode.IsDigit(r)))
	}
	if w.format != "json" && w.format != "jsonc" && plain && w.r.IntN(3) == 0 {
		return "'" + s + "'"
	}
	text, _ := json.Marshal(s)
	if w.format == "toml" || w.format == "yaml" {
		return string(text)
	}
	if plain && !w.calm && s[0] != 'z' && w.r.IntN(12) == 0 {
		return fmt.Sprintf(`"\u%04x`, s[0]) + string(text[2:])
	}
	return string(text)
}

func (w *textMaker) blank(level int) {
	if w.r.IntN(6) > 0 {
		w.put("\n" + strings.Repeat("  ", level))
	} else {
		w.put([]string{"", " ", "\t", "\n"}[w.r.IntN(4)])
	}
	if w.format == "jsonc" && w.r.IntN(w.noisy) == 0 {
		w.put("// " + w.mark() + "\n" + strings.Repeat("  ", level))
	}
}

func (w *textMaker) inner() {
	if w.format == "jsonc" && w.r.IntN(4*w.noisy) == 0 {
		w.put("/*" + w.mark() + "*/")
	}
}

func (w *textMaker) json(n *edit.Node, t reflect.Type, level int) {
	w.inner()
	if n.Kind == edit.Scalar {
		w.put(w.scalar(n))
		w.inner()
		return
	}
	brackets, list := "[]", n.Entries
	if n.Kind == edit.Map {
		brackets, list = "{}", w.entries(n, t)
	}
	w.put(brackets[:1])
	for i, e := range list {
		if i > 0 {
			w.put(",")
			if w.format == "jsonc" && w.r.IntN(w.noisy) == 0 {
				w.put(" // " + w.mark() + "\n")
			}
		}
		w.blank(level + 1)
		if e.Key != nil {
			w.put(w.string(e.Key.Value))
			w.inner()
			w.put([]string{":", ": ", " : "}[w.r.IntN(3)])
		}
		w.json(e.Value, inside(t, w.format, e.Key), level+1)
	}
	if w.format == "jsonc" && len(list) > 0 && w.r.IntN(5) == 0 {
		w.put(",")
	}
	w.blank(level)
	w.put(brackets[1:])
}
