// Config keeps an application's settings and its users' preferences in one file
// that several processes change at once.
//
//	go run ./examples/config                                  a tour, in a temporary directory
//	go run ./examples/config app.toml get server.port         one value of your own file
//	go run ./examples/config app.toml set server.port 8080    and a change of it
//	go run ./examples/config app.yaml visit ada 25            what the tour starts several of
//
// The file may be JSON, JSONC, YAML or TOML. A dot in a key leads into a table. A dot that belongs to a name is
// written \. as in settings.editor\.tabSize. A value is a JSON number, true, false, null or "string". Any other
// text is a string.
package main

import (
	"fmt"
	"io"
	"os"
	"strconv"

	"github.com/holdfast-go/holdfast/errors"
)

const usage = `usage: config                        a tour, in a temporary directory
       config FILE get KEY           print one value, as in: get server.port
       config FILE set KEY VALUE     change one value
       config FILE visit USER TIMES  what the tour starts several of
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
	if len(args) < 3 {
		return errUsage
	}
	path, command, rest := args[0], args[1], args[2:]
	switch {
	case command == "get" && len(rest) == 1:
		return get(out, path, rest[0])
	case command == "set" && len(rest) == 2:
		return set(path, rest[0], rest[1])
	case command == "visit" && len(rest) == 2:
		times, err := strconv.Atoi(rest[1])
		if err != nil {
			return errUsage
		}
		return work(open(path), rest[0], times)
	}
	return errUsage
}
