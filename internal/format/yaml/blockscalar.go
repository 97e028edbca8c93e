package yaml

import (
	"slices"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"gopkg.in/yaml.v3"
)

// bodyLine is a line of a block scalar in the text.
type bodyLine struct {
	indent int
	text   string // behind the indent
}

// bodyOf gives the lines of a block scalar that are not blank. It gives none for any other node.
func (w *writer) bodyOf(n *edit.Node) []bodyLine {
	if n == nil || n.Kind != edit.Scalar || !dataOf(n).blockScalar() {
		return nil
	}
	var lines []bodyLine
	for i := dataOf(n).body; i < n.End; i = nextLine(w.text, i) {
		end := min(lineEnd(w.text, i), n.End)
		at := skipBlanks(w.text[:end], i)
		if at < end {
			lines = append(lines, bodyLine{at - i, string(w.text[at:end])})
		}
	}
	return lines
}

// paragraphs gives how a folded scalar is folded: the lines of each paragraph.
func (w *writer) paragraphs(n *edit.Node) [][]string {
	if n == nil || n.Kind != edit.Scalar || dataOf(n).style&yaml.FoldedStyle == 0 {
		return nil
	}
	var list [][]string
	open := false
	for i := dataOf(n).body; i < n.End; i = nextLine(w.text, i) {
		text := strings.TrimSpace(string(w.text[i:min(lineEnd(w.text, i), n.End)]))
		switch {
		case text == "":
			open = false
		case !open:
			list, open = append(list, []string{text}), true
		default:
			list[len(list)-1] = append(list[len(list)-1], text)
		}
	}
	return list
}

// blockLines gives the header and the lines of a block scalar, or false if the text can't be written as
// one. old are the folded paragraphs of the scalar that it replaces.
func blockLines(text string, folded bool, old [][]string) (header string, lines []string, ok bool) {
	body := strings.TrimSuffix(text, "\n")
	if body == "" || strings.HasSuffix(body, "\n") || body[0] == '\n' || body[0] == ' ' || body[0] == '\t' {
		return "", nil, false
	}
	lines = strings.Split(body, "\n")
	for _, l := range lines {
		if !oneLine(strings.ReplaceAll(l, "\t", "")) || l != "" && strings.TrimSpace(l) == "" {
			return "", nil, false
		}
	}
	header = "|"
	if folded && foldable(lines) {
		header, lines = ">", fold(lines, old)
	}
	if body == text {
		header += "-"
	}
	return header, lines, true
}

// foldable reports whether no line has an indent or trailing blanks. Lines with these are not folded.
func foldable(lines []string) bool {
	for _, l := range lines {
		if l == "" || strings.TrimSpace(l) != l {
			return false
		}
	}
	return true
}

// width is the column at which folded text is wrapped.
const width = 80

// fold wraps paragraphs at single spaces. An empty line then stands for a break. If a paragraph still
// begins or ends with lines of old, these lines stay.
func fold(paragraphs []string, old [][]string) []string {
	var out []string
	for i, text := range paragraphs {
		if i > 0 {
			out = append(out, "")
		}
		var was []string
		if len(old) == len(paragraphs) {
			was = old[i]
		}
		for _, lines := range old {
			if strings.Join(lines, " ") == text {
				was = lines
			}
		}
		out = append(out, refold(text, was)...)
	}
	return out
}

// refold wraps one paragraph that was folded into the lines old.
func refold(text string, old []string) []string {
	if strings.Join(old, " ") == text {
		return old
	}
	var head, tail []string
	for ; len(old) > 0 && strings.HasPrefix(text, old[0]+" "); old = old[1:] {
		head, text = append(head, old[0]), text[len(old[0])+1:]
	}
	for last := len(old) - 1; last >= 0 && strings.HasSuffix(text, " "+old[last]); last-- {
		tail, text = append(tail, old[last]), text[:len(text)-len(old[last])-1]
	}
	slices.Reverse(tail)
	if strings.TrimSpace(text) != text {
		return append(append(head, text), tail...) // the proof refuses this
	}
	return append(append(head, wrapped(text)...), tail...)
}

// wrapped breaks text into lines near the width.
func wrapped(text string) []string {
	var out []string
	for len(text) > width {
		at := wrapAt(text)
		if at < 0 {
			break
		}
		out, text = append(out, text[:at]), text[at+1:]
	}
	return append(out, text)
}

// wrapAt finds a space between two words, near the width.
func wrapAt(l string) int {
	fits := func(i int) bool {
		return l[i] == ' ' && l[i-1] != ' ' && l[i+1] != ' ' && !blank(l[i+1]) && !blank(l[i-1])
	}
	for i := width; i > 0; i-- {
		if fits(i) {
			return i
		}
	}
	for i := width + 1; i < len(l)-1; i++ {
		if fits(i) {
			return i
		}
	}
	return -1
}
