package codec_test

import (
	"bytes"
	"fmt"
	"io"
	"reflect"
	"regexp"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/format"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// services is a commented configuration of eight lines for each of n services,
// in one of the formats.
func services(format string, n int) []byte {
	var b bytes.Buffer
	one := map[string]string{
		"YAML": "  # service %[1]d\n  service%[1]d:\n    image: \"registry.example/app:%[1]d\"\n    replicas: %[1]d # as many as there are nodes\n    ports:\n      - %[2]d\n      - 8443\n\n",
		"TOML": "# service %[1]d\n[services.service%[1]d]\nimage = \"registry.example/app:%[1]d\"\nreplicas = %[1]d # as many as there are nodes\nports = [\n  %[2]d,\n  8443,\n]\n",
		"JSON": "    \"service%[1]d\": {\n      \"image\": \"registry.example/app:%[1]d\",\n      \"replicas\": %[1]d,\n      \"ports\": [\n        %[2]d,\n        8443\n      ]\n    }",
	}[format]
	b.WriteString(map[string]string{"YAML": "# the services of the site\nservices:\n", "JSON": "{\n  \"services\": {\n"}[format])
	for i := range n {
		if i > 0 && format == "JSON" {
			b.WriteString(",\n")
		}
		fmt.Fprintf(&b, one, i, 1000+i)
	}
	if format == "JSON" {
		b.WriteString("\n  }\n}\n")
	}
	return b.Bytes()
}

type cluster struct {
	Services map[string]struct {
		Image    string `yaml:"image" toml:"image" json:"image"`
		Replicas int    `yaml:"replicas" toml:"replicas" json:"replicas"`
		Ports    []int  `yaml:"ports" toml:"ports" json:"ports"`
	} `yaml:"services" toml:"services" json:"services"`
}

var editors = map[string]codec.Editor{
	"YAML": codec.YAML().(codec.Editor), "TOML": codec.TOML().(codec.Editor), "JSON": codec.JSON().(codec.Editor),
}

// benchmarkEdit sets one value in a text of an editor's format, proof included.
func benchmarkEdit[T any](b *testing.B, c codec.Editor, text []byte, change func(T)) {
	var v T
	testkit.Must(b, c.Load(bytes.NewReader(text), &v))
	change(v)
	enc, err := dumped(c, v)
	testkit.Must(b, err)
	b.SetBytes(int64(len(text)))
	b.ReportAllocs()
	for b.Loop() {
		o, err := c.(format.OriginalLoader).LoadOriginal(text, 0, new(T), nil)
		testkit.Must(b, err)
		testkit.Must(b, o.Edit(io.Discard, []byte(enc), reflect.TypeFor[T]()))
	}
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N*len(text)), "ns/B")
}

func scale(v cluster) {
	one := v.Services["service7"]
	one.Replicas = 4711
	v.Services["service7"] = one
}

// sites is YAML of n maps with a hundred services each.
func sites(n int) []byte {
	site := regexp.MustCompile("(?m)^.").ReplaceAll(services("YAML", 100), []byte("  $0"))
	var b bytes.Buffer
	for i := range n {
		fmt.Fprintf(&b, "site%d:\n%s", i, site)
	}
	return b.Bytes()
}

// BenchmarkEdit is what a commit of one changed value costs but for the disk. That
// the time is linear in the size shows in ns/B; with thousands of keys in one map
// it shows that yaml.v3 compares each of them with each when it decodes:
//
//	go test -run '^$' -bench Edit ./codec
func BenchmarkEdit(b *testing.B) {
	for _, format := range []string{"YAML", "TOML", "JSON"} {
		b.Run(format+"/200 lines", func(b *testing.B) { benchmarkEdit(b, editors[format], services(format, 25), scale) })
	}
	for _, kib := range []int{64, 256, 1024} {
		b.Run(fmt.Sprintf("YAML/%d KiB", kib), func(b *testing.B) {
			benchmarkEdit(b, editors["YAML"], services("YAML", kib*1024/155), scale)
		})
	}
	for _, kib := range []int{64, 256, 1024} {
		b.Run(fmt.Sprintf("YAML/%d KiB in maps of 100 keys", kib), func(b *testing.B) {
			benchmarkEdit(b, editors["YAML"], sites(kib*1024/16000), func(v map[string]cluster) { scale(v["site0"]) })
		})
	}
}
