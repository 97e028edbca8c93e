package json

import (
	"bytes"
	"slices"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// span is a value in a text, with the space around it.
type span struct{ start, end int }

// side is one of two encodings.
type side struct {
	text []byte
	scan *scanner
}

// newSide finds the indentation of one level in the second line of the encoding.
func newSide(text []byte) *side {
	l := new(layout)
	if open := bytes.IndexByte(text, '\n'); open > 0 && (text[open-1] == '{' || text[open-1] == '[') {
		rest := text[open+1:]
		l.unit = string(rest[:len(rest)-len(bytes.TrimLeft(rest, " \t"))])
	}
	return &side{text, &scanner{reader: reader{text: text}, origin: &origin{text: text, layout: func() *layout { return l }}}}
}

func (x *side) of(s span) []byte { return x.text[s.start:s.end] }

// twins counts the entries of two collections that are certainly equal, at the beginning and at the
// end.
type twins struct{ first, last int }

// entry is an element of a list, or a key of an object with its value.
type entry struct {
	key, value span
	node       *edit.Node // of the value
}

func (e *entry) start() int {
	if e.key.end > 0 {
		return e.key.start
	}
	return e.value.start
}

// entries splits two objects or lists that begin with the bracket open. It returns nil for other values.
// It finds the ends of values by brackets and quotes only. Where the new text is equal to the old one, it
// does not scan the new text.
func (c *comparison) entries(v, w span, bracket byte) (old, new []entry, same twins) {
	if old = c.old.entries(v, bracket); old == nil {
		return nil, nil, same
	}
	if v.start == w.start {
		for same.first < len(old) && old[same.first].value.end < c.prefix {
			same.first++
		}
	}
	new = append(make([]entry, 0, len(old)+1), old[:same.first]...)
	shift := len(c.new.text) - len(c.old.text)
	stop := func(at int) bool { // the bytes from at on are equal to those of the old text
		if len(c.new.text)-at > c.suffix {
			return false
		}
		i, found := slices.BinarySearchFunc(old, at-shift, func(e entry, at int) int { return e.start() - at })
		if !found || i < same.first {
			return false
		}
		same.last = len(old) - i
		return true
	}
	if new = c.new.split(w, bracket, new, stop); new == nil {
		return nil, nil, same
	}
	for _, e := range old[len(old)-same.last:] {
		if bracket == '{' {
			e.key = span{e.key.start + shift, e.key.end + shift}
		}
		e.value = span{e.value.start + shift, e.value.end + shift}
		new = append(new, e)
	}
	return old, new, same
}

func (x *side) entries(v span, bracket byte) []entry {
	return x.split(v, bracket, nil, func(int) bool { return false })
}

// split appends the next entries of a collection to the first ones, until stop returns true. It returns
// nil if the text is no such collection.
func (x *side) split(v span, bracket byte, list []entry, stop func(at int) bool) []entry {
	r := &x.scan.reader
	r.at = v.start
	if list == nil {
		list = []entry{}
	}
	if r.skip(); r.peek() != bracket {
		return nil
	}
	if r.take(bracket); len(list) > 0 {
		if r.at = list[len(list)-1].value.end; !x.comma() {
			return x.closed(v, bracket, list)
		}
	}
	for r.err == nil && r.peek() != bracket+2 {
		if stop(r.at) {
			return list
		}
		var e entry
		if bracket == '{' {
			start := r.at
			r.str()
			e.key = span{start, r.at}
			r.skip()
			r.take(':')
		}
		start := r.at
		r.over()
		e.value = span{start, r.at}
		if list = append(list, e); !x.comma() {
			break
		}
	}
	return x.closed(v, bracket, list)
}

// comma passes the space behind an entry, and the comma if there is one.
func (x *side) comma() bool {
	r := &x.scan.reader
	if r.skip(); r.peek() != ',' {
		return false
	}
	r.take(',')
	return true
}

// closed gives the entries of a collection if the collection ends at the end of its value.
func (x *side) closed(v span, bracket byte, list []entry) []entry {
	r := &x.scan.reader
	r.take(bracket + 2)
	if r.err != nil || r.at < v.end {
		r.err = nil
		return nil
	}
	return list
}

// read gives the tree of a value, or nil if it can't be read or has duplicate keys.
func (x *side) read(v span) *edit.Node {
	s := x.scan
	s.text, s.at = x.text[:v.end], v.start
	s.source, s.base = string(x.of(v)), v.start
	s.skip()
	n := s.value(nil)
	s.skip()
	s.text = x.text
	if s.err != nil || s.indirect || s.at < v.end {
		s.err, s.indirect = nil, false
		return nil
	}
	return n
}

// compareBlock is the number of bytes that are compared at once.
const compareBlock = 256

// prefix gives the length of the common prefix of two texts.
func prefix(a, b []byte) (n int) {
	most := min(len(a), len(b))
	for n+compareBlock <= most && bytes.Equal(a[n:n+compareBlock], b[n:n+compareBlock]) {
		n += compareBlock
	}
	for n < most && a[n] == b[n] {
		n++
	}
	return n
}

// suffix gives the length of the common suffix of two texts.
func suffix(a, b []byte) (n int) {
	most := min(len(a), len(b))
	a, b = a[len(a)-most:], b[len(b)-most:]
	for n+compareBlock <= most && bytes.Equal(a[most-n-compareBlock:most-n], b[most-n-compareBlock:most-n]) {
		n += compareBlock
	}
	for n < most && a[most-n-1] == b[most-n-1] {
		n++
	}
	return n
}
