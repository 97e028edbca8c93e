package edit

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
)

// lines is a format of "key=value" lines, with comments from # to the end of
// the line. A value of {} is an empty
// map, null a null. It refuses whatever refuse finds in the splices of a style.
type lines struct {
	refuse func(doc *Document, style Style, list []Splice) bool
	keys   KeyRule
}

func (l lines) Parse(text []byte) (*Document, error) {
	doc := &Document{Text: text, Root: &Node{Kind: Map}, Keys: l.keys}
	at := 0
	for number, line := range bytes.SplitAfter(text, []byte("\n")) {
		body, comment, commented := strings.Cut(strings.TrimSuffix(string(line), "\n"), "#")
		if commented {
			start := at + len(body)
			doc.Comments = append(doc.Comments, Comment{start, start + 1 + len(comment), number + 1, strings.TrimSpace(body) == ""})
		}
		if strings.TrimSpace(body) != "" {
			key, value, ok := strings.Cut(body, "=")
			if !ok {
				return nil, fmt.Errorf("line %d has no =", number+1)
			}
			start := at + len(key) + 1
			leaf := &Node{Kind: Scalar, Type: TypeString, Value: strings.TrimSpace(value), Text: strings.TrimSpace(value), Start: start, End: start + len(strings.TrimSpace(value))}
			if leaf.Value == "{}" {
				leaf = &Node{Kind: Map, Start: start, End: start + 2}
			}
			if leaf.Value == "null" {
				leaf.Type = TypeNull
			}
			doc.Root.Entries = append(doc.Root.Entries, Entry{Key: NewScalar(TypeString, strings.TrimSpace(key)), Value: leaf})
		}
		at += len(line)
	}
	return doc, nil
}

func (l lines) Splice(doc *Document, p *Patch, style Style) ([]Splice, error) {
	var list []Splice
	if v := p.Value(); v != nil {
		list = []Splice{{Start: 0, End: len(doc.Text), Text: l.render(v.Entries)}}
		return list, l.judge(doc, style, list)
	}
	for _, i := range p.Touched() {
		at := len(doc.Text)
		if i < len(p.Node.Entries) {
			at = bytes.LastIndexByte(doc.Text[:p.Node.Entries[i].Value.Start], '\n') + 1
		}
		if new := p.Inserted(i); len(new) > 0 {
			list = append(list, Splice{Start: at, End: at, Text: l.render(new)})
		}
		if p.Dropped(i) {
			end := at + bytes.IndexByte(doc.Text[at:], '\n') + 1
			list = append(list, Splice{Start: at, End: end, Drop: true})
		}
		if q := p.Inner(i); q != nil && q.Value() != nil {
			list = append(list, Splice{Start: q.Node.Start, End: q.Node.End, Text: []byte(q.Value().Text)})
		}
	}
	return list, l.judge(doc, style, list)
}

func (l lines) Elements(*Document, *Node) []Extent { return nil }

func (l lines) judge(doc *Document, style Style, list []Splice) error {
	if l.refuse != nil && l.refuse(doc, style, list) {
		return errors.New("refused")
	}
	return nil
}

func (l lines) render(entries []Entry) []byte {
	var b bytes.Buffer
	for _, e := range entries {
		value := e.Value.Text
		if e.Value.Kind != Scalar {
			value = "{}"
		}
		fmt.Fprintf(&b, "%s=%s\n", e.Key.Text, value)
	}
	return b.Bytes()
}
