package yaml

import (
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// breakAt gives the length of the line break at i, or 0. YAML 1.1 knows LF,
// CR, CRLF, NEL, LS and PS.
func breakAt(text []byte, i int) int {
	if i >= len(text) || text[i] > '\r' && text[i] < 0xC2 {
		return 0
	}
	switch c := text[i]; {
	case c == '\n':
		return 1
	case c == '\r':
		if i+1 < len(text) && text[i+1] == '\n' {
			return 2
		}
		return 1
	case c == 0xC2 && i+1 < len(text) && text[i+1] == 0x85:
		return 2
	case c == 0xE2 && i+2 < len(text) && text[i+1] == 0x80 && (text[i+2] == 0xA8 || text[i+2] == 0xA9):
		return 3
	}
	return 0
}

func firstBreak(text []byte) string {
	for i := range text {
		if n := breakAt(text, i); n > 0 && text[i] < utf8.RuneSelf {
			return string(text[i : i+n])
		}
	}
	return "\n"
}

func blank(c byte) bool { return c == ' ' || c == '\t' }

func skipBlanks(text []byte, i int) int {
	for i < len(text) && blank(text[i]) {
		i++
	}
	return i
}

// lineEnd gives the offset of the line break of the line of i, or the end of the text.
func lineEnd(text []byte, i int) int {
	for i < len(text) && (text[i] > '\r' && text[i] < 0xC2 || breakAt(text, i) == 0) {
		i++
	}
	return i
}

// nextLine gives the start of the line after the line of i, or the end of the text.
func nextLine(text []byte, i int) int {
	i = lineEnd(text, i)
	return i + breakAt(text, i)
}

// lineStart gives the start of the line of i, behind a byte order mark.
func lineStart(text []byte, i int) int {
	for i > 0 && !endsInBreak(text, i) {
		i--
	}
	if i == 0 {
		return markLength(text)
	}
	return i
}

// endsInBreak reports whether a break ends right before i.
func endsInBreak(text []byte, i int) bool {
	switch text[i-1] {
	case '\n':
		return true
	case '\r':
		return i == len(text) || text[i] != '\n'
	case 0x85:
		return i >= 2 && breakAt(text, i-2) == 2
	case 0xA8, 0xA9:
		return i >= 3 && breakAt(text, i-3) == 3
	}
	return false
}

// markLength gives the length of the byte order mark of text.
func markLength(text []byte) int {
	if len(text) >= 3 && text[0] == 0xEF && text[1] == 0xBB && text[2] == 0xBF {
		return 3
	}
	return 0
}

// column gives the number of columns between the start of the line and i.
func column(text []byte, i int) int { return utf8.RuneCount(text[min(lineStart(text, i), i):i]) }

// startsLine reports whether only blanks are before i on its line.
func startsLine(text []byte, i int) bool { return skipBlanks(text, lineStart(text, i)) >= i }

// commentLines finds the comments on lines of their own, in a text without a tree.
func commentLines(text []byte) []edit.Comment {
	var list []edit.Comment
	for i, line := 0, 1; i < len(text); i, line = nextLine(text, i), line+1 {
		if at := skipBlanks(text, i); at < len(text) && text[at] == '#' {
			list = append(list, edit.Comment{Start: at, End: lineEnd(text, at), Line: line, Own: true})
		}
	}
	return list
}
