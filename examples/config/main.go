// Config keeps an application's settings and its users' preferences in one file
// that several processes change at once.
//
//	go run ./examples/config                                  a tour, in a temporary directory
//	go run ./examples/config app.toml get server.port         one value of your own file
//	go run ./examples/config app.toml set server.port 8080    and a change of it
//	go run ./examples/config -json app.toml get server        the same in JSON, for other programs
//	go run ./examples/config -json app.toml set tags '["a"]'
//	go run ./examples/config app.yaml visit ada 25            what the tour starts several of
//
// The file may be JSON, JSONC, YAML or TOML. A dot in a key leads into a table. A dot that belongs to a name is
// written \. (in single quotes, since a shell takes the backslash away):
//
//	go run ./examples/config settings.json get 'editor\.tabSize'    the value of {"editor.tabSize": 4}
//
// A value keeps its type: if a string is replaced, 1.20 is the string "1.20". If a number is replaced, a text that is no number is
// refused. A new value is a JSON number, true, false, null or "string". Any other text is a string. With -json the value is JSON,
// also a list or a table, and may have another type.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/holdfast-go/holdfast/errors"
)

const usage = `usage: config                               a tour, in a temporary directory
       config [-json] FILE get KEY          print one value, as in: get server.port
       config [-json] FILE set KEY VALUE    change one value
       config FILE visit USER TIMES         what the tour starts several of
A dot that belongs to a name is written \. in KEY. With -json values are printed and read as JSON.
`

var errUsage = errors.New("no such command")

func main() {
	switch err := run(os.Args[1:], os.Stdout); {
	case errors.Is(err, errUsage):
		fmt.Fprint(os.Stderr, usage)
		os.Exit(2)
	case err != nil:
		fmt.Fprintln(os.Stderr, "config:", err)
		os.Exit(1)
	}
}

func run(args []string, out io.Writer) error {
	if len(args) == 0 {
		return tour(out)
	}
	inJSON := args[0] == "-json"
	if inJSON {
		args = args[1:]
	}
	if len(args) < 3 {
		return errUsage
	}
	path, command, rest := args[0], args[1], args[2:]
	switch {
	case command == "get" && len(rest) == 1:
		return get(out, path, rest[0], inJSON)
	case command == "set" && len(rest) == 2 && inJSON:
		return set(path, rest[0], asJSON(rest[1]))
	case command == "set" && len(rest) == 2:
		return set(path, rest[0], sameType(rest[1]))
	case command == "visit" && len(rest) == 2 && !inJSON:
		times, err := strconv.Atoi(rest[1])
		if err != nil {
			return errUsage
		}
		return work(open(path), rest[0], times)
	}
	return errUsage
}
