package codec_test

import (
	"fmt"
	"log"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

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
