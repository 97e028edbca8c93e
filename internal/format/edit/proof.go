package edit

import (
	"bytes"
	"slices"

	"github.com/holdfast-go/holdfast/errors"
)

// proven is a document after a patch, which was proven.
type proven struct {
	doc *Document
	displaced
	missed int // number of comments that are lost or not with their element any more
}

// displaced are the texts of comments that are not where they were.
type displaced struct {
	ended  []string // comments at the ends of lines of deleted map entries
	gone   []string // comments of deleted list elements
	parted []string // comments that are in the text, but not with their list element, which stays
}

var errOther = errors.New("the new text does not hold what it should")

// prove splices p into doc and parses the result, which must equal the patched tree. Parts that
// were left out of doc must have the same bytes.
func prove(f Format, doc *Document, p *Patch, style Style) (*proven, error) {
	list, err := f.Splice(doc, p, style)
	if err != nil {
		return nil, err
	}
	text, err := splice(doc.Text, list)
	if err != nil {
		return nil, err
	}
	want := p.Result()
	next, err := parseLike(f, text, doc, want)
	if err != nil {
		return nil, err
	}
	if !Equal(next.Root, want) && !(doc.Loose && Same(next.Root, want)) {
		return nil, errOther
	}
	r := &proven{doc: next}
	r.ended = ended(doc, list)
	o := &owners{format: f, doc: doc, next: next}
	o.patch(p, next.Root)
	if o.failed {
		return nil, errOther
	}
	r.gone = o.gone
	lost := missing(doc, next, r.ended, r.gone)
	for _, n := range lost {
		r.missed += n
	}
	if len(o.parted) > 0 {
		r.parted, _ = unequal(slices.Concat(r.ended, r.gone, texts(lost)), o.parted)
		r.missed += len(r.parted)
	}
	return r, nil
}

// ended gives the comments at line ends that lie in the bytes of deleted entries.
func ended(doc *Document, list []Splice) []string {
	var texts []string
	for _, s := range list {
		texts = append(texts, ended(doc, s.Within)...)
		if !s.Drop {
			continue
		}
		for _, c := range doc.commentsIn(Extent{s.Start, s.End}) {
			if !c.Own && c.End <= s.End {
				texts = append(texts, string(doc.comment(c)))
			}
		}
	}
	return texts
}

// missing counts, by text, the comments of doc that next does not have, without those in ended and
// gone.
func missing(doc, next *Document, ended, gone []string) map[string]int {
	count := make(map[string]int)
	old, new := unlike(doc, next)
	for _, c := range old {
		count[string(doc.comment(c))]++
	}
	for _, c := range new {
		count[string(next.comment(c))]--
	}
	for _, list := range [][]string{ended, gone} {
		for _, text := range list {
			count[text]--
		}
	}
	for text, n := range count {
		if n <= 0 {
			delete(count, text)
		}
	}
	return count
}

// texts repeats each text as often as it was counted.
func texts(count map[string]int) []string {
	var list []string
	for text, n := range count {
		for ; n > 0; n-- {
			list = append(list, text)
		}
	}
	return list
}

func (doc *Document) comment(c Comment) []byte { return doc.Text[c.Start:c.End] }

// unlike gives the comments of two documents without their common head and tail.
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

// lostLines gives the lines of doc whose comments are not in next, or not with their element.
func lostLines(doc, next *Document, w displaced) []int {
	count := missing(doc, next, w.ended, w.gone)
	lines := doc.linesOf(w.parted)
	if len(count) == 0 {
		return lines
	}
	kept := make(map[int]bool)
	for _, p := range align(len(doc.Comments), len(next.Comments), func(i, j int) bool {
		return bytes.Equal(doc.comment(doc.Comments[i]), next.comment(next.Comments[j]))
	}) {
		kept[p[0]] = true
	}
	for i, c := range doc.Comments {
		text := string(doc.comment(c))
		if !kept[i] && count[text] > 0 {
			count[text]--
			lines = append(lines, c.Line)
		}
	}
	slices.Sort(lines)
	return slices.Compact(lines)
}

// linesOf gives the lines of the comments with these texts.
func (doc *Document) linesOf(texts []string) []int {
	var lines []int
	for _, c := range doc.Comments {
		if slices.Contains(texts, string(doc.comment(c))) {
			lines = append(lines, c.Line)
		}
	}
	return lines
}
