package yaml

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"gopkg.in/yaml.v3"
)

// services is a text of about seven lines for each of n services.
func services(n int) []byte {
	var b bytes.Buffer
	b.WriteString("# services of the site\nservices:\n")
	for i := range n {
		fmt.Fprintf(&b, "  # service %d\n  service%d:\n    image: \"registry.example/app:%d\"\n    replicas: %d # as many as there are nodes\n    ports:\n      - %d\n      - 8443\n\n", i, i, i, i, 1000+i)
	}
	return b.Bytes()
}

type site struct {
	Services map[string]service `yaml:"services"`
}

type service struct {
	Image    string `yaml:"image"`
	Replicas int    `yaml:"replicas"`
	Ports    []int  `yaml:"ports"`
}

// change gives a text, its encoding, and that with n values set.
func change(tb testing.TB, size, n int) (text, old, new []byte) {
	text = services(size)
	var v site
	testkit.Must(tb, yaml.Unmarshal(text, &v))
	old, _ = yaml.Marshal(v)
	for i := range n {
		name := fmt.Sprintf("service%d", i*size/n)
		s := v.Services[name]
		s.Replicas = 100000 + i
		v.Services[name] = s
	}
	new, _ = yaml.Marshal(v)
	return text, old, new
}

func benchmark(b *testing.B, size, n int) {
	text, old, new := change(b, size, n)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		if _, _, err := edit.Edit(Grammar, text, old, new, edit.Options{}); err != nil {
			b.Fatal(err)
		}
	}
}

func BenchmarkEdit200Lines(b *testing.B)      { benchmark(b, 25, 1) }
func BenchmarkEdit200Lines20Ops(b *testing.B) { benchmark(b, 25, 20) }
func BenchmarkEdit128KiB(b *testing.B)        { benchmark(b, 820, 1) }
func BenchmarkEdit1MiB(b *testing.B)          { benchmark(b, 6600, 1) }
