// Notebook is a REST resource in files: each note is a YAML file, and its version is the ETag.
//
//	go run ./examples/notebook                                       a tour, in a temporary directory: two people edit one note
//	go run ./examples/notebook -addr 127.0.0.1:8080 -dir notes       a server
//
//	curl -i -X PUT -H 'If-None-Match: *' -d '{"title": "Milk", "text": "two bottles"}' http://127.0.0.1:8080/notes/milk
//	curl -i http://127.0.0.1:8080/notes/milk
//	curl -i -X PUT -H 'If-Match: "ETAG OF THE ANSWER"' -d '{"title": "Milk", "text": "three bottles"}' http://127.0.0.1:8080/notes/milk
//	curl -i -X DELETE -H 'If-Match: "ETAG OF THE ANSWER"' http://127.0.0.1:8080/notes/milk
//
// Look at notebook.go: get uses ReadVersion, put uses WriteIf, and remove does both in one transaction. Nobody holds a lock while a person
// types, and nobody's change is lost: of two who edit the same version the second is answered 412 Precondition Failed. An
// editor may change the files while the server runs; its comments stay.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

func main() {
	addr := flag.String("addr", "", "the `address` to listen on; without it the program shows a tour")
	dir := flag.String("dir", "notes", "the `directory` of the notes")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if err := run(ctx, *addr, *dir, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "notebook:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, addr, dir string, out io.Writer) error {
	if addr == "" {
		return tour(ctx, out)
	}
	return serve(ctx, addr, dir, func(url string) { fmt.Fprintf(out, "listening on %s, notes in %s\n", url, dir) })
}

// serve answers requests until the context ends, and then finishes those that are under way.
func serve(ctx context.Context, addr, dir string, ready func(url string)) error {
	listener, err := net.Listen("tcp", addr)
	if err != nil {
		return err
	}
	ready("http://" + listener.Addr().String())
	server := &http.Server{Handler: notebook{dir}.routes(), ReadTimeout: 10 * time.Second, WriteTimeout: 10 * time.Second}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(listener) }()
	select {
	case err = <-ended:
		return err
	case <-ctx.Done():
		last, cancel := context.WithTimeout(context.WithoutCancel(ctx), 10*time.Second)
		defer cancel()
		err = server.Shutdown(last)
		if served := <-ended; !errors.Is(served, http.ErrServerClosed) {
			err = errors.Join(err, served)
		}
		return err
	}
}
