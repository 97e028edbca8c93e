package toml

import (
	"bytes"
	"fmt"
)

// maxLevels is the largest number of tables and arrays around a value. The decoder is
// recursive, and its work for one key grows with the square of this number.
const maxLevels = 1000

// maxCost bounds the memory that the decoder allocates for the keys and values of
// one text, in bytes. Together with the text and the decoder's copy of it that is
// 8 times a text of 64 MiB, and 3 s of work (measured on two cores of 2.5 GHz).
const maxCost = 384 << 20

// The bytes that BurntSushi/toml v1.6 allocates for each construct, rounded up from the
// TotalAlloc of texts of 8 MiB that consist of it alone. The decoder keeps the whole path
// of every key, in two forms.
const (
	costHeader  = 800 // a header,
	costStep    = 120 // for each part of its key,
	costNew     = 35  // and for each table that it makes, for each part of the path to it
	costPair    = 900 // a key with a value,
	costPath    = 90  // and for each part of the path to it
	costMade    = 450 // for each part of a dotted key,
	costDotted  = 160 // and for each part of the path to it
	costArray   = 250 // an array,
	costInline  = 400 // an inline table,
	costNested  = 200 // either of them, for each part of the path to it
	costElement = 160 // any other element of an array
	costComment = 24  // a comment, which takes no memory, but 0.1 us
)

// boundError is the error for a text that is not given to the decoder.
type boundError struct {
	Offset int // of the first key or value beyond the limit
	text   string
}

func (e *boundError) Error() string { return e.text }

// bound refuses, with a *boundError, a text for which the decoder would need too much
// stack, memory or time. It takes time linear in the text, and memory linear in
// maxLevels. For a text that is not valid TOML the result does not matter, since the decoder
// stops at the first error.
func bound(text []byte) error {
	b := &bounder{text: text, at: mark(text)}
	return b.document()
}

// path is the path to a table or array.
type path struct {
	levels int // tables and arrays around what is in it
	parts  int // keys that lead to it
	bytes  int // of these keys as they are spelled
}

// open is an array or an inline table that is open.
type open struct {
	path
	table bool
	value path // of the next value in it
}

// bounder walks a text as the decoder does, without recursion.
type bounder struct {
	text  []byte
	at    int
	cost  int64
	keys  int // headers, and keys with a value
	stack []open
	parts []keyPart // of the key that was read last
	above []keyPart // of the previous header
}

type keyPart struct{ start, end int }

func (b *bounder) document() error {
	var table path
	for b.space(); b.at < len(b.text); b.space() {
		var err error
		if b.text[b.at] == '[' {
			table, err = b.header()
		} else {
			err = b.pair(table)
		}
		if err != nil {
			return err
		}
	}
	return b.spend(len(b.text), 0, 0) // for the comments at the end
}

// header reads a header and gives the path to what is below it.
func (b *bounder) header() (table path, err error) {
	start := b.at
	for b.at < len(b.text) && b.text[b.at] == '[' && b.at < start+2 {
		b.at++
	}
	b.key()
	cost, known := int64(costHeader), true
	for i, s := range b.parts {
		table.parts++
		table.bytes += s.end - s.start + 1
		// Most headers share their first parts with the one before, and the
		// decoder makes no table for them again.
		known = known && i < len(b.above) && bytes.Equal(b.spelled(s), b.spelled(b.above[i]))
		if cost += costStep; !known {
			cost += int64(costNew*table.parts + table.bytes)
		}
	}
	table.levels = table.parts
	b.parts, b.above = b.above, b.parts
	for b.at < len(b.text) && b.text[b.at] != '\n' && b.text[b.at] != '#' {
		b.at++
	}
	return table, b.spend(start, table.levels, cost)
}

func (b *bounder) spelled(s keyPart) []byte { return b.text[s.start:s.end] }

// pair reads a key with its value below a header.
func (b *bounder) pair(table path) error {
	value, err := b.keyOf(table)
	if err != nil {
		return err
	}
	return b.value(value)
}

// keyOf reads a key in a table, and gives the path of its value.
func (b *bounder) keyOf(table path) (value path, err error) {
	start := b.at
	b.key()
	value = table
	cost := int64(costPair)
	for i, s := range b.parts {
		value.parts++
		value.bytes += s.end - s.start + 1
		if i < len(b.parts)-1 {
			value.levels++
			cost += int64(costMade + costDotted*value.parts + 6*value.bytes)
		}
		if value.levels > maxLevels {
			break
		}
	}
	cost += int64(costPath*value.parts + 2*value.bytes)
	for b.at < len(b.text) && b.text[b.at] != '=' && b.text[b.at] != '\n' {
		b.at++
	}
	b.at = min(b.at+1, len(b.text))
	return value, b.spend(start, value.levels, cost)
}

