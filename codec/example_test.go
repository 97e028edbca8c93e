package codec_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"log"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

func ExampleJSON() {
	var v map[string]any
	err := codec.JSON().Load(strings.NewReader(`{"id": 12345678901234567890}`), &v)
	fmt.Println(v["id"], err)
	err = codec.JSON().Load(strings.NewReader("{\n  \"id\": 1,\n}"), &v)
	fmt.Println(err)
	// Output:
	// 12345678901234567890 <nil>
	// not valid json, line 3, column 1: invalid character '}' looking for beginning of object key string
}

func ExampleJSONC() {
	var v map[string]int
	err := codec.JSONC().Load(strings.NewReader("{\n  // the usual port\n  \"port\": 80,\n}"), &v)
	fmt.Println(v, err)
	// Output: map[port:80] <nil>
}

func ExampleYAML() {
	type config struct {
		Name  string
		Hosts []string
	}
	fmt.Println(codec.YAML().Dump(os.Stdout, config{"web", []string{"a", "b"}}))
	var c config
	fmt.Println(codec.YAML(codec.Strict()).Load(strings.NewReader("name: web\nhost: a\n"), &c))
	// Output:
	// name: web
	// hosts:
	//   - a
	//   - b
	// <nil>
	// not valid yaml, line 2: field host not found in type codec_test.config
}

// A new file explains itself. Later the comments belong to the people who edit the file.
func ExampleYAML_comments() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)

	type Server struct {
		Port int    `yaml:"port" comment:"From 1 to 65535."`
		Cert string `yaml:"cert,omitempty" comment:"Path of the certificate.\nWithout it there is no encryption."`
	}
	type Config struct {
		Name   string `yaml:"name"`
		Server Server `yaml:"server" comment:"Where it listens."`
	}
	file := safefile.New[Config](filepath.Join(dir, "app.yaml"))
	if err := file.Write(Config{Name: "web", Server: Server{Port: 80}}); err != nil {
		log.Fatal(err)
	}
	text, err := file.ReadBytes()
	fmt.Printf("%s%v\n\n", text, err)

	// A person deletes one comment and changes another.
	os.WriteFile(file.Path(), []byte("name: web\nserver:\n  # The usual port.\n  port: 80\n"), 0o644)
	if err := file.Write(Config{Name: "web", Server: Server{Port: 443, Cert: "web.pem"}}); err != nil {
		log.Fatal(err)
	}
	text, err = file.ReadBytes()
	fmt.Printf("%s%v\n", text, err)
	// Output:
	// name: web
	// # Where it listens.
	// server:
	//   # From 1 to 65535.
	//   port: 80
	// <nil>
	//
	// name: web
	// server:
	//   # The usual port.
	//   port: 443
	//   # Path of the certificate.
	//   # Without it there is no encryption.
	//   cert: web.pem
	// <nil>
}

func ExampleTOML() {
	err := codec.TOML().Dump(os.Stdout, map[string]any{"name": "web", "proxy": nil})
	fmt.Println(errors.Is(err, errors.ErrEncode), err)
	// Output:
	// true can't be written as toml: map[string]interface {}: ["proxy"] is nil, which toml has no form for; leave it out or make it an empty value
}

// A CSV format in ten lines.
func ExamplePair() {
	table := codec.Pair(
		func(r io.Reader) ([][]string, error) { return csv.NewReader(r).ReadAll() },
		func(w io.Writer, rows [][]string) error { return csv.NewWriter(w).WriteAll(rows) })

	var rows [][]string
	fmt.Println(table.Load(strings.NewReader("name,age\nAda,36\n"), &rows), rows)
	fmt.Println(table.Dump(os.Stdout, append(rows, []string{"Grace", "85"})))
	var n int
	fmt.Println(table.Load(strings.NewReader("1"), &n))
	// Output:
	// <nil> [[name age] [Ada 36]]
	// name,age
	// Ada,36
	// Grace,85
	// <nil>
	// not valid [][]string: the codec loads a [][]string and the handle holds a int; make them the same, or the handle one of any
}

func ExampleGzip() {
	packed := codec.Gzip(codec.JSON())
	var file strings.Builder
	fmt.Println(packed.Dump(&file, map[string]string{"text": strings.Repeat("abc", 1000)}))
	fmt.Println(file.Len() < 100)
	var v map[string]string
	fmt.Println(packed.Load(strings.NewReader(file.String()), &v), len(v["text"]))
	// Output:
	// <nil>
	// true
	// <nil> 3000
}

func ExampleValidate() {
	type config struct{ Port int }
	checked := codec.Validate(codec.YAML(), func(c config) error {
		if c.Port < 1 || c.Port > 65535 {
			return fmt.Errorf("port %d is not between 1 and 65535", c.Port)
		}
		return nil
	})
	var c config
	fmt.Println(checked.Load(strings.NewReader("port: 99999"), &c))
	fmt.Println(checked.Dump(os.Stdout, config{Port: 0}))
	// Output:
	// not valid codec_test.config: port 99999 is not between 1 and 65535
	// can't be written as codec_test.config: port 0 is not between 1 and 65535
}

// With KeepComments a write fails rather than lose a comment.
func ExampleKeepComments() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app.yaml")
	os.WriteFile(path, []byte("# The address that clients use.\nserver:\n  host: example.com # the public name\n"), 0o644)

	app := safefile.New[map[string]any](path, safefile.WithCodec(codec.YAML(codec.KeepComments())))
	fmt.Println(app.Write(map[string]any{"server": map[string]any{"host": "example.org"}}))
	text, err := app.ReadBytes()
	fmt.Printf("%s%v\n", text, err)

	// No edit of this text can hold a list, so the comments would go.
	list := safefile.New[[]string](path, safefile.WithCodec(codec.YAML(codec.KeepComments())))
	fmt.Println(errors.Is(list.Write([]string{"example.net"}), errors.ErrEncode))
	// Output:
	// <nil>
	// # The address that clients use.
	// server:
	//   host: example.org # the public name
	// <nil>
	// true
}

// The function given to OnEdit learns how each write changed the text.
func ExampleOnEdit() {
	dir, err := os.MkdirTemp("", "example")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "app.yaml")
	os.WriteFile(path, []byte("# The usual ports.\nhttp: 80 # plain\n"), 0o644)

	report := func(r codec.EditReport) {
		fmt.Println(r.How, r.Lost, r.How == codec.EditReplaced)
	}
	reporting := safefile.WithCodec(codec.YAML(codec.OnEdit(report)))
	if err := safefile.New[map[string]int](path, reporting).Write(map[string]int{"http": 8080}); err != nil {
		log.Fatal(err)
	}
	// The text does not decode into a list, so it can't be edited.
	if err := safefile.New[[]int](path, reporting).Write([]int{8080}); err != nil {
		log.Fatal(err)
	}
	// Output:
	// spliced [] false
	// replaced [1 2] true
}
