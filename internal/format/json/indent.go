package json

import (
	"bytes"

	"github.com/holdfast-go/holdfast/internal/format"
)

// indentJSON indents compact JSON, byte for byte as json.Indent does. encoding/json has just
// written the text, so it needs no parser; the parser of json.Indent takes longer than the encoder. It
// refuses a text whose indentation alone is more than format.MaxIndentation.
func indentJSON(compact []byte, unit int) ([]byte, error) {
	if text, fits := indented(compact, unit, 2*len(compact)); fits {
		return text, nil
	}
	lines, blanks := indentation(compact, unit)
	if blanks > format.MaxIndentation {
		return nil, format.TooIndented()
	}
	text, _ := indented(compact, unit, len(compact)+2*lines+blanks) // a colon, and so a blank, for each line at most
	return text, nil
}

// indented gives the indented text. It returns false if the text does not fit into size bytes.
func indented(compact []byte, unit, size int) (_ []byte, fits bool) {
	text := make([]byte, 0, size)
	level := 0
	newline := func() {
		if n := 1 + level*unit; n <= cap(text)-len(text) {
			text = appendBlanks(append(text, '\n'), n-1)
		} else {
			level = -1
		}
	}
	for i := 0; i < len(compact) && level >= 0; i++ {
		switch c := compact[i]; c {
		case '"':
			end := stringEnd(compact, i)
			text = append(text, compact[i:end]...)
			i = end - 1
		case '{', '[':
			text = append(text, c)
			if compact[i+1] == c+2 { // the closing bracket
				text = append(text, c+2)
				i++
				continue
			}
			level++
			newline()
		case '}', ']':
			level--
			newline()
			text = append(text, c)
		case ',':
			text = append(text, c)
			newline()
		case ':':
			text = append(text, ':', ' ')
		default:
			text = append(text, c)
		}
	}
	return text, level >= 0
}

// indentation is how many lines indentJSON begins, at most, and the blanks on them.
func indentation(compact []byte, unit int) (lines, blanks int) {
	level := 0
	for i := 0; i < len(compact); i++ {
		switch compact[i] {
		case '"':
			i = stringEnd(compact, i) - 1
			continue
		case '{', '[':
			level++
		case '}', ']':
			level--
		case ',':
		default:
			continue
		}
		lines++
		blanks += level * unit
	}
	return lines, blanks
}

// stringEnd gives the offset after the string that starts at text[i].
func stringEnd(text []byte, i int) int {
	for at := i + 1; ; {
		at += bytes.IndexByte(text[at:], '"')
		escapes := 0
		for text[at-1-escapes] == '\\' {
			escapes++
		}
		if at++; escapes%2 == 0 {
			return at
		}
	}
}

const someBlanks = "                                                                "

func appendBlanks(text []byte, n int) []byte {
	for ; n > len(someBlanks); n -= len(someBlanks) {
		text = append(text, someBlanks...)
	}
	return append(text, someBlanks[:n]...)
}
