package main

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// tour runs the server, changes its file and asks it after each change.
func tour(ctx context.Context, out io.Writer) error {
	dir, err := os.MkdirTemp("", "reload")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	path := filepath.Join(dir, "settings.yaml")
	listener, err := net.Listen("tcp", "localhost:0")
	if err != nil {
		return err
	}
	ctx, stop := context.WithCancel(ctx)
	reading, log := io.Pipe()
	ended := make(chan error, 1)
	go func() {
		err := serve(ctx, path, listener, log)
		log.Close() // ends a wait for the next line
		ended <- err
	}()
	err = changes(out, bufio.NewReader(reading), path, listener.Addr().String())
	reading.Close() // so that the server does not wait for a reader of its last lines
	stop()
	return errors.Join(err, <-ended)
}

// changes makes the changes, and waits each time until the log says that the server has seen it.
func changes(out io.Writer, log *bufio.Reader, path, address string) error {
	for _, step := range []struct{ title, content, says string }{
		{"there is no file yet", "", "the settings stay"},
		{"a file is written", "greeting: good morning\n", "new settings"},
		{"somebody breaks it", "greeting: [\n", "the settings stay"},
		{"and mends it", "greeting: good evening\n", "new settings"},
	} {
		fmt.Fprintf(out, "== %s\n", step.title)
		if step.content != "" {
			if err := safefile.WriteFile(path, []byte(step.content)); err != nil {
				return err
			}
		}
		for line := ""; !strings.HasPrefix(line, step.says); {
			var err error
			if line, err = log.ReadString('\n'); err != nil {
				return err
			}
			fmt.Fprint(out, line)
		}
		if err := ask(out, address); err != nil {
			return err
		}
	}
	return nil
}

// ask prints the answer of the server, as nc(1) does.
func ask(out io.Writer, address string) error {
	connection, err := net.Dial("tcp", address)
	if err != nil {
		return err
	}
	defer connection.Close()
	answer, err := io.ReadAll(connection)
	fmt.Fprintf(out, "the server says: %s", answer)
	return err
}
