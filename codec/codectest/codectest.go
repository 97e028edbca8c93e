// Package codectest tests whether a codec keeps the rules of [codec.Codec]. A test has one line per type:
//
//	func TestCSV(t *testing.T) {
//		codectest.Run(t, CSV(), [][]string{{"a", "b"}}, [][]string{{"1", "2"}, {"3", ""}})
//	}
//
// A failure says which rule the codec breaks, and what that does to a file. Run the tests with -race as
// well, since a codec must be safe for concurrent use.
package codectest

import (
	"bytes"
	"fmt"
	"io"
	"math/rand/v2"
	"reflect"
	"sync"
	"testing"
	"testing/iotest"
	"unicode"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/errors"
)

// Run tests c with each of values, in one subtest per rule. The values should cover what the type can hold,
// for example a zero value, a small one and a large one. With T any, the values must be what the codec loads
// into an interface.
//
// Two kinds of values can't be tested:
//   - a value that is not equal to itself after a round trip, such as a NaN or a time with a monotonic reading
//   - a value whose text ends in something that can be left out, such as a null
func Run[T any](t *testing.T, c codec.Codec, values ...T) {
	t.Helper()
	if len(values) == 0 {
		t.Fatal("codectest.Run: no values")
	}
	for _, r := range rules[T]() {
		t.Run(r.name, func(t *testing.T) {
			for i, v := range values {
				if err := checked(r, c, v); err != nil {
					t.Errorf("value %d, %#v: %v", i, v, err)
				}
			}
		})
	}
}

// rule is one rule of codec.Codec, and a function that tests it.
type rule[T any] struct {
	name  string
	check func(c codec.Codec, v T) error
}

func rules[T any]() []rule[T] {
	return []rule[T]{
		{"RoundTrip", roundTrip[T]},
		{"Deterministic", deterministic[T]},
		{"DumpTakesPointers", dumpTakesPointers[T]},
		{"KeepsNoInput", keepsNoInput[T]},
		{"SeesWhatIsCutOff", seesWhatIsCutOff[T]},
		{"SeesWhatIsAdded", seesWhatIsAdded[T]},
		{"ReportsReaderAndWriter", reportsReaderAndWriter[T]},
		{"SurvivesDamage", survivesDamage[T]},
		{"ConcurrentUse", concurrentUse[T]},
	}
}

func checked[T any](r rule[T], c codec.Codec, v T) (err error) {
	defer func() {
		if p := recover(); p != nil {
			err = fmt.Errorf("the codec panicked, which ends the program that uses it: %v", p)
		}
	}()
	return r.check(c, v)
}

func dump[T any](c codec.Codec, v T) ([]byte, error) {
	var text bytes.Buffer
	if err := c.Dump(&text, v); err != nil {
		return nil, fmt.Errorf("its Dump failed on a value that the type can hold: %w", err)
	}
	return text.Bytes(), nil
}

func load[T any](c codec.Codec, r io.Reader) (v T, err error) {
	err = c.Load(r, &v)
	return v, err
}

func roundTrip[T any](c codec.Codec, v T) error {
	text, err := dump(c, v)
	if err != nil {
		return err
	}
	for name, r := range map[string]io.Reader{
		"a handle's reader":    codec.NewSource(text, 0),
		"a reader of one byte": iotest.OneByteReader(bytes.NewReader(text)),
		"data with the io.EOF": iotest.DataErrReader(bytes.NewReader(text)),
	} {
		got, err := load[T](c, r)
		if err != nil {
			return fmt.Errorf("its Load from %s refuses what Dump wrote, so the file could never be read again: %w\n%s", name, err, text)
		}
		if !reflect.DeepEqual(got, v) {
			return fmt.Errorf("its Load from %s gives another value than was dumped, so writing changes data: %#v\n%s", name, got, text)
		}
	}
	return nil
}

func deterministic[T any](c codec.Codec, v T) error {
	first, err := dump(c, v)
	if err != nil {
		return err
	}
	for range 20 {
		again, err := dump(c, v)
		if err != nil {
			return err
		}
		if !bytes.Equal(first, again) {
			return fmt.Errorf("its Dump gives other bytes for the same value, so each write changes the file:\n%s\n%s", first, again)
		}
	}
	return nil
}

