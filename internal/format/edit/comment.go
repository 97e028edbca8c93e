package edit

import (
	"bytes"
	"slices"
	"strings"
)

// Comments says which comments the program's type has for the keys of a value. Nil is for a
// value that has none in it.
type Comments interface {
	// Key gives the comment of a key of a map, whose lines are parted by \n and which is empty
	// if the key has none, and the comments in its value.
	Key(key string) (comment string, inside Comments)
	// Element gives the comments in an element of a list.
	Element() Comments
}

// Commenter is a [Format] whose texts may have comments.
type Commenter interface {
	Format
	// CommentAbove gives the mark that a comment begins with, if one may stand on a line above a
	// key. Before is what stands on the line of the key before it. A wrong answer does no harm,
	// as the text with the comment is proven.
	CommentAbove(before []byte) (mark string, ok bool)
}

// Annotate writes the comments above the keys of a text that old does not have, and takes away those of
// keys that only old has; a nil old has none. A comment is taken away only if it is word for word what c
// says and stands right above its key. Of a list only the first element has comments, and only if
// old has no element in it. Where a comment can't stand, there is none.
//
// The result loads as text does: it has the same tree. What does not parse comes back as it is.
func Annotate(f Commenter, old, text []byte, c Comments) []byte {
	doc, err := f.Parse(text)
	if err != nil {
		return text
	}
	var first *Document
	if old != nil {
		if first, err = f.Parse(old); err != nil {
			return text
		}
	}
	return annotate(f, first, doc, c, nil)
}

// annotate is Annotate of documents, of which the same may be left out. Renamed are the old and the
// new keys of entries that have kept their values, with the comments in them.
func annotate(f Commenter, old, doc *Document, c Comments, renamed []*Node) []byte {
	a := annotator{format: f, old: old, doc: doc, renamed: renamed, newline: "\n", kept: map[int]bool{}}
	if i := bytes.IndexByte(doc.Text, '\n'); i > 0 && doc.Text[i-1] == '\r' {
		a.newline = "\r\n"
	}
	var was *Node
	if old != nil {
		was = old.Root
	}
	a.value(was, doc.Root, c)
	a.erase()
	if len(a.list) == 0 {
		return doc.Text
	}
	text, err := splice(doc.Text, a.list)
	if err != nil || !a.proven(text) {
		return doc.Text
	}
	return text
}

// annotator finds the comments that come and go in one text.
type annotator struct {
	format   Commenter
	old, doc *Document
	renamed  []*Node
	newline  string

	elements int // how many lists that were there before are around the value

	list  []Splice
	added int          // comments
	kept  map[int]bool // comments of doc that are there already, by their index
	gone  []int        // the comments of old to take away, by their index
}

// value compares what a value was with what it is. A nil was is of one that is new.
func (a *annotator) value(was, is *Node, c Comments) {
	was = target(was)
	if c == nil || IsLeftOut(was) || IsLeftOut(is) {
		return
	}
	if was != nil && was.Kind != is.Kind {
		a.forget(was, c)
		was = nil
	}
	switch {
	case is.Kind == Map:
		a.entries(was, is, c)
	case is.Kind != List || len(is.Entries) == 0:
	case was == nil || len(was.Entries) == 0:
		a.value(nil, is.Entries[0].Value, c.Element())
	case len(was.Entries) == len(is.Entries):
		a.elements++ // keys may have gone
		for i, e := range is.Entries {
			a.value(was.Entries[i].Value, e.Value, c.Element())
		}
		a.elements--
	}
}

func target(n *Node) *Node {
	for n != nil && n.Kind == Alias && n.Target != nil {
		n = n.Target
	}
	return n
}

func (a *annotator) entries(was, is *Node, c Comments) {
	before, after := a.keys(was), a.keys(is)
	for _, e := range is.Entries {
		if e.Key.Kind != Scalar || e.Merge {
			continue
		}
		comment, inside := c.Key(e.Key.Value)
		if old, ok := before[a.fold(e.Key)]; ok {
			a.value(old, e.Value, inside)
			continue
		}
		if comment == "" && a.isRenamed(e.Key) {
			continue
		}
		a.write(e.Key, comment)
		a.value(nil, e.Value, inside)
	}
	if was == nil {
		return
	}
	for _, e := range was.Entries {
		if e.Key.Kind != Scalar || e.Merge || after[a.fold(e.Key)] != nil {
			continue
		}
		if comment, _ := c.Key(e.Key.Value); comment == "" && a.isRenamed(e.Key) {
			continue
		}
		a.forgetEntry(e, c)
	}
}

// isRenamed reports whether a key is one of an entry that is still there with another key. That it was a key
// in another map makes little difference: a comment is missing, or stays.
func (a *annotator) isRenamed(key *Node) bool {
	return slices.ContainsFunc(a.renamed, func(k *Node) bool { return Equal(k, key) })
}

// keys finds the values of a map by their keys.
func (a *annotator) keys(n *Node) map[string]*Node {
	if n == nil {
		return nil
	}
	all := make(map[string]*Node, len(n.Entries))
	for _, e := range n.Entries {
		if e.Key.Kind == Scalar && !e.Merge {
			all[a.fold(e.Key)] = e.Value
		}
	}
	return all
}

// fold is what two keys have in common that are one to the decoder.
func (a *annotator) fold(key *Node) string {
	if a.doc.Keys == MatchExact {
		return key.Value
	}
	return strings.ToLower(key.Value)
}

