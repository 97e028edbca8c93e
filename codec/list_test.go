package codec_test

import (
	"bytes"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// shuffled moves, drops, adds and changes elements at once. Names are never used
// again: next gives a new one.
func shuffled(r *rand.Rand, list []thing, next func() string, depth int) []thing {
	list = slices.Clone(list)
	for range r.IntN(3) {
		if len(list) > 1 {
			i, j := r.IntN(len(list)), r.IntN(len(list))
			if r.IntN(2) == 0 {
				list[i], list[j] = list[j], list[i]
			} else {
				e := list[i]
				list = slices.Insert(slices.Delete(list, i, i+1), j, e)
			}
		}
	}
	if r.IntN(20) == 0 {
		r.Shuffle(len(list), func(i, j int) { list[i], list[j] = list[j], list[i] })
	}
	for range r.IntN(3) {
		if len(list) > 1 {
			i := r.IntN(len(list))
			list = slices.Delete(list, i, i+1)
		}
	}
	for range r.IntN(3) {
		list = slices.Insert(list, r.IntN(len(list)+1), thing{Name: next(), V: 1000 + r.IntN(1000)})
	}
	for i := range list {
		switch r.IntN(6) {
		case 0:
			list[i].V += 10
		case 1:
			if depth > 0 && len(list[i].Subs) > 0 {
				if subs := shuffled(r, list[i].Subs, next, depth-1); len(subs) > 0 {
					list[i].Subs = subs
				}
			}
		}
	}
	return list
}

// errReported is that the comment of an element that stays is lost, and reported.
var errReported = errors.New("a comment is lost and reported")

func TestRandomListsKeepWhatBelongsToTheirElements(t *testing.T) {
	rounds := effort.Of(200, 1000, 20000)
	refused, unsaid := 0, 0
	hows := make(map[string]int)
	for round := range rounds {
		m := manners[round%len(manners)]
		how, err := oneRandomList(m.codec, m.format, m.write, m.name, uint64(round))
		hows[m.name+" "+how]++
		if how == "refused" || errors.Is(err, errReported) {
			refused++
			t.Logf("round %d, %s: %v", round, m.name, err)
		} else if err != nil {
			unsaid++
			t.Errorf("round %d, %s: %v", round, m.name, err)
			if unsaid > 5 {
				break
			}
		}
	}
	t.Logf("%d rounds, %d refused; %v", rounds, refused, hows)
	if refused*100 > rounds {
		t.Errorf("%d of %d are refused", refused, rounds)
	}
}

func oneRandomList(make func(...codec.Option) codec.Codec, format edit.Format, write func(*manner, things), name string, seed uint64) (how string, err error) {
	r := rand.New(rand.NewPCG(seed, 5))
	count := 0
	next := func() string { count++; return fmt.Sprintf("n%d", count) }
	list := func(n int, nested bool) []thing {
		var list []thing
		for range n {
			e := thing{Name: next(), V: r.IntN(5)}
			if nested && r.IntN(4) == 0 {
				for range 1 + r.IntN(4) {
					e.Subs = append(e.Subs, thing{Name: next(), V: r.IntN(3)})
				}
			}
			list = append(list, e)
		}
		return list
	}
	size := 3 + r.IntN(8)
	if r.IntN(10) == 0 {
		size = 3 + r.IntN(98)
	}
	v := things{Head: "x", Items: list(size, true)}
	for range 1 + r.IntN(6) {
		v.Words = append(v.Words, next())
	}
	for range 1 + r.IntN(3) {
		if name != "TOML arrays" {
			v.Grid = append(v.Grid, list(1+r.IntN(4), true))
			continue
		}
		v.Rows = append(v.Rows, nil)
		for range 1 + r.IntN(4) {
			v.Rows[len(v.Rows)-1] = append(v.Rows[len(v.Rows)-1], next())
		}
	}
	w := &manner{r: r, blanks: r.IntN(3) == 0}
	if name != "JSON" {
		w.comment = "//"
	}
	write(w, v)
	old := w.String()
	if r.IntN(8) == 0 {
		old = strings.ReplaceAll(old, "\n", "\r\n")
	}
	var heard reports
	options := []codec.Option{heard.option()}
	moves := r.IntN(5) == 0 // and changes: then nothing is lost
	if moves {
		options = append(options, codec.KeepComments())
	}
	c := make(options...)
	v, err = loadAs[things](c, old)
	if err != nil {
		return "", fmt.Errorf("%w\n%s", err, old)
	}
	if moves {
		movedOnly(r, &v)
	} else {
		mixed(r, &v, next)
	}
	var value any = v
	if r.IntN(3) == 0 {
		var whole document
		if whole, err = loadAs[document](c, old); err != nil {
			return "", err
		}
		value = untyped(v, whole)
	}
	var out bytes.Buffer
	if err := c.(codec.Editor).Edit(&out, []byte(old), value); err != nil {
		return "refused", fmt.Errorf("%w\n%s", err, old)
	}
	report := heard.list[0]
	if err := belongs(c, format, old, out.String(), v, report); err != nil {
		return string(report.How), fmt.Errorf("%w (%v)\n%s\n-----\n%s\n----- wanted: %+v", err, report, old, out.String(), v)
	}
	return string(report.How), nil
}

// mixed moves, drops, adds and changes elements of all lists at once.
func mixed(r *rand.Rand, v *things, next func() string) {
	v.Items = shuffled(r, v.Items, next, 1)
	v.Words = shuffledWords(r, v.Words, next)
	for i := range v.Rows {
		v.Rows[i] = shuffledWords(r, v.Rows[i], next)
	}
	r.Shuffle(len(v.Rows), func(i, j int) { v.Rows[i], v.Rows[j] = v.Rows[j], v.Rows[i] })
	for i := range v.Grid {
		v.Grid[i] = shuffled(r, v.Grid[i], next, 1)
	}
	r.Shuffle(len(v.Grid), func(i, j int) { v.Grid[i], v.Grid[j] = v.Grid[j], v.Grid[i] })
}

// movedOnly moves and changes elements of all lists.
func movedOnly(r *rand.Rand, v *things) {
	some := func(list []thing) {
		r.Shuffle(len(list), func(i, j int) {
			if r.IntN(4) == 0 {
				list[i], list[j] = list[j], list[i]
			}
		})
		for i := range list {
			if r.IntN(6) == 0 {
				list[i].V += 10
			}
		}
	}
	some(v.Items)
	for i := range v.Items {
		some(v.Items[i].Subs)
	}
	for _, row := range v.Grid {
		some(row)
	}
	r.Shuffle(len(v.Grid), func(i, j int) { v.Grid[i], v.Grid[j] = v.Grid[j], v.Grid[i] })
	r.Shuffle(len(v.Words), func(i, j int) { v.Words[i], v.Words[j] = v.Words[j], v.Words[i] })
}

// untyped gives v as a map, which knows all keys of whole.
func untyped(v things, whole document) document {
	known := make(map[string]document)
	var walk func(n any)
	walk = func(n any) {
		switch n := n.(type) {
		case document:
			if name, ok := n["name"].(string); ok {
				known[name] = n
			}
			for _, e := range n {
				walk(e)
			}
		case []any:
			for _, e := range n {
				walk(e)
			}
		case []document:
			for _, e := range n {
				walk(e)
			}
		}
	}
	walk(whole)
	var list func(list []thing) []any
	list = func(from []thing) []any {
		to := []any{}
		for _, e := range from {
			n := document{}
			maps.Copy(n, known[e.Name])
			n["name"], n["v"] = e.Name, e.V
			if delete(n, "subs"); len(e.Subs) > 0 {
				n["subs"] = list(e.Subs)
			}
			to = append(to, n)
		}
		return to
	}
	whole["items"], whole["words"] = list(v.Items), v.Words
	if whole["rows"] != nil {
		whole["rows"] = v.Rows
	}
	if whole["grid"] != nil {
		rows := []any{}
		for _, row := range v.Grid {
			rows = append(rows, list(row))
		}
		whole["grid"] = rows
	}
	return whole
}

// shuffledWords moves words, and drops some or adds some: one in the place of another
// is that one changed, and has its comments.
func shuffledWords(r *rand.Rand, list []string, next func() string) []string {
	list = slices.Clone(list)
	r.Shuffle(len(list), func(i, j int) {
		if r.IntN(4) == 0 {
			list[i], list[j] = list[j], list[i]
		}
	})
	adds := r.IntN(2) == 0
	for range r.IntN(3) {
		if adds {
			list = slices.Insert(list, r.IntN(len(list)+1), next())
		} else if len(list) > 1 {
			i := r.IntN(len(list))
			list = slices.Delete(list, i, i+1)
		}
	}
	return list
}

// belongs checks that every element of a text has its own key and its own comments.
func belongs(c codec.Codec, format edit.Format, old, text string, want things, report codec.EditReport) error {
	got, err := loadAs[things](c, text)
	if err != nil {
		return err
	}
	if fmt.Sprint(got) != fmt.Sprint(want) {
		return fmt.Errorf("it holds %+v", got)
	}
	before, err := loadAs[toldThings](c, old)
	if err != nil {
		return err
	}
	had := map[string]bool{}
	each(before, func(e told) { had[e.Name] = true })
	after, err := loadAs[toldThings](c, text)
	if err != nil {
		return err
	}
	there := map[string]bool{}
	each(after, func(e told) {
		there[e.Name] = true
		secret := "s-" + e.Name
		if !had[e.Name] {
			secret = ""
		}
		if e.Secret != secret {
			err = fmt.Errorf("%s has the key %q", e.Name, e.Secret)
		}
	})
	if err != nil {
		return err
	}
	for _, list := range append(want.Rows, want.Words) {
		for _, s := range list {
			there[s] = true
		}
	}
	return commentsBelong(format, old, text, there, report)
}

func each(v toldThings, f func(told)) {
	var walk func(list []told)
	walk = func(list []told) {
		for _, e := range list {
			f(e)
			walk(e.Subs)
		}
	}
	walk(v.Items)
	for _, row := range v.Grid {
		walk(row)
	}
}

// commentsBelong checks that every comment of an element that is there still stands
// at it, by the name that both have, and that no other one is gone.
func commentsBelong(format edit.Format, old, text string, there map[string]bool, report codec.EditReport) error {
	was, err := format.Parse([]byte(old))
	if err != nil {
		return err
	}
	is, err := format.Parse([]byte(text))
	if err != nil {
		return err
	}
	left := map[string]int{}
	for _, c := range is.Comments {
		left[text[c.Start:c.End]]++
		name := nameIn(text[c.Start:c.End])
		if name == "" {
			continue
		}
		if !there[name] {
			return fmt.Errorf("the comment %q of an element that is gone is there", text[c.Start:c.End])
		}
		if near := nearest(text, c); near != name {
			return fmt.Errorf("the comment %q stands at %s", text[c.Start:c.End], near)
		}
	}
	for _, c := range was.Comments {
		s := old[c.Start:c.End]
		if left[s]--; left[s] >= 0 || nameIn(s) != "" && !there[nameIn(s)] {
			continue
		}
		if !slices.Contains(report.Lost, c.Line) {
			return fmt.Errorf("the comment %q is lost, and nothing said", s)
		}
		return fmt.Errorf("%w: %q", errReported, s)
	}
	return nil
}

// nameIn is the name of the element that a comment is of.
func nameIn(comment string) string {
	for _, word := range strings.Fields(comment) {
		if len(word) > 2 && word[1] == '-' {
			return word[2:]
		}
	}
	return ""
}

// nearest is the name in the text right before a comment on its line, or of the element
// that it stands in or above.
func nearest(text string, c edit.Comment) string {
	comment := text[c.Start:c.End]
	rest := text[c.End:]
	switch kind := strings.Fields(comment)[1][0]; kind {
	case 'h', 'o', 't', 'm':
		if kind == 'm' && strings.Contains(text[strings.LastIndexByte(text[:c.Start], '\n')+1:c.Start], "name") {
			break
		}
		if kind == 'm' {
			return word(text[strings.LastIndex(text[:c.Start], "name"):])
		}
		return word(rest)
	case 'p':
		return nameIn(comment)
	case 'v', 'k', 'u':
		return word(text[strings.LastIndex(text[:c.Start], "name"):])
	case 'w':
		line := strings.TrimRight(text[:c.Start], " ,\"")
		return line[strings.LastIndexAny(line, " \"\n[")+1:]
	}
	line := text[strings.LastIndexByte(text[:c.Start], '\n')+1 : c.Start]
	if trimmed := strings.TrimLeft(line, " "); strings.HasPrefix(trimmed, "}") {
		// the end of an object: its name is that of the last one with this indent
		indent := line[:len(line)-len(trimmed)] + "  "
		before := text[:c.Start]
		return word(before[strings.LastIndex(before, "\n"+indent+"\"name\""):])
	}
	return word(line)
}

// word is the first name in a text.
func word(s string) string {
	for {
		i := strings.IndexByte(s, 'n')
		if i < 0 {
			return ""
		}
		s = s[i:]
		end := 1
		for end < len(s) && s[end] >= '0' && s[end] <= '9' {
			end++
		}
		if end > 1 && !strings.HasPrefix(s, "n-") {
			return s[:end]
		}
		s = s[1:]
	}
}
