package textedit

import (
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
	equal := Equal
	if doc.Loose {
		equal = Same
	}
	if !equal(next.Root, p.Result()) {
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
				texts = append(texts, string(doc.Text[c.Start:c.End]))
			}
		}
	}
	return texts
}

// missing counts, by their text, the comments of doc that next has not and that did not end.
func missing(doc, next *Document, ended []string) map[string]int {
	count := make(map[string]int)
	for _, c := range doc.Comments {
		count[string(doc.Text[c.Start:c.End])]++
	}
	for _, c := range next.Comments {
		count[string(next.Text[c.Start:c.End])]--
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

// lostLines names the lines of doc whose comments are not in next.
func lostLines(doc, next *Document, ended []string) []int {
	count := missing(doc, next, ended)
	if len(count) == 0 {
		return nil
	}
	kept := make(map[int]bool)
	for _, p := range align(len(doc.Comments), len(next.Comments), func(i, j int) bool {
		a, b := doc.Comments[i], next.Comments[j]
		return string(doc.Text[a.Start:a.End]) == string(next.Text[b.Start:b.End])
	}) {
		kept[p[0]] = true
	}
	var lines []int
	for i, c := range doc.Comments {
		text := string(doc.Text[c.Start:c.End])
		if !kept[i] && count[text] > 0 {
			count[text]--
			lines = append(lines, c.Line)
		}
	}
	return lines
}
