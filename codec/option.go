package codec

import (
	"fmt"
	"strings"
)

// Option changes how a built-in format loads or dumps. Each option names the
// formats it applies to; given to another, the constructor panics.
type Option interface{ apply(*settings) }

type option struct {
	name string
	set  func(*settings)
}

func (o option) apply(s *settings) { o.set(s) }

// settings is what the options of one codec come to. It is comparable, so that
// two codecs with the same options are equal, and their values share a form.
type settings struct {
	format       string // "json", …: the name in errors
	allowEmpty   bool
	strict       bool
	indent       int
	rewrite      bool
	keepComments bool
	onEdit       *func(EditReport)
}

// AllowEmpty makes a blank file load as the zero value instead of being an
// error. It is for JSON and JSONC, where no document is blank, so that a blank
// file is most often what a crash left of a full one. YAML and TOML take the
// option too, though a blank file is valid there and loads so anyway.
func AllowEmpty() Option {
	return option{"AllowEmpty", func(s *settings) { s.allowEmpty = true }}
}

// Indent sets how many spaces each level is indented by; the default is 2. It
// is for JSON and JSONC (0 to 16, where 0 writes all on one line), YAML (2 to
// 9) and TOML (0 to 16).
func Indent(spaces int) Option {
	return option{"Indent", func(s *settings) { s.indent = spaces }}
}

// Strict makes a key that the type has no field for an error on load. It is for
// JSON, JSONC, YAML and TOML.
func Strict() Option {
	return option{"Strict", func(s *settings) { s.strict = true }}
}

// traits is what a format allows its options to be.
type traits struct {
	constructor          string // "codec.JSON": the name in panics
	format               string
	options              string // the names of those that apply
	minIndent, maxIndent int
}

// treeOptions are what all formats but plain text take.
const treeOptions = "AllowEmpty Indent Strict Rewrite KeepComments OnEdit"

func newSettings(t traits, opts []Option) settings {
	s := settings{format: t.format, indent: 2}
	for _, given := range opts {
		o, ok := given.(option)
		if !ok {
			panic(t.constructor + ": nil option")
		}
		o.apply(&s)
		if !strings.Contains(t.options, o.name) {
			panic(fmt.Sprintf("%s: the option %s does not apply to this format", t.constructor, o.name))
		}
		if o.name == "Indent" && (s.indent < t.minIndent || s.indent > t.maxIndent) {
			panic(fmt.Sprintf("%s: Indent(%d) is not between %d and %d", t.constructor, s.indent, t.minIndent, t.maxIndent))
		}
	}
	return s
}
