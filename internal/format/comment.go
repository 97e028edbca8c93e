package format

import (
	"reflect"
	"strings"
	"sync"
	"unicode"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// commentTag is the struct tag with the comment of a field.
const commentTag = "comment"

// comments gives the comments of a type's fields. It is nil if the type or the format has none.
func (f Format) comments(t reflect.Type) edit.Comments {
	if f.CommentTag == "" || t == nil {
		return nil
	}
	return commentsIn(t, f.CommentTag)
}

// Comments reports whether Annotate may change the encoding of a value of type t.
func (f Format) Comments(t reflect.Type) bool { return f.comments(t) != nil }

// Annotate gives the text of a new file: enc, the encoding of a value of type t, with the comments of
// the type's fields.
func (f Format) Annotate(enc []byte, t reflect.Type) []byte { return f.annotate(nil, enc, t) }

// annotate is edit.Annotate with the comments of type t.
func (f Format) annotate(old, text []byte, t reflect.Type) []byte {
	if c := f.comments(t); c != nil {
		return edit.Annotate(f.Grammar, old, text, c)
	}
	return text
}

// typeComments are the comments of a type that has some.
type typeComments struct {
	t   reflect.Type // no pointer
	tag string       // that names fields
}

func commentsIn(t reflect.Type, tag string) edit.Comments {
	if !hasComments.Of(t) {
		return nil
	}
	for t.Kind() == reflect.Pointer {
		t = t.Elem()
	}
	return typeComments{t, tag}
}

// hasComments asks for types with a comment in a tag. The keys of a type that encodes itself are not known.
var hasComments = Question{
	Here: func(t reflect.Type) bool {
		if t.Kind() != reflect.Struct || EncodesItself(t) {
			return false
		}
		for i := range t.NumField() {
			if t.Field(i).Tag.Get(commentTag) != "" {
				return true
			}
		}
		return false
	},
	Opaque: EncodesItself,
}

// Key is of [edit.Comments].
func (c typeComments) Key(key string) (comment string, inside edit.Comments) {
	switch c.t.Kind() {
	case reflect.Map:
		return "", commentsIn(c.t.Elem(), c.tag)
	case reflect.Struct:
		all := commentedFields(c.t, c.tag)
		f, ok := all.named[key]
		if !ok && c.tag != "yaml" { // which alone tells keys apart by their case
			f, ok = all.folded[strings.ToLower(key)]
		}
		switch {
		case ok:
			return f.comment, commentsIn(f.t, c.tag)
		case all.rest != nil:
			return "", commentsIn(all.rest, c.tag)
		}
	}
	return "", nil
}

// Element is of [edit.Comments].
func (c typeComments) Element() edit.Comments {
	if c.t.Kind() == reflect.Slice || c.t.Kind() == reflect.Array {
		return commentsIn(c.t.Elem(), c.tag)
	}
	return nil
}

// commentedField is the field of one key.
type commentedField struct {
	t       reflect.Type
	comment string
}

// keyTable has the fields of a struct by the keys that the encoder writes.
type keyTable struct {
	named, folded map[string]commentedField
	rest          reflect.Type // the type of the values of all other keys, if YAML inlines a map; or nil
}

var keyTables sync.Map // tagged → *keyTable

func commentedFields(t reflect.Type, tag string) *keyTable {
	if known, ok := keyTables.Load(tagged{t, tag}); ok {
		return known.(*keyTable)
	}
	k := &keyTable{named: map[string]commentedField{}, folded: map[string]commentedField{}}
	k.add(t, tag, map[reflect.Type]bool{})
	keyTables.Store(tagged{t, tag}, k)
	return k
}

// add adds the fields of a struct, and then the fields of its embedded structs.
func (k *keyTable) add(t reflect.Type, tag string, seen map[reflect.Type]bool) {
	if seen[t] {
		return
	}
	seen[t] = true
	var parts []reflect.Type
	for i := range t.NumField() {
		f := t.Field(i)
		name, inline := keyOf(f, tag)
		inner := f.Type
		if inner.Kind() == reflect.Pointer {
			inner = inner.Elem()
		}
		switch {
		case inline && inner.Kind() == reflect.Struct:
			parts = append(parts, inner)
		case inline && inner.Kind() == reflect.Map:
			k.rest = inner.Elem()
		case name != "":
			k.put(name, commentedField{f.Type, harmlessComment(f.Tag.Get(commentTag))})
		}
	}
	for _, part := range parts {
		k.add(part, tag, seen)
	}
}

func (k *keyTable) put(name string, f commentedField) {
	if _, known := k.named[name]; !known {
		k.named[name] = f
	}
	if _, known := k.folded[strings.ToLower(name)]; !known {
		k.folded[strings.ToLower(name)] = f
	}
}

// keyOf gives the key of a field. The key is empty if the encoder leaves the field out. inline reports
// whether the encoder writes the fields of the value in place of the field.
func keyOf(f reflect.StructField, tag string) (name string, inline bool) {
	text := f.Tag.Get(tag)
	name, flags, _ := strings.Cut(text, ",")
	switch {
	case text == "-" || !f.IsExported() && !f.Anonymous:
		return "", false
	case tag == "yaml":
		inline = strings.Contains(","+flags+",", ",inline,")
		if name == "" {
			name = strings.ToLower(f.Name)
		}
	default:
		inline = f.Anonymous && name == ""
		if name == "" {
			name = f.Name
		}
	}
	return name, inline
}

// harmlessComment replaces control characters, which could end the line of a comment, by blanks. It keeps \n.
func harmlessComment(text string) string {
	text = strings.ReplaceAll(text, "\r\n", "\n")
	text = strings.Map(func(r rune) rune {
		if r == '\n' || unicode.IsGraphic(r) && r != unicode.ReplacementChar {
			return r
		}
		return ' '
	}, text)
	return strings.TrimRight(text, " \n")
}
