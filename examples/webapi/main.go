// Webapi is a small web service. Clients upload JSON. The service analyses it in the background, and answers questions
// about it.
//
//	go run ./examples/webapi                      on 127.0.0.1:8080, with its files in webapi-data
//	go run ./examples/webapi -addr 127.0.0.1:0    on a free port, which it prints
//	go run ./examples/webapi -demo                plays a few requests against itself and stops
//
//	curl -d '{"values": [1, 2, 3]}' 'http://127.0.0.1:8080/analyze?name=mine'
//	curl -F file=@mine.json http://127.0.0.1:8080/analyze
//	curl http://127.0.0.1:8080/status/ID
//	curl http://127.0.0.1:8080/analytics
//	curl http://127.0.0.1:8080/health
//	curl -i http://127.0.0.1:8080/settings
//	curl -X PUT -H 'If-Match: "ETAG OF THE ANSWER"' -d '{"max_upload": 4096, "max_name": 20}' http://127.0.0.1:8080/settings
//
// An upload is answered with 202 when it is on disk. Stop the service with an interrupt or kill it, best with -slow 5s
// while it is at work. The next service in the same directory finds the tasks that have not ended, and finishes
// them.
//
// It shows a ContextFile in a server, where the request's context ends the wait
// for the lock (store.go), the version of a file as an ETag (settings.go), which
// error is which status (answer.go), the file of a form (form.go), and an orderly end (service.go).
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/holdfast-go/holdfast/errors"
)

// options is the command line.
type options struct {
	addr, dir string
	slow      time.Duration
	demo      bool
}

func main() {
	var o options
	flag.StringVar(&o.addr, "addr", "127.0.0.1:8080", "the `address` to listen on; port 0 is any free one")
	flag.StringVar(&o.dir, "dir", "webapi-data", "the `directory` of the files")
	flag.DurationVar(&o.slow, "slow", 0, "how long each analysis takes at least")
	flag.BoolVar(&o.demo, "demo", false, "play a few requests on a free port, in a temporary directory")
	flag.Parse()
	if flag.NArg() > 0 {
		flag.Usage()
		os.Exit(2)
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	context.AfterFunc(ctx, stop) // the second signal ends the program at once
	if err := run(ctx, o, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "webapi:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) error {
	if o.demo {
		return demo(ctx, o.slow, out)
	}
	return serve(ctx, o, func(url string) { fmt.Fprintf(out, "listening on %s, files in %s\n", url, o.dir) })
}

// serve runs the service until the context ends.
func serve(ctx context.Context, o options, ready func(url string)) (err error) {
	s, err := open(ctx, o.dir, o.slow)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, s.close()) }()
	listener, err := net.Listen("tcp", o.addr)
	if err != nil {
		return err
	}
	ready("http://" + listener.Addr().String())
	return s.serve(ctx, listener)
}
