package edit

import (
	"bytes"
	"slices"
	"strings"
)

// Comments gives the comments that the program's type has for the keys of one value. A nil
// Comments has no comment.
type Comments interface {
	// Key gives the comment of a key of a map, and the comments in the key's value. The comment is
	// empty if the key has none. Its lines are separated by \n.
	Key(key string) (comment string, inside Comments)
	// Element gives the comments in an element of a list.
	Element() Comments
}

// Commenter is a [Format] whose texts may have comments.
type Commenter interface {
	Format
	// CommentAbove gives the mark that begins a comment. ok reports whether a comment may stand on a line
	// above a key; before is the part of the key's line before the key. A wrong answer does no harm, since
	// the text with the comment is proven.
	CommentAbove(before []byte) (mark string, ok bool)
}

// Annotate adds comments to a text, and removes some:
//   - A key that old does not have gets its comment. If old is nil, these are all keys.
//   - If old has a key that text does not have, the comment of the key is removed, if it is word for word
//     the comment of c and stood right above the key.
//   - In a list, only the first element has comments, and only if the list of old is empty or missing.
//   - If no comment can stand above a key, the key gets none.
//
// The result has the same tree as text. If old or text does not parse, the result is text.
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

// annotate is Annotate for documents. An outline leaves the same parts out of both. renamed has the old and the
// new keys of entries that only got another key: the values still have their comments. If another map has
// a key of the same name, a comment may be missing there, or stay.
func annotate(f Commenter, old, doc *Document, c Comments, renamed map[string]bool) []byte {
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

// annotator collects the changes to the comments of one text.
type annotator struct {
	format   Commenter
	old, doc *Document
	renamed  map[string]bool
	newline  string

	elements int // the number of lists around the value that old has too

	list  []Splice
	added int          // comments
	kept  map[int]bool // indexes of the comments of doc that are above their keys already
	gone  []int        // indexes of the comments of old to remove
}

// value compares the old value with the new one. was is nil if the value is new.
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
		if old := before(e.Key); old != nil {
			a.value(old, e.Value, inside)
			continue
		}
		if comment == "" && a.renamed[e.Key.Value] {
			continue
		}
		a.write(e.Key, comment)
		a.value(nil, e.Value, inside)
	}
	if was == nil {
		return
	}
	for _, e := range was.Entries {
		if e.Key.Kind != Scalar || e.Merge || after(e.Key) != nil {
			continue
		}
		if comment, _ := c.Key(e.Key.Value); comment == "" && a.renamed[e.Key.Value] {
			continue
		}
		a.forgetEntry(e, c)
	}
}

// keys gives a function that finds the value of a key in a map, nil if there is none. A key of the same spelling is
// preferred to one that only the decoder takes for the same.
func (a *annotator) keys(n *Node) func(key *Node) *Node {
	exact, folded := map[string]*Node{}, map[string]*Node{}
	folds := a.doc.Keys != MatchExact
	if n != nil {
		for _, e := range n.Entries {
			if e.Key.Kind != Scalar || e.Merge {
				continue
			}
			exact[e.Key.Value] = e.Value
			if folds {
				folded[strings.ToLower(e.Key.Value)] = e.Value
			}
		}
	}
	return func(key *Node) *Node {
		if value := exact[key.Value]; value != nil || !folds {
			return value
		}
		return folded[strings.ToLower(key.Value)]
	}
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

// block gives the lines of a comment with their marks, and the start of the line of its key. It gives no lines
// if there is no comment, or no place for it.
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

// standing gives the indexes of the comments that are these lines and stand right above the line at. It
// gives nil if other lines stand there.
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

// forget collects the comments in a value that the new text does not have.
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

// forgetEntry is forget for an entry, with its own comment.
func (a *annotator) forgetEntry(e Entry, c Comments) {
	comment, inside := c.Key(e.Key.Value)
	if at, lines := a.block(a.old, e.Key, comment); len(lines) > 0 {
		a.gone = append(a.gone, standing(a.old, at, lines)...)
	}
	a.forget(e.Value, inside)
}

// erase removes the collected comments from the new text. It needs the comments of the new text in the
// order of the old text, to find them again; if the order is another one, it removes none.
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
		a.list = append(a.list, a.withSpace(lines))
	}
}

// withSpace extends lines by the space that nobody wants without them:
//   - All that is between two brackets of which the lines were all. The map in them was emptied.
//   - The blank line above, if the line below is blank too. A section that was deleted with its comment
//     leaves two blank lines otherwise.
func (a *annotator) withSpace(lines Splice) Splice {
	text := a.doc.Text
	opened, closing := bytes.TrimRight(text[:lines.Start], " \t\r\n"), bytes.TrimLeft(text[lines.End:], " \t\r\n")
	if bytes.HasSuffix(opened, []byte("{")) && bytes.HasPrefix(closing, []byte("}")) {
		return Splice{Start: len(opened), End: len(text) - len(closing)}
	}
	before := bytes.TrimSuffix(bytes.TrimSuffix(text[:lines.Start], []byte("\n")), []byte("\r"))
	above := lineStart(text, len(before))
	below := text[lines.End:nextLine(text, lines.End)]
	if above < lines.Start && len(bytes.TrimSpace(text[above:lines.Start]))+len(bytes.TrimSpace(below)) == 0 {
		lines.Start = above
	}
	return lines
}

// proven reports whether text differs from the document only in its comments, and in as many as it should.
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