func dumpTakesPointers[T any](c codec.Codec, v T) error {
	direct, err := dump(c, v)
	if err != nil {
		return err
	}
	pointed, err := dump(c, &v)
	if err != nil {
		return err
	}
	if !bytes.Equal(direct, pointed) {
		return fmt.Errorf("its Dump writes a pointer to a value otherwise than the value:\n%s\n%s", direct, pointed)
	}
	return nil
}

func keepsNoInput[T any](c codec.Codec, v T) error {
	text, err := dump(c, v)
	if err != nil {
		return err
	}
	scribbled := bytes.Clone(text)
	got, err := load[T](c, codec.NewSource(scribbled, 0))
	if err != nil {
		return err
	}
	if !bytes.Equal(scribbled, text) {
		return errors.New("its Load changes the bytes that it reads, which others share")
	}
	for i := range scribbled {
		scribbled[i] = '#'
	}
	if !reflect.DeepEqual(got, v) {
		return fmt.Errorf("the loaded value keeps bytes of the input, which are reused after Load: it became %#v", got)
	}
	return nil
}

func seesWhatIsCutOff[T any](c codec.Codec, v T) error {
	text, err := dump(c, v)
	if err != nil || reflect.ValueOf(&v).Elem().IsZero() {
		return err
	}
	for n := len(text) - 1; n >= 0 && n >= len(text)-200; n-- {
		if len(bytes.TrimFunc(text[n:], unicode.IsSpace)) == 0 {
			continue
		}
		if got, err := load[T](c, codec.NewSource(text[:n:n], 0)); err == nil && reflect.DeepEqual(got, v) {
			return fmt.Errorf("its Load does not see that %q was cut off, so a damaged file passes for a whole one", text[n:])
		}
	}
	return nil
}

func seesWhatIsAdded[T any](c codec.Codec, v T) error {
	text, err := dump(c, v)
	if err != nil {
		return err
	}
	for _, extra := range []string{"\x00", "\n}\x00", "\xff\xfe"} {
		longer := append(bytes.Clone(text), extra...)
		if got, err := load[T](c, codec.NewSource(longer, 0)); err == nil && reflect.DeepEqual(got, v) {
			return fmt.Errorf("its Load ignores %q after the value, which the next write would drop", extra)
		}
	}
	return nil
}

func reportsReaderAndWriter[T any](c codec.Codec, v T) error {
	broken := errors.New("the disk is broken")
	if _, err := load[T](c, iotest.ErrReader(broken)); !errors.Is(err, broken) {
		return fmt.Errorf("its Load must return the reader's error, and returned %v", err)
	}
	text, err := dump(c, v)
	if err != nil || len(text) == 0 {
		return err
	}
	if err := c.Dump(brokenWriter{broken}, v); !errors.Is(err, broken) {
		return fmt.Errorf("its Dump must return the writer's error, and returned %v", err)
	}
	return nil
}

type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) { return 0, w.err }

// survivesDamage needs no recover, since Run recovers from a panic of every rule.
func survivesDamage[T any](c codec.Codec, v T) error {
	text, err := dump(c, v)
	if err != nil {
		return err
	}
	random := rand.New(rand.NewPCG(1, uint64(len(text))))
	for range 200 {
		damaged := bytes.Clone(text)
		for range 1 + random.IntN(4) {
			if len(damaged) > 0 {
				damaged[random.IntN(len(damaged))] = byte(random.IntN(256))
			}
		}
		if got, err := load[T](c, codec.NewSource(damaged, 0)); err == nil {
			_ = c.Dump(io.Discard, got)
		}
	}
	return nil
}

func concurrentUse[T any](c codec.Codec, v T) error {
	const goroutines = 8
	failures := make([]error, goroutines)
	var wg sync.WaitGroup
	for i := range goroutines {
		wg.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					failures[i] = fmt.Errorf("panic: %v", p)
				}
			}()
			for range 10 {
				if failures[i] = roundTrip(c, v); failures[i] != nil {
					return
				}
			}
		})
	}
	wg.Wait()
	if err := errors.Join(failures...); err != nil {
		return fmt.Errorf("used from several goroutines at once it fails: %w", err)
	}
	return nil
}
