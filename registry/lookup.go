package registry

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

// Lookup gives the codec for the file at path, by the last element of path. The file need not exist. If
// no registered extension fits, the error matches [errors.ErrUnknownFormat], lists the extensions and
// says which import or call would help.
func (r *Registry) Lookup(path string) (codec.Codec, error) {
	name := lastElement(path)
	table := r.entries()
	lower := strings.ToLower(name)
	// Dots at the beginning of the name are no part of an extension.
	_, ext, dotted := strings.Cut(strings.TrimLeft(lower, "."), ".")
	for dotted {
		if e, ok := table["."+ext]; ok {
			return e.codec, nil
		}
		_, ext, dotted = strings.Cut(ext, ".")
	}
	return nil, r.unknown(name, lower)
}

// lastElement gives the text after the last separator; it is "" for a directory "a/".
func lastElement(path string) string {
	path = path[len(filepath.VolumeName(path)):]
	start := len(path)
	for start > 0 && !os.IsPathSeparator(path[start-1]) {
		start--
	}
	name := path[start:]
	if runtime.GOOS == "windows" {
		name = strings.TrimRight(name, ". ")
	}
	return name
}

func (r *Registry) unknown(name, lower string) error {
	formats := "nothing is registered"
	if known := r.Formats(); len(known) > 0 {
		formats = "registered are " + strings.Join(known, " ")
	}
	return fmt.Errorf("%w: %s; %s", errors.ErrUnknownFormat, advice(name, lower), formats)
}

// advice says what the name lacks and which import or call would help.
func advice(name, lower string) string {
	const fixed = "choose a codec for this handle with safefile.WithCodec"
	at := strings.LastIndexByte(lower, '.')
	switch {
	case name == "":
		return "the path names no file"
	case !strings.Contains(strings.TrimLeft(lower, "."), "."):
		return fmt.Sprintf("%q has no extension; %s, such as codec.JSON() or codec.Text()", name, fixed)
	case at == len(lower)-1:
		return fmt.Sprintf("%q ends in a dot, which is no extension; rename it, or %s", name, fixed)
	}
	ext := lower[at:]
	call := fmt.Sprintf("registry.RegisterPair(%q, load, dump)", ext)
	if ext == ".gz" {
		call = gzipCall(lower[:at])
	}
	return fmt.Sprintf("%q ends in %s, which no imported package registered; import one that does, call %s, or %s", name, ext, call, fixed)
}

// gzipCall gives the call that registers the compressed form of a format.
func gzipCall(stem string) string {
	inner, constructor := ".json", "JSON"
	for ext, name := range map[string]string{".jsonc": "JSONC", ".yaml": "YAML", ".yml": "YAML", ".toml": "TOML", ".txt": "Text"} {
		if strings.HasSuffix(stem, ext) {
			inner, constructor = ext, name
		}
	}
	return fmt.Sprintf("registry.Register(%q, codec.Gzip(codec.%s()))", inner+".gz", constructor)
}
