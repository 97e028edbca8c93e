package yamledit

import (
	"bytes"

	"github.com/holdfast-go/holdfast/internal/textedit"
)

// Compare reads two encodings. The blocks of lines below a key that are the same
// in both are not parsed: most of a large value does not change.
func (format) Compare(old, new []byte) (a, b *textedit.Node, err error) {
	if x, y := abridge(old, new); x != nil {
		if a, b, err = readBoth(x, y); err == nil {
			return a, b, nil
		}
	}
	return readBoth(old, new)
}

func readBoth(old, new []byte) (a, b *textedit.Node, err error) {
	if a, err = data(old); err == nil {
		b, err = data(new)
	}
	return a, b, err
}

func data(text []byte) (*textedit.Node, error) {
	root, err := parse(text)
	if err != nil {
		return nil, err
	}
	return read(text, root).Effective()
}

// same stands for lines that are left out.
var same = []byte(" " + textedit.TypeSame + "\n")

// abridge gives both texts with same for what is below a key in both. It gives
// nil where that might take an anchor away, or there is nothing to leave out.
func abridge(old, new []byte) (x, y []byte) {
	for _, text := range [][]byte{old, new} {
		if bytes.Contains(text, []byte(" &")) || bytes.Contains(text, []byte(textedit.TypeSame)) {
			return nil, nil
		}
	}
	before := make(map[string]*chunk)
	list, after := chunks(old), chunks(new)
	if list == nil || after == nil {
		return nil, nil
	}
	for _, c := range list {
		if before[string(c.key)] != nil {
			return nil, nil
		}
		before[string(c.key)] = c
	}
	for _, c := range after {
		if was := before[string(c.key)]; was != nil && c.opens() {
			if bytes.Equal(was.below, c.below) {
				was.below, c.below = nil, nil
				was.short, c.short = true, true
			} else if u, v := abridge(was.below, c.below); u != nil {
				was.below, c.below = u, v
			}
		}
		y = c.append(y)
	}
	for _, c := range list {
		x = c.append(x)
	}
	return x, y
}

// chunk is the line of a key and those below that belong to its value.
type chunk struct {
	key, below []byte
	short      bool
}

// opens reports whether the whole value is below the key.
func (c *chunk) opens() bool { return len(c.below) > 0 && bytes.HasSuffix(c.key, []byte(":\n")) }

func (c *chunk) append(to []byte) []byte {
	if c.short {
		return append(append(to, c.key[:len(c.key)-1]...), same...)
	}
	return append(append(to, c.key...), c.below...)
}

// chunks splits a block map at the lines of its keys. It gives nil for anything else.
func chunks(text []byte) []*chunk {
	var list []*chunk
	indent := len(text) - len(bytes.TrimLeft(text, " "))
	for at := 0; at < len(text); {
		line := text[at : at+bytes.IndexByte(text[at:], '\n')+1]
		if len(line) == 0 {
			return nil
		}
		at += len(line)
		body := bytes.TrimLeft(line, " ")
		switch c := body[0]; {
		case len(line)-len(body) == indent && (isWord(c) || c == '_'):
			list = append(list, &chunk{key: line, below: text[at:at]})
		case len(list) > 0 && (len(line)-len(body) > indent || c == '-' || c == '\n'):
			last := list[len(list)-1]
			last.below = last.below[:len(last.below)+len(line)]
		default:
			return nil
		}
	}
	return list
}
