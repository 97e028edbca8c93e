package yaml

import (
	"bytes"
	"math"
	"strconv"
	"strings"
	"time"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

const styles = yaml.DoubleQuotedStyle | yaml.SingleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// isEmpty reports whether a value has no text of its own: a plain scalar has at least one character.
func isEmpty(y *yaml.Node) bool {
	return y.Kind == yaml.ScalarNode && y.Value == "" && y.Style&styles == 0
}

// ownTag gives the tag of a collection in the text, if it is not the tag of all maps or lists.
func ownTag(y *yaml.Node) string {
	if tag := y.ShortTag(); y.Style&yaml.TaggedStyle != 0 && tag != "!!map" && tag != "!!seq" {
		return tag
	}
	return ""
}

// meaning gives a scalar's resolved type, its canonical value and its spelling.
func meaning(y *yaml.Node) (typ, value, text string) {
	typ = y.ShortTag()
	switch typ {
	case edit.TypeNull:
		return typ, "null", y.Value
	case edit.TypeBool:
		return typ, strings.ToLower(y.Value), y.Value
	case edit.TypeInt, edit.TypeFloat:
		return typ, number(y.Value), y.Value
	case edit.TypeTime:
		return typ, moment(y.Value), y.Value
	}
	return typ, y.Value, y.Value
}

// moment gives the full form of a time. yaml.v3 reads several forms.
func moment(text string) string {
	for _, layout := range []string{"2006-1-2", "2006-1-2T15:4:5.999999999Z07:00", "2006-1-2t15:4:5.999999999Z07:00", "2006-1-2 15:4:5.999999999"} {
		if t, err := time.Parse(layout, text); err == nil {
			return t.Format(time.RFC3339Nano)
		}
	}
	return text
}

// number gives the shortest decimal form of a number that yaml.v3 reads.
func number(text string) string {
	plain := strings.ReplaceAll(text, "_", "")
	if i, err := strconv.ParseInt(plain, 0, 64); err == nil {
		return strconv.FormatInt(i, 10)
	}
	if u, err := strconv.ParseUint(plain, 0, 64); err == nil {
		return strconv.FormatUint(u, 10)
	}
	if f, err := strconv.ParseFloat(plain, 64); err == nil && !math.IsInf(f, 0) {
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return strings.ToLower(plain)
}

// scalar passes the text of a scalar.
func (s *scanner) scalar(y *yaml.Node, p *nodeData, column int) {
	switch {
	case y.Style&yaml.DoubleQuotedStyle != 0:
		s.layout.quotes[yaml.DoubleQuotedStyle]++
		s.doubleQuoted()
	case y.Style&yaml.SingleQuotedStyle != 0:
		s.layout.quotes[yaml.SingleQuotedStyle]++
		s.singleQuoted()
	case p.blockScalar():
		s.block(p, column)
	case y.Value != "":
		s.plain(y.Value)
	}
}

func (s *scanner) doubleQuoted() {
	if !s.peek('"') {
		s.fail()
	}
	for s.pos++; s.pos < len(s.text) && s.text[s.pos] != '"'; s.pos++ {
		if s.text[s.pos] == '\\' {
			s.pos++
		}
	}
	s.pos = min(s.pos+1, len(s.text))
}

func (s *scanner) singleQuoted() {
	if !s.peek('\'') {
		s.fail()
	}
	for s.pos++; s.pos < len(s.text); s.pos++ {
		if s.text[s.pos] != '\'' {
			continue
		}
		if s.pos++; !s.peek('\'') {
			return
		}
	}
	s.fail()
}

// plain passes text that folds to value. One break becomes a space, and n more breaks become n breaks.
func (s *scanner) plain(value string) {
	for i := 0; i < len(value); {
		if s.pos >= len(s.text) {
			s.fail()
			return
		}
		end := skipBlanks(s.text, s.pos)
		if breakAt(s.text, end) == 0 {
			if s.text[s.pos] != value[i] {
				s.fail()
				return
			}
			s.pos, i = s.pos+1, i+1
			continue
		}
		folded := s.fold(end)
		if !strings.HasPrefix(value[i:], folded) {
			s.fail()
			return
		}
		i += len(folded)
	}
}

// fold passes the breaks from i on and gives the folded text for them.
func (s *scanner) fold(i int) string {
	var breaks []string
	for n := breakAt(s.text, i); n > 0; n = breakAt(s.text, i) {
		b := string(s.text[i : i+n])
		if n < 3 {
			b = "\n"
		}
		breaks = append(breaks, b)
		i = skipBlanks(s.text, i+n)
	}
	s.pos = i
	switch {
	case breaks[0] != "\n":
		return strings.Join(breaks, "")
	case len(breaks) == 1:
		return " "
	}
	return strings.Join(breaks[1:], "")
}

// block passes a block scalar. Its end is the end of its last line with text. Empty lines after that
// belong to it only if they are kept.
func (s *scanner) block(p *nodeData, column int) {
	if s.pos++; s.pos > len(s.text) {
		s.fail()
		return
	}
	explicit, keep := 0, false
	for ; s.pos < len(s.text) && (s.peek('+') || s.peek('-') || isDigit(s.text[s.pos])); s.pos++ {
		switch c := s.text[s.pos]; c {
		case '+':
			keep = true
		case '-':
		default:
			explicit = int(c - '0')
		}
	}
	p.header = s.pos
	last := s.pos
	if s.pos = skipBlanks(s.text, s.pos); s.peek('#') {
		s.comment()
	}
	s.pos = nextLine(s.text, s.pos)
	p.body = s.pos
	indent := max(column, 0) + explicit
	if explicit == 0 {
		indent = s.detect(column)
	}
	s.pos = s.lines(last, indent, keep)
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

// detect gives the indent of a block scalar without an indentation indicator.
func (s *scanner) detect(column int) int {
	indent := max(column+1, 1)
	for i := s.pos; i < len(s.text); i = nextLine(s.text, i) {
		line := s.text[i:lineEnd(s.text, i)]
		spaces := len(line) - len(bytes.TrimLeft(line, " "))
		indent = max(indent, spaces)
		if spaces < len(line) {
			break
		}
	}
	return indent
}

// lines gives the end of the text in the lines from pos on that are indented enough.
func (s *scanner) lines(last, indent int, keep bool) int {
	for i := s.pos; i < len(s.text); i = nextLine(s.text, i) {
		at, end := i, lineEnd(s.text, i)
		for at < end && at-i < indent && s.text[at] == ' ' {
			at++
		}
		if at < end && at-i < indent {
			break
		}
		if at < end || keep && (end < len(s.text) || end > i) {
			last = end
		}
	}
	return last
}
