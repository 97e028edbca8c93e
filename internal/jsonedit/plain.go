package jsonedit

import (
	"bytes"
	"fmt"

	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Plain gives a copy of a JSONC text with spaces in place of comments and
// trailing commas, of the same length and with the same line breaks, and the
// comments. It fails with an Unended if a comment has no end.
func Plain(text []byte) ([]byte, []textedit.Comment, error) {
	b := &blanker{text: text, plain: bytes.Clone(text), comma: -1, last: '[', own: true, line: 1}
	for b.at < len(text) {
		if err := b.next(); err != nil {
			return nil, nil, err
		}
	}
	return b.plain, b.comments, nil
}

// Unended is the error for a comment without an end.
type Unended struct {
	Offset int // where it begins
	Line   int // counted from 1
}

func (u Unended) Error() string { return fmt.Sprintf("line %d: the comment has no end", u.Line) }

// blanker walks a JSONC text.
type blanker struct {
	text, plain []byte
	comments    []textedit.Comment
	at          int
	comma       int  // a comma that a closing bracket would make a trailing one
	last        byte // the last byte that is neither space nor comment
	own         bool // nothing but blanks so far on this line
	line        int
}

func (b *blanker) next() error {
	start := b.at
	switch c := b.text[start]; {
	case c == '"':
		b.at = afterString(b.text, start)
		b.comma, b.last, b.own = -1, c, false
	case c == '/' && bytes.HasPrefix(b.text[start:], []byte("//")):
		b.at = len(b.text)
		if n := bytes.IndexAny(b.text[start:], "\r\n"); n >= 0 {
			b.at = start + n
		}
		b.comment(start)
	case c == '/' && bytes.HasPrefix(b.text[start:], []byte("/*")):
		n := bytes.Index(b.text[start+2:], []byte("*/"))
		if n < 0 {
			return Unended{start, b.line}
		}
		b.at = start + 2 + n + 2
		b.comment(start)
	case c == '\n' || c == '\r' && !bytes.HasPrefix(b.text[start+1:], []byte("\n")):
		b.at++
		b.line++
		b.own = true
	case isSpace(c) || start < 3 && start < mark(b.text):
		b.at++
	default:
		b.at++
		b.mark(start, c)
	}
	return nil
}

func (b *blanker) comment(start int) {
	b.comments = append(b.comments, textedit.Comment{Start: start, End: b.at, Line: b.line, Own: b.own})
	for i := start; i < b.at; i++ {
		switch c := b.text[i]; {
		case c == '\n', c == '\r' && (i+1 == len(b.text) || b.text[i+1] != '\n'):
			b.line++
		case c != '\r':
			b.plain[i] = ' '
		}
	}
}

func (b *blanker) mark(at int, c byte) {
	if (c == ']' || c == '}') && b.comma >= 0 {
		b.plain[b.comma] = ' '
	}
	b.comma = -1
	if c == ',' && bytes.IndexByte([]byte("[{,:"), b.last) < 0 {
		b.comma = at
	}
	b.last, b.own = c, false
}

// afterString gives the offset after the string that starts at text[i].
func afterString(text []byte, i int) int {
	for i++; i < len(text); i++ {
		switch text[i] {
		case '\\':
			i++
		case '"':
			return i + 1
		}
	}
	return len(text)
}

// mark is the length of the byte order mark that text begins with.
func mark(text []byte) int {
	if bytes.HasPrefix(text, []byte("\uFEFF")) {
		return len("\uFEFF")
	}
	return 0
}

func isSpace(c byte) bool { return c == ' ' || c == '\t' || c == '\r' || c == '\n' }

func blank(text []byte) bool {
	return len(bytes.TrimLeft(text, " \t\r\n")) == 0
}
