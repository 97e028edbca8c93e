package json

import (
	"bytes"
	"fmt"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// maxDepth is the largest number of nested collections, as in encoding/json.
const maxDepth = 10_000

// reader passes over the tokens of a text. It does not prove that the text is valid JSON. If it
// can't go on, it records an error and moves to the end of the text, so that every loop ends.
type reader struct {
	text     []byte
	at       int
	jsonc    bool // there may be comments
	comments []edit.Comment
	counted  int // the line breaks before this offset are counted
	breaks   int
	err      error
}

// unended is the error for a comment without an end.
type unended struct {
	Offset int // where it begins
	Line   int // counted from 1
}

func (u unended) Error() string { return fmt.Sprintf("line %d: the comment has no end", u.Line) }

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
	r.at = len(r.text)
}

// unexpected fails because of the byte at the current offset.
func (r *reader) unexpected() {
	line := 1 + bytes.Count(r.text[:r.at], []byte("\n"))
	r.fail(errors.New(fmt.Sprintf("line %d: the text is not JSON", line)))
}

// peek gives the next byte, 0 at the end.
func (r *reader) peek() byte {
	if r.at < len(r.text) {
		return r.text[r.at]
	}
	return 0
}

// take passes the expected byte, and the blanks and comments after it.
func (r *reader) take(c byte) {
	if r.peek() != c {
		r.unexpected()
		return
	}
	r.at++
	r.skip()
}

// skip passes blanks and comments, and remembers the comments. It is called at the
// beginning of the text and right behind a token.
func (r *reader) skip() {
	own := r.at == 0 || r.at == len(byteOrderMark) && mark(r.text) > 0
	for r.at < len(r.text) {
		switch r.text[r.at] {
		case '\n', '\r':
			own = true
			r.at++
		case ' ', '\t':
			r.at++
		case '/':
			start := r.at
			if !r.comment() {
				return
			}
			r.comments = append(r.comments, edit.Comment{Start: start, End: r.at, Line: r.line(start), Own: own})
		default:
			return
		}
	}
}

// comment passes the comment that begins here, if one does.
func (r *reader) comment() bool {
	if !r.jsonc || r.at+1 >= len(r.text) || r.text[r.at] != '/' {
		return false
	}
	rest := r.text[r.at+2:]
	switch r.text[r.at+1] {
	case '/':
		if n := bytes.IndexByte(rest, '\n'); n >= 0 {
			rest = rest[:n]
		}
		if n := bytes.IndexByte(rest, '\r'); n >= 0 {
			rest = rest[:n]
		}
		r.at += 2 + len(rest)
		return true
	case '*':
		n := bytes.Index(rest, []byte("*/"))
		if n < 0 {
			r.fail(unended{r.at, r.line(r.at)})
			return false
		}
		r.at += 2 + n + 2
		return true
	}
	return false
}

// line gives the number of the line of an offset. Offsets come in order, and none
// between the two bytes of a line break.
func (r *reader) line(at int) int {
	part := r.text[r.counted:at]
	r.breaks += bytes.Count(part, []byte("\n"))
	if bytes.IndexByte(part, '\r') >= 0 {
		r.breaks += bytes.Count(part, []byte("\r")) - bytes.Count(part, []byte("\r\n"))
	}
	r.counted = at
	return r.breaks + 1
}

// str passes a string.
func (r *reader) str() {
	end := -1
	if r.peek() == '"' {
		end = afterString(r.text, r.at)
	}
	if end < 0 {
		r.unexpected()
		return
	}
	r.at = end
}

// literal passes a number, true, false or null.
func (r *reader) literal() {
	start := r.at
	for r.at < len(r.text) && !endsLiteral(r.text[r.at]) {
		r.at++
	}
	if r.at == start {
		r.unexpected()
	}
}

// over passes a value. It only counts brackets and quotes.
func (r *reader) over() {
	switch r.peek() {
	case '{', '[':
	case '"':
		r.str()
		return
	default:
		r.literal()
		return
	}
	text, at, open := r.text, r.at, 0
	for at < len(text) {
		c := text[at]
		if !counts[c] {
			at++
			continue
		}
		switch c {
		case '"':
			if at = afterString(text, at); at < 0 {
				at = len(text)
			}
			continue
		case '{', '[':
			open++
		case '}', ']':
			if open--; open == 0 {
				r.at = at + 1
				return
			}
		default:
			if r.at = at; r.comment() {
				at = r.at
				continue
			}
		}
		at++
	}
	r.at = len(text)
	r.unexpected()
}

// counts are the bytes that decide where a value ends.
var counts = [256]bool{'"': true, '{': true, '}': true, '[': true, ']': true, '/': true}

func endsLiteral(c byte) bool {
	switch c {
	case ' ', '\t', '\r', '\n', ',', ']', '}', '/':
		return true
	}
	return false
}

// afterString gives the offset after the string that starts at text[i], or -1 if the string has
// no end.
func afterString(text []byte, i int) int {
	for at := i + 1; ; {
		n := bytes.IndexByte(text[at:], '"')
		if n < 0 {
			return -1
		}
		at += n
		escapes := at
		for text[escapes-1] == '\\' {
			escapes--
		}
		if at++; (at-1-escapes)%2 == 0 {
			return at
		}
	}
}

const byteOrderMark = "\uFEFF"

// mark gives the length of the byte order mark of text.
func mark(text []byte) int {
	if bytes.HasPrefix(text, []byte(byteOrderMark)) {
		return len(byteOrderMark)
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func blank(text []byte) bool {
	return len(bytes.TrimLeft(text, " \t\r\n")) == 0
}
