package codec_test

import (
	"encoding/csv"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
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
