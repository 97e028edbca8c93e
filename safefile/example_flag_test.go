package safefile_test

import (
	"flag"
	"fmt"
	"io"

	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

// fileFlag is a flag.Value that holds a handle. A path whose format nobody has registered is a mistake in the command line.
type fileFlag[T any] struct {
	*safefile.SafeFile[T]
}

func (f *fileFlag[T]) Set(path string) error {
	if _, err := registry.Lookup(path); err != nil {
		return err
	}
	f.SafeFile = safefile.New[T](path)
	return nil
}

// String is also called on a zero value, by the package flag.
func (f *fileFlag[T]) String() string {
	if f.SafeFile == nil {
		return ""
	}
	return f.Path()
}

// A flag that names a file. The format is known by the name, and a wrong one is refused before the program starts.
func Example_flag() {
	type Config struct{ Port int }
	config := fileFlag[Config]{safefile.New[Config]("/etc/app.yaml")} // the default
	flags := flag.NewFlagSet("app", flag.ContinueOnError)
	flags.SetOutput(io.Discard)
	flags.Var(&config, "config", "the `file` of the settings")

	fmt.Println(flags.Parse([]string{"-config", "/etc/other.toml"}), config.Path())
	fmt.Println(flags.Parse([]string{"-config", "/etc/other.ini"}) != nil, config.Path())
	// Output:
	// <nil> /etc/other.toml
	// true /etc/other.toml
}
