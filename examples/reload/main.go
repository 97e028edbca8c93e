// Reload is a server that takes new settings without a restart. It answers each connection with a line:
//
//	go run ./examples/reload                  a tour, in a temporary directory
//	go run ./examples/reload settings.yaml    with your own file
//	nc localhost 7070
//
// The settings are in a file of any registered format. The server reads them again whenever somebody changes the file,
// with an editor, by a rename, or by a new version of a Kubernetes ConfigMap. If the file is broken or missing, the server
// says so and goes on with the settings that it has.
package main

import (
	"context"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"sync/atomic"
	"syscall"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/safefile"
)

// settings are what the file holds.
type settings struct {
	Greeting string `yaml:"greeting" json:"greeting" toml:"greeting"`
}

// defaults hold until a file was read.
var defaults = settings{Greeting: "hello"}

func main() {
	if len(os.Args) > 3 {
		fmt.Fprintln(os.Stderr, "usage: reload [FILE [ADDRESS]]")
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "reload:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) == 0 {
		return tour(ctx, out)
	}
	address := "localhost:7070"
	if len(args) == 2 {
		address = args[1]
	}
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return err
	}
	return serve(ctx, args[0], listener, out)
}

// serve answers connections until ctx ends. It closes the listener.
func serve(ctx context.Context, path string, listener net.Listener, log io.Writer) error {
	context.AfterFunc(ctx, func() { listener.Close() })
	fmt.Fprintln(log, "listening on", listener.Addr())
	var current atomic.Pointer[settings]
	current.Store(&defaults)
	reloaded := make(chan struct{})
	go func() {
		defer close(reloaded)
		reload(ctx, path, &current, log)
	}()
	for {
		connection, err := listener.Accept()
		if errors.Is(err, net.ErrClosed) {
			<-reloaded
			return nil
		}
		if err != nil {
			return err
		}
		go func() {
			defer connection.Close()
			// A connection is served by one version of the settings, even if they change meanwhile.
			fmt.Fprintln(connection, current.Load().Greeting)
		}()
	}
}

// reload keeps current up to date. It ends with ctx.
func reload(ctx context.Context, path string, current *atomic.Pointer[settings], log io.Writer) {
	for next, err := range safefile.New[settings](path).Watch(ctx) {
		if err != nil {
			fmt.Fprintln(log, "the settings stay as they are:", err)
			continue
		}
		current.Store(&next)
		fmt.Fprintf(log, "new settings: %+v\n", next)
	}
}
