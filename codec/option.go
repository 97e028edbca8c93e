package codec

import (
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/internal/format"
)

// Option changes how a built-in format loads or dumps. The documentation of each option says which formats
// it is for. A constructor panics if it gets an option for another format.
type Option interface{ apply(*settings) }

type option struct {
	name string
	set  func(*settings)
}

func (o option) apply(s *settings) { o.set(s) }

// settings are the values that the options of one codec set. They are comparable, so that two codecs with
// the same options are equal.
type settings struct {
	format       format.Settings
	rewrite      bool
	keepComments bool
	onEdit       *func(EditReport)
}

// AllowEmpty makes a blank file load as the zero value. It is for JSON and JSONC, where a blank file is an
// error otherwise. YAML and TOML accept the option; a blank file is always valid there.
func AllowEmpty() Option {
	return option{"AllowEmpty", func(s *settings) { s.format.AllowEmpty = true }}
}

// Indent sets the number of spaces per level. The default is 2. It is for JSON and JSONC (0 to 16; 0 writes
// everything on one line), YAML (2 to 9) and TOML (0 to 16).
func Indent(spaces int) Option {
	return option{"Indent", func(s *settings) { s.format.Indent = spaces }}
}

// Strict makes Load fail if the text has a key that the type has no field for. It is for JSON, JSONC, YAML
// and TOML.
func Strict() Option {
	return option{"Strict", func(s *settings) { s.format.Strict = true }}
}

// traits are the limits of a format for its options.
type traits struct {
	constructor          string // "codec.JSON": the name in panics
	format               string
	options              string // the names of the options that apply
	minIndent, maxIndent int
}

// treeOptions are the options of all formats except plain text.
const treeOptions = "AllowEmpty Indent Strict Rewrite KeepComments OnEdit"

func newSettings(t traits, opts []Option) settings {
	s := settings{format: format.Settings{Format: t.format, Indent: 2}}
	for _, given := range opts {
		o, ok := given.(option)
		if !ok {
			panic(t.constructor + ": nil option")
		}
		o.apply(&s)
		if !strings.Contains(t.options, o.name) {
			panic(fmt.Sprintf("%s: the option %s does not apply to this format", t.constructor, o.name))
		}
		if o.name == "Indent" && (s.format.Indent < t.minIndent || s.format.Indent > t.maxIndent) {
			panic(fmt.Sprintf("%s: Indent(%d) is not between %d and %d", t.constructor, s.format.Indent, t.minIndent, t.maxIndent))
		}
	}
	return s
}