// write puts a comment above the line of a key.
func (a *annotator) write(key *Node, comment string) {
	at, lines := a.block(a.doc, key, comment)
	if len(lines) == 0 || a.elements > 0 {
		return
	}
	if there := standing(a.doc, at, lines); len(there) > 0 {
		for _, i := range there {
			a.kept[i] = true
		}
		return
	}
	indent := a.doc.Text[at : at+len(a.doc.Text[at:])-len(bytes.TrimLeft(a.doc.Text[at:], " \t"))]
	var text strings.Builder
	for _, l := range lines {
		text.Write(indent)
		text.WriteString(l)
		text.WriteString(a.newline)
	}
	a.list = append(a.list, Splice{Start: at, End: at, Text: []byte(text.String())})
	a.added += len(lines)
}

// block gives the lines of a comment with their marks, and where the line of its key begins; no lines if
// there is no comment, or no place for it.
func (a *annotator) block(doc *Document, key *Node, comment string) (at int, lines []string) {
	if comment == "" || key.End == 0 {
		return 0, nil
	}
	at = lineStart(doc.Text, key.Start)
	mark, ok := a.format.CommentAbove(doc.Text[at:key.Start])
	if !ok {
		return at, nil
	}
	for line := range strings.SplitSeq(comment, "\n") {
		lines = append(lines, strings.TrimRight(mark+" "+line, " "))
	}
	return at, lines
}

// standing gives the indexes of the comments of a text that are these lines, right above the line at a place.
func standing(doc *Document, at int, lines []string) []int {
	i, _ := slices.BinarySearchFunc(doc.Comments, at, func(c Comment, at int) int { return c.Start - at })
	if i < len(lines) {
		return nil
	}
	var found []int
	for n := len(lines) - 1; n >= 0; n-- {
		i--
		c := doc.Comments[i]
		if !c.Own || string(doc.comment(c)) != lines[n] || nextLine(doc.Text, c.End) != at {
			return nil
		}
		at = lineStart(doc.Text, c.Start)
		found = append(found, i)
	}
	return found
}

// forget notes the comments in a value that the new text does not have.
func (a *annotator) forget(n *Node, c Comments) {
	switch {
	case c == nil || len(n.Entries) == 0:
	case n.Kind == List:
		a.forget(n.Entries[0].Value, c.Element())
	case n.Kind == Map:
		for _, e := range n.Entries {
			if e.Key.Kind == Scalar && !e.Merge {
				a.forgetEntry(e, c)
			}
		}
	}
}

// forgetEntry notes the comment of an entry too.
func (a *annotator) forgetEntry(e Entry, c Comments) {
	comment, inside := c.Key(e.Key.Value)
	if at, lines := a.block(a.old, e.Key, comment); len(lines) > 0 {
		a.gone = append(a.gone, standing(a.old, at, lines)...)
	}
	a.forget(e.Value, inside)
}

// erase takes the lines of the noted comments out of the new text, if all that it has come from the old
// one, in the same order. Else nobody can tell which are which.
func (a *annotator) erase() {
	if len(a.gone) == 0 {
		return
	}
	place := make(map[int]int)
	next := 0
	for i, c := range a.old.Comments {
		if next < len(a.doc.Comments) && bytes.Equal(a.doc.comment(a.doc.Comments[next]), a.old.comment(c)) {
			place[i] = next
			next++
		}
	}
	if next < len(a.doc.Comments) {
		a.gone = nil
		return
	}
	a.gone = slices.DeleteFunc(a.gone, func(i int) bool {
		at, there := place[i]
		return !there || a.kept[at]
	})
	slices.Sort(a.gone)
	for at := 0; at < len(a.gone); {
		first := a.doc.Comments[place[a.gone[at]]]
		lines := Splice{Start: lineStart(a.doc.Text, first.Start), End: nextLine(a.doc.Text, first.End)}
		for at++; at < len(a.gone); at++ {
			c := a.doc.Comments[place[a.gone[at]]]
			if lineStart(a.doc.Text, c.Start) != lines.End {
				break
			}
			lines.End = nextLine(a.doc.Text, c.End)
		}
		a.list = append(a.list, a.withBlank(lines))
	}
}

// withBlank adds to lines that go the blank line above, if there is one below as well: a section that
// went with its comment leaves one.
func (a *annotator) withBlank(lines Splice) Splice {
	text := a.doc.Text
	before := bytes.TrimSuffix(bytes.TrimSuffix(text[:lines.Start], []byte("\n")), []byte("\r"))
	above := lineStart(text, len(before))
	below := text[lines.End:nextLine(text, lines.End)]
	if above < lines.Start && len(bytes.TrimSpace(text[above:lines.Start]))+len(bytes.TrimSpace(below)) == 0 {
		lines.Start = above
	}
	return lines
}

// proven reports whether a text with the changes is the document but for the comments.
func (a *annotator) proven(text []byte) bool {
	is, err := a.format.Parse(text)
	if err != nil {
		return false
	}
	was, err := a.format.Parse(a.doc.Text)
	return err == nil && Equal(was.Root, is.Root) && len(is.Comments) == len(was.Comments)+a.added-len(a.gone)
}

// byteOrderMark may stand before the first line.
const byteOrderMark = "\uFEFF"

func lineStart(text []byte, at int) int {
	if start := bytes.LastIndexAny(text[:at], "\r\n") + 1; start > 0 || !bytes.HasPrefix(text, []byte(byteOrderMark)) {
		return start
	}
	return len(byteOrderMark)
}

// nextLine is where the line after that of at begins, or the end of the text.
func nextLine(text []byte, at int) int {
	i := bytes.IndexAny(text[at:], "\r\n")
	if i < 0 {
		return len(text)
	}
	at += i + 1
	if text[at-1] == '\r' && at < len(text) && text[at] == '\n' {
		at++
	}
	return at
}
