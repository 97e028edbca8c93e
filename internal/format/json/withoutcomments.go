package json

import "bytes"

// withoutComments gives a JSONC text with spaces in place of comments and trailing commas, of the
// same length and with the same line breaks. It is the text itself where there are none,
// and a copy otherwise. It fails with an unended error if a comment has no end.
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

// blanked are the bytes that may be blanked, or that may have such bytes behind them that
// must not be.
var blanked = [256]bool{'"': true, '/': true, ',': true}

// blanker walks a JSONC text.
type blanker struct {
	reader
	plain []byte
}

// blankComment goes over a comment, if one begins here.
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

// comma goes over a comma and all space after it.
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

// space is how many bytes of space a text begins with.
func space(text []byte) int {
	for i, c := range text {
		if !isSpace(c) {
			return i
		}
	}
	return len(text)
}
