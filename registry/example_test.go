package registry_test

import (
	"fmt"
	"strings"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/registry"
)

func ExampleRegister() {
	registry.Register(".users.json", codec.Validate(codec.JSON(), func(names []string) error {
		if len(names) == 0 {
			return errors.New("there must be a user")
		}
		return nil
	}))
	c, _ := registry.Lookup("team.users.json")
	var names []string
	fmt.Println(c.Load(strings.NewReader(`[]`), &names))
	// Output:
	// not valid []string: there must be a user
}

func ExampleRegistry() {
	r := registry.New()
	r.Register("json.gz", codec.Gzip(codec.JSON()))
	fmt.Println(r.Formats())
	fmt.Println(r.Source("json"))
	_, err := r.Lookup("notes.ini")
	fmt.Println(errors.Is(err, errors.ErrUnknownFormat))
	// Output:
	// [.json .json.gz .jsonc .toml .txt .yaml .yml]
	// github.com/holdfast-go/holdfast/codec
	// true
}
