package json

import "bytes"

// withoutComments replaces the comments and trailing commas of a JSONC text by spaces. The length and the
// line breaks stay. Without comments and trailing commas it returns the text itself, and otherwise a
// copy. It fails with an unended error if a comment has no end.
func withoutComments(text []byte) ([]byte, error) {
	b := &blanker{reader: reader{text: text, jsonc: true}, plain: text}
	for b.at < len(text) {
		switch c := text[b.at]; {
		case !blanked[c]:
			b.at++
		case c == '"':
			if b.at = afterString(text, b.at); b.at < 0 {
				b.at = len(text)
			}
		case c == ',':
			b.comma()
		case !b.blankComment():
			b.at = min(b.at+1, len(text))
		}
	}
	return b.plain, b.err
}

// blanked are the bytes at which a comment, a trailing comma or a string may begin.
var blanked = [256]bool{'"': true, '/': true, ',': true}

// blanker walks a JSONC text.
type blanker struct {
	reader
	plain []byte
}

// blankComment passes a comment, if one begins here.
func (b *blanker) blankComment() bool {
	start := b.at
	if !b.comment() {
		return false
	}
	b.blank(start, b.at)
	return true
}

func (b *blanker) blank(start, end int) {
	if &b.plain[0] == &b.text[0] {
		b.plain = bytes.Clone(b.text)
	}
	for i, c := range b.plain[start:end] {
		if c != '\n' && c != '\r' {
			b.plain[start+i] = ' '
		}
	}
}

// comma passes a comma and all space after it.
func (b *blanker) comma() {
	start := b.at
	for b.at++; ; {
		b.at += space(b.text[b.at:])
		if !b.blankComment() {
			break
		}
	}
	if c := b.peek(); c != ']' && c != '}' {
		return
	}
	before := bytes.TrimRight(b.plain[:start], " \t\r\n")
	if n := len(before); n > 0 && bytes.IndexByte([]byte("[{,:"), before[n-1]) < 0 {
		b.blank(start, start+1)
	}
}

// space gives the number of bytes of space at the beginning of a text.
func space(text []byte) int {
	for i, c := range text {
		if !isSpace(c) {
			return i
		}
	}
	return len(text)
}
