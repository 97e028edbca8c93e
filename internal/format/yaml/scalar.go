package yaml

import (
	"fmt"
	"regexp"
	"strings"
	"unicode/utf8"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// inline renders a scalar on one line. wish is the quoting of a string; 0 means no quotes if none are
// needed.
func inline(n *edit.Node, wish yaml.Style, flow bool) string {
	if n.Type == edit.TypeString {
		return quote(n.Value, wish, flow)
	}
	text := n.Text
	if n.Type == edit.TypeNull && text == "" {
		text = "null"
	}
	if resolved(text) == n.Type && plainSafe(text, flow) {
		return text
	}
	return tagText(n.Type) + " " + quote(text, wish, flow)
}

// resolved gives the type of a plain scalar.
func resolved(text string) string {
	return (&yaml.Node{Kind: yaml.ScalarNode, Value: text}).ShortTag()
}

// tagText gives the text of a tag.
func tagText(tag string) string {
	if strings.HasPrefix(tag, "!") {
		return tag
	}
	return "!<" + tag + ">"
}

func quote(text string, wish yaml.Style, flow bool) string {
	switch {
	case wish&yaml.DoubleQuotedStyle == 0 && wish&yaml.SingleQuotedStyle == 0 && plainString(text, flow):
		return text
	case wish&yaml.DoubleQuotedStyle == 0 && oneLine(text):
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return doubleQuoted(text)
}

// oneLine reports whether text can be written in single quotes.
func oneLine(text string) bool {
	for _, r := range text {
		if r == '\t' || !printable(r) {
			return false
		}
	}
	return utf8.ValidString(text)
}

// printable reports whether r needs no escape in YAML, and no editor breaks the line at it.
func printable(r rune) bool {
	switch {
	case r < ' ', r >= 0x7F && r < 0xA0, r == 0x2028, r == 0x2029, r == 0xFEFF, r == utf8.RuneError, r == 0xFFFE, r == 0xFFFF:
		return false
	}
	return true
}

var sexagesimal = regexp.MustCompile(`^[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?$`)

// plainString reports whether text without quotes is read as this string, by
// readers of YAML 1.1 too.
func plainString(text string, flow bool) bool {
	switch text {
	case "y", "Y", "yes", "Yes", "YES", "on", "On", "ON", "n", "N", "no", "No", "NO", "off", "Off", "OFF", "<<", "=":
		return false
	}
	return plainSafe(text, flow) && resolved(text) == edit.TypeString && !sexagesimal.MatchString(text)
}

// plainSafe reports whether text without quotes is one plain scalar at every position.
func plainSafe(text string, flow bool) bool {
	if text == "" || !oneLine(text) || strings.TrimSpace(text) != text || strings.HasPrefix(text, "---") || strings.HasPrefix(text, "...") {
		return false
	}
	if first := text[0]; strings.IndexByte(",[]{}#&*!|>'\"%@`", first) >= 0 {
		return false
	} else if strings.IndexByte("-?:", first) >= 0 && (flow || len(text) == 1 || text[1] == ' ') {
		return flow && first == '-' && len(text) > 1 && isWord(text[1])
	}
	if strings.Contains(text, ": ") || strings.Contains(text, " #") || strings.HasSuffix(text, ":") {
		return false
	}
	return !flow || !strings.ContainsAny(text, ",[]{}") && !strings.Contains(text, ":")
}

// doubleQuoted renders any text on one line. Printable characters are not escaped.
func doubleQuoted(text string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range text {
		switch {
		case r == '"' || r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '\n':
			b.WriteString(`\n`)
		case r == '\t':
			b.WriteString(`\t`)
		case r == '\r':
			b.WriteString(`\r`)
		case printable(r):
			b.WriteRune(r)
		case r < 0x100:
			fmt.Fprintf(&b, `\x%02X`, r)
		default:
			fmt.Fprintf(&b, `\u%04X`, r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