// value reads the value at a path, with all that is in it.
func (b *bounder) value(at path) error {
	for {
		if err := b.begin(at); err != nil {
			return err
		}
		more, err := b.next()
		if err != nil || !more {
			return err
		}
		at = b.stack[len(b.stack)-1].value
	}
}

// begin passes a value without parts, or the opening bracket of one with.
func (b *bounder) begin(at path) error {
	b.blanks()
	if b.at == len(b.text) {
		return nil
	}
	start := b.at
	cost := int64(costNested*at.parts + 4*at.bytes)
	switch c := b.text[b.at]; c {
	case '"', '\'':
		b.str(true)
		return b.spend(start, at.levels, costElement)
	case '[':
		cost += costArray
	case '{':
		cost += costInline
	default:
		for b.at < len(b.text) && bytes.IndexByte([]byte("\n,]}#"), b.text[b.at]) < 0 {
			b.at++
		}
		return b.spend(start, at.levels, costElement)
	}
	at.levels++
	b.stack = append(b.stack, open{path: at, table: b.text[b.at] == '{', value: at})
	b.at++
	return b.spend(start, at.levels, cost)
}

// next goes to the next value inside the brackets that are open. It reports
// whether there is one: if not, all are closed, or the text is over.
func (b *bounder) next() (more bool, err error) {
	for len(b.stack) > 0 {
		b.space()
		if b.at == len(b.text) {
			return false, nil
		}
		inner := &b.stack[len(b.stack)-1]
		switch c := b.text[b.at]; {
		case c == ',':
			b.at++
		case c == ']' || c == '}':
			b.at++
			b.stack = b.stack[:len(b.stack)-1]
		case inner.table:
			inner.value, err = b.keyOf(inner.path)
			return true, err
		default:
			return true, nil
		}
	}
	return false, nil
}

// spend refuses a key or value that is too deep or one too many.
func (b *bounder) spend(at, levels int, cost int64) error {
	if levels > maxLevels {
		return &boundError{at, fmt.Sprintf("it is nested more than %d levels deep", maxLevels)}
	}
	if b.cost += cost; b.cost > maxCost {
		return &boundError{at, fmt.Sprintf("the keys and values up to here would take the decoder more than %d MiB; "+
			"split the file, or use fewer levels", maxCost>>20)}
	}
	return nil
}

// key reads the parts of a key, at most one more than may be.
func (b *bounder) key() {
	b.keys++
	b.parts = b.parts[:0]
	for {
		b.blanks()
		start := b.at
		if b.at < len(b.text) && (b.text[b.at] == '"' || b.text[b.at] == '\'') {
			b.str(false)
		} else {
			for b.at < len(b.text) && isBare(b.text[b.at]) {
				b.at++
			}
		}
		b.parts = append(b.parts, keyPart{start, b.at})
		b.blanks()
		if b.at == len(b.text) || b.text[b.at] != '.' || len(b.parts) > maxLevels+1 {
			return
		}
		b.at++
	}
}

func (b *bounder) blanks() {
	for b.at < len(b.text) && (b.text[b.at] == ' ' || b.text[b.at] == '\t') {
		b.at++
	}
}

// space passes blanks, line breaks and comments.
func (b *bounder) space() {
	for b.at < len(b.text) {
		switch b.text[b.at] {
		case ' ', '\t', '\r', '\n':
			b.at++
		case '#':
			b.line()
		default:
			return
		}
	}
}

func (b *bounder) line() {
	b.cost += costComment
	if n := bytes.IndexByte(b.text[b.at:], '\n'); n >= 0 {
		b.at += n
	} else {
		b.at = len(b.text)
	}
}

// str passes a string; a key has no form of several lines.
func (b *bounder) str(long bool) {
	quote := b.text[b.at]
	size := 1
	if long && b.at+3 <= len(b.text) && b.text[b.at+1] == quote && b.text[b.at+2] == quote {
		size = 3
	}
	b.at += size
	for b.at < len(b.text) {
		switch c := b.text[b.at]; {
		case c == '\\' && quote == '"':
			b.at = min(b.at+2, len(b.text))
		case c == '\n' && size == 1:
			return // the text is not valid TOML
		case c != quote:
			b.at++
		default:
			run := b.at
			for b.at < len(b.text) && b.text[b.at] == quote && (size == 3 || b.at == run) {
				b.at++
			}
			if b.at-run >= size {
				return
			}
		}
	}
}
