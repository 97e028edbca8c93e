// Binary keeps Go values as they are, in the format of encoding/gob. It is for a file that only Go programs read, for example a
// checkpoint.
//
//	go run ./examples/binary              a tour, in a temporary directory
//	go run ./examples/binary model.gob    trains the model of your own file a little more
//
// Look at layer: a value in an interface keeps its type, since main has told gob about the types. Unlike Python's pickle,
// reading a file runs no code of the file. The checksum is there because gob does not notice every damaged byte.
//
// Two rules for gob: avoid maps in the value, since gob writes them in another order each time, so a write that changes nothing
// would still replace the file. And do not use WithDefaults, since gob leaves out what is zero, which would read as the default.
package main

import (
	"bytes"
	"context"
	"encoding/gob"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"time"

	"github.com/holdfast-go/holdfast/lockedfile"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

// model is what the file holds.
type model struct {
	LearningRate float64
	Epochs       int
	Weights      [][]float64
	Layers       []layer
	Trained      time.Time
}

// layer is one step of the model. JSON could not tell which type of layer a value has.
type layer interface{ apply(x float64) float64 }

type (
	scale  struct{ Factor float64 }
	square struct{ Bias float64 }
)

func (s scale) apply(x float64) float64  { return s.Factor * x }
func (s square) apply(x float64) float64 { return x*x + s.Bias }

// gobCodec is the codec, for handles of every type that gob can encode.
type gobCodec struct{}

func (gobCodec) Load(r io.Reader, v any) error {
	data, err := io.ReadAll(r)
	if err != nil {
		return err
	}
	rest := bytes.NewReader(data) // gob reads no more of it than the value
	if err := gob.NewDecoder(rest).Decode(v); err != nil {
		return err
	}
	if rest.Len() > 0 {
		return fmt.Errorf("%d bytes follow the value", rest.Len())
	}
	return nil
}

func (gobCodec) Dump(w io.Writer, v any) error { return gob.NewEncoder(w).Encode(v) }

func main() {
	gob.Register(scale{})
	gob.Register(square{})
	registry.Register(".gob", gobCodec{})

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt)
	defer stop()
	if err := run(ctx, os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "binary:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, out io.Writer) error {
	if len(args) > 0 {
		return train(ctx, open(args[0]), out)
	}
	dir, err := os.MkdirTemp("", "binary")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	file := open(filepath.Join(dir, "model.gob"))
	for range 2 {
		if err := train(ctx, file, out); err != nil {
			return err
		}
	}
	return damage(ctx, file, out)
}

func open(path string) *lockedfile.ContextFile[model] {
	return lockedfile.NewContext[model](path, safefile.WithChecksum())
}

func untrained() model {
	return model{
		LearningRate: 0.001,
		Weights:      [][]float64{{1.2, 3.4}, {5.6, 7.8}},
		Layers:       []layer{scale{Factor: 2}, square{Bias: 1}},
	}
}

// train runs one epoch, in a transaction.
func train(ctx context.Context, file *lockedfile.ContextFile[model], out io.Writer) error {
	var now model
	err := file.Locked(ctx, func(_ context.Context, tx *lockedfile.Tx[model]) error {
		m, err := tx.ReadOr(untrained())
		if err != nil {
			return err
		}
		for _, row := range m.Weights {
			for i := range row {
				row[i] -= row[i] * m.LearningRate
			}
		}
		m.Epochs++
		m.Trained = time.Now().UTC()
		now = m
		return tx.Write(m)
	})
	if err != nil {
		return err
	}
	fmt.Fprintf(out, "after epoch %d:", now.Epochs)
	x := now.Weights[0][0]
	for _, l := range now.Layers {
		fmt.Fprintf(out, " %T(%.4f)", l, x)
		x = l.apply(x)
	}
	_, err = fmt.Fprintf(out, " = %.4f\n", x)
	return err
}

// damage changes a byte of the file, as a bad disk may.
func damage(ctx context.Context, file *lockedfile.ContextFile[model], out io.Writer) error {
	data, err := os.ReadFile(file.Path())
	if err != nil {
		return err
	}
	data[len(data)-20] ^= 1
	if err := os.WriteFile(file.Path(), data, 0o644); err != nil {
		return err
	}
	_, err = file.Read(ctx)
	if err == nil {
		return errors.New("a damaged file was read")
	}
	_, err = fmt.Fprintln(out, "a damaged byte:", err)
	return err
}
