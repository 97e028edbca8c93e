package textedit

import (
	"bytes"
	"cmp"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// proven is a document that is what a patch asks for.
type proven struct {
	doc    *Document
	ended  []string // comments that ended lines of deleted entries
	missed int      // comments that are gone and should not be
}

var errOther = errors.New("the new text does not hold what it should")

// prove splices p into doc and parses the result, which must equal the patched tree.
func prove(f Format, doc *Document, p *Patch, style Style) (*proven, error) {
	list, err := f.Splice(doc, p, style)
	if err != nil {
		return nil, err
	}
	text, err := splice(doc.Text, list)
	if err != nil {
		return nil, err
	}
	next, err := f.Parse(text)
	if err != nil {
		return nil, err
	}
	if want := p.Result(); !Equal(next.Root, want) && !(doc.Loose && Same(next.Root, want)) {
		return nil, errOther
	}
	r := &proven{doc: next, ended: ended(doc, list)}
	for _, n := range missing(doc, next, r.ended) {
		r.missed += n
	}
	return r, nil
}

// ended gives the comments at line ends that lie in what deleted entries leave.
func ended(doc *Document, list []Splice) []string {
	var texts []string
	for _, s := range list {
		if !s.Drop {
			continue
		}
		first, _ := slices.BinarySearchFunc(doc.Comments, s.Start, func(c Comment, at int) int { return cmp.Compare(c.Start, at) })
		for _, c := range doc.Comments[first:] {
			if c.Start >= s.End {
				break
			}
			if !c.Own && c.End <= s.End {
				texts = append(texts, string(doc.comment(c)))
			}
		}
	}
	return texts
}

// missing counts, by their text, the comments of doc that next has not and that did not end.
func missing(doc, next *Document, ended []string) map[string]int {
	count := make(map[string]int)
	old, new := unlike(doc, next)
	for _, c := range old {
		count[string(doc.comment(c))]++
	}
	for _, c := range new {
		count[string(next.comment(c))]--
	}
	for _, text := range ended {
		count[text]--
	}
	for text, n := range count {
		if n <= 0 {
			delete(count, text)
		}
	}
	return count
}

func (doc *Document) comment(c Comment) []byte { return doc.Text[c.Start:c.End] }

// unlike gives the comments of two documents without what they begin and end with alike.
func unlike(doc, next *Document) (old, new []Comment) {
	old, new = doc.Comments, next.Comments
	same := func(i, j int) bool { return bytes.Equal(doc.comment(old[i]), next.comment(new[j])) }
	for len(old) > 0 && len(new) > 0 && same(0, 0) {
		old, new = old[1:], new[1:]
	}
	for len(old) > 0 && len(new) > 0 && same(len(old)-1, len(new)-1) {
		old, new = old[:len(old)-1], new[:len(new)-1]
	}
	return old, new
}

// lostLines names the lines of doc whose comments are not in next.
func lostLines(doc, next *Document, ended []string) []int {
	count := missing(doc, next, ended)
	if len(count) == 0 {
		return nil
	}
	kept := make(map[int]bool)
	for _, p := range align(len(doc.Comments), len(next.Comments), func(i, j int) bool {
		return bytes.Equal(doc.comment(doc.Comments[i]), next.comment(next.Comments[j]))
	}) {
		kept[p[0]] = true
	}
	var lines []int
	for i, c := range doc.Comments {
		text := string(doc.comment(c))
		if !kept[i] && count[text] > 0 {
			count[text]--
			lines = append(lines, c.Line)
		}
	}
	return lines
}
