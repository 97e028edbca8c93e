package codec_test

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// BenchmarkLoadJSON compares with what a program would write without the
// library: "direct" is os.ReadFile and json.Unmarshal, "codec" is os.ReadFile
// and Load.
func BenchmarkLoadJSON(b *testing.B) {
	for _, n := range []int{1, 100, 10000} {
		list := make([]backend, n)
		for i := range list {
			list[i] = backend{Host: fmt.Sprintf("host-%d.example.com", i), Weight: uint8(i)}
		}
		text, err := json.MarshalIndent(list, "", "  ")
		testkit.Must(b, err)
		path := filepath.Join(b.TempDir(), "a.json")
		testkit.Must(b, os.WriteFile(path, text, 0o600))
		run := func(name string, load func([]byte, any) error, v func() any) {
			b.Run(fmt.Sprintf("%s/%d", name, n), func(b *testing.B) {
				b.SetBytes(int64(len(text)))
				for b.Loop() {
					data, err := os.ReadFile(path)
					testkit.Must(b, err)
					testkit.Must(b, load(data, v()))
				}
			})
		}
		c := codec.JSON()
		viaCodec := func(data []byte, v any) error { return c.Load(codec.NewSource(data, 0), v) }
		run("struct-direct", json.Unmarshal, func() any { return new([]backend) })
		run("struct-codec", viaCodec, func() any { return new([]backend) })
		run("any-direct", json.Unmarshal, func() any { return new(any) })
		run("any-codec", viaCodec, func() any { return new(any) })
	}
}
