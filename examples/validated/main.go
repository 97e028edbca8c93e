// Validated keeps a file of users that always obeys a schema: each user has a positive id, a name and an email address.
//
//	go run ./examples/validated        in a temporary directory
//	go run ./examples/validated DIR    in yours, where users.users.json is replaced and stays
//
// Look at register and check: the rules are one function. [codec.Validate] calls it before each write and after each read, for all
// handles whose file ends in .users.json. A refused write leaves the file as it was, and a refused file stays as it is.
package main

import (
	"fmt"
	"io"
	"net/mail"
	"os"
	"path/filepath"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
)

type document struct {
	Users []user `json:"users"`
}

type user struct {
	ID    int    `json:"id"`
	Name  string `json:"name"`
	Email string `json:"email"`
}

// register makes .users.json a format of its own. The longest ending wins, so other .json files are not checked.
func register() {
	registry.Register(".users.json", codec.Validate(codec.JSON(), check))
}

// violation is a rule that a document breaks. [errors.As] finds it in the error of Read, Write and Update.
type violation struct{ Field, Rule string }

func (v *violation) Error() string { return v.Field + " " + v.Rule }

// check is the schema. The types of the fields are checked by the codec.
func check(d document) error {
	if d.Users == nil {
		return &violation{"users", "is missing"}
	}
	for i, u := range d.Users {
		field := func(name string) string { return fmt.Sprintf("users[%d].%s", i, name) }
		switch {
		case u.ID < 1:
			return &violation{field("id"), "must be a positive number"}
		case u.Name == "":
			return &violation{field("name"), "is missing"}
		case !isEmail(u.Email):
			return &violation{field("email"), fmt.Sprintf("is no email address: %q", u.Email)}
		}
	}
	return nil
}

// isEmail takes a bare address, and not "Ada <ada@example.com>".
func isEmail(text string) bool {
	address, err := mail.ParseAddress(text)
	return err == nil && address.Address == text
}

func main() {
	register()
	dir, remove, err := directory(os.Args[1:])
	if err == nil {
		err = errors.Join(run(filepath.Join(dir, "users.users.json"), os.Stdout), remove())
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "validated:", err)
		os.Exit(1)
	}
}

func directory(args []string) (dir string, remove func() error, err error) {
	if len(args) > 0 {
		return args[0], func() error { return nil }, nil
	}
	dir, err = os.MkdirTemp("", "validated")
	return dir, func() error { return os.RemoveAll(dir) }, err
}

func run(path string, out io.Writer) error {
	file := lockedfile.New[document](path)
	good := document{[]user{{1, "Alice", "alice@example.com"}, {2, "Bob", "bob@example.com"}}}
	if err := file.Write(good); err != nil {
		return err
	}
	fmt.Fprintln(out, "== written: two users that obey the schema")
	if err := show(out, file); err != nil {
		return err
	}

	fmt.Fprintln(out, "== refused before writing: a user without an email address")
	explain(out, file.Update(func(d *document) error {
		d.Users = append(d.Users, user{ID: 3, Name: "Carol"})
		return nil
	}))
	if err := show(out, file); err != nil {
		return err
	}

	for _, edit := range []struct{ what, text string }{
		{"an email address that is none", `{"users": [{"id": 1, "name": "Alice", "email": "alice at home"}]}` + "\n"},
		{"an id of another type", `{"users": [{"id": "not_a_number", "name": "Alice"}]}` + "\n"},
		{"no users", "{}\n"},
	} {
		fmt.Fprintf(out, "== refused after loading: an editor has saved %s\n", edit.what)
		if err := os.WriteFile(path, []byte(edit.text), 0o644); err != nil {
			return err
		}
		_, err := file.Read()
		explain(out, err)
	}

	fmt.Fprintln(out, "== mended: the two users again")
	if err := file.Write(good); err != nil {
		return err
	}
	return show(out, file)
}

// explain says what a program can tell its user.
func explain(out io.Writer, err error) {
	var broken *violation
	var invalid *errors.DecodeError
	switch {
	case errors.As(err, &broken) && errors.Is(err, errors.ErrEncode):
		fmt.Fprintf(out, "not written, since %s %s\n", broken.Field, broken.Rule)
	case errors.As(err, &broken):
		fmt.Fprintf(out, "not used, since %s %s\n", broken.Field, broken.Rule)
	case errors.As(err, &invalid):
		fmt.Fprintf(out, "not used, since the text is %v\n", invalid)
	default:
		fmt.Fprintf(out, "unexpected: %v\n", err)
	}
}

func show(out io.Writer, file *lockedfile.LockedFile[document]) error {
	text, err := file.ReadBytes()
	if err == nil {
		_, err = fmt.Fprintf(out, "%s", text)
	}
	return err
}
