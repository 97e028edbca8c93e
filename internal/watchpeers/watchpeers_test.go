//go:build linux

package watchpeers

import (
	"context"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/fsnotify/fsnotify"
	"github.com/knadh/koanf/parsers/json"
	"github.com/knadh/koanf/providers/file"
	"github.com/knadh/koanf/v2"
	"github.com/spf13/viper"

	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit/saves"
	"github.com/holdfast-go/holdfast/safefile"
)

// seen is what a library tells while it watches.
type seen struct {
	mu     sync.Mutex
	last   int // the value that was told last
	broken int // how often it read a content that is no valid file
}

func (s *seen) value(n int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last = n
}

func (s *seen) failure() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.broken++
}

// state is the last value and the number of broken contents.
func (s *seen) state() (last, broken int) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.last, s.broken
}

// library is one of those that are compared.
type library struct {
	name    string
	watch   func(t *testing.T, path string, s *seen) // begins to watch a file, and returns when it does
	patient time.Duration                            // how long to wait for a change; the peers need a few ms
}

var libraries = []library{
	{"Holdfast", watchHoldfast, time.Minute},
	{"viper", watchViper, 700 * time.Millisecond},
	{"koanf", watchKoanf, 700 * time.Millisecond},
}

func watchHoldfast(t *testing.T, path string, s *seen) {
	ctx, cancel := context.WithCancel(context.Background())
	begun, done := make(chan bool, 1), make(chan bool)
	t.Cleanup(func() { cancel(); <-done })
	go func() {
		defer close(done)
		for v, err := range safefile.New[struct{ N int }](path).Watch(ctx) {
			switch {
			case errors.Is(err, fs.ErrNotExist):
			case err != nil:
				s.failure()
			default:
				s.value(v.N)
			}
			select {
			case begun <- true:
			default:
			}
		}
	}()
	<-begun
}

// viperLog counts what viper logs: an error while it reads a file that has changed.
type viperLog struct {
	slog.Handler
	seen *seen
}

func (l viperLog) Enabled(context.Context, slog.Level) bool { return true }

func (l viperLog) Handle(_ context.Context, r slog.Record) error {
	if strings.Contains(r.Message, "read config file") {
		l.seen.failure()
	}
	return nil
}

// watchViper has no way to end: viper has none.
func watchViper(_ *testing.T, path string, s *seen) {
	v := viper.NewWithOptions(viper.WithLogger(slog.New(viperLog{slog.DiscardHandler, s})))
	v.SetConfigFile(path)
	_ = v.ReadInConfig() // there may be no file yet
	v.OnConfigChange(func(fsnotify.Event) { s.value(v.GetInt("n")) })
	v.WatchConfig()
}

func watchKoanf(t *testing.T, path string, s *seen) {
	provider := file.Provider(path)
	err := provider.Watch(func(_ any, err error) {
		if err != nil {
			return // it has stopped to watch
		}
		k := koanf.New(".")
		if err := k.Load(provider, json.Parser()); err != nil {
			s.failure()
			return
		}
		s.value(k.Int("N"))
	})
	if err == nil {
		t.Cleanup(func() { _ = provider.Unwatch() })
	}
}

// rounds is how often a file is changed in one way. HOLDFAST_LONG asks for more, since the peers see some changes by chance.
var rounds = map[bool]int{false: 3, true: 30}[os.Getenv("HOLDFAST_LONG") != ""]

func content(n int) string { return fmt.Sprintf(`{"N": %d, "padding": %q}`, n, "the second half") }

// result is what a library has seen of the changes of one way.
type result struct{ seen, broken int }

func (r result) String() string {
	text := fmt.Sprintf("%d of %d", r.seen, rounds)
	if r.seen == rounds {
		text = "yes"
	}
	if r.seen == 0 {
		text = "no"
	}
	if r.broken > 0 {
		text += ", reads half a file"
	}
	return text
}

func try(t *testing.T, way saves.Way, l library) (r result) {
	path := way.Place(t, t.TempDir(), content(1))
	s := &seen{}
	l.watch(t, path, s)
	for n := 2; n < 2+rounds; n++ {
		time.Sleep(100 * time.Millisecond) // each change on its own, so that none makes up for the one before
		_, before := s.state()
		began := time.Now()
		way.Save(t, path, content(n))
		slow := time.Since(began) > 50*time.Millisecond // on a busy machine: then half a file is what was there
		if within(l.patient, func() bool { last, _ := s.state(); return last == n }) {
			r.seen++
		}
		if _, after := s.state(); !slow {
			r.broken += after - before
		}
	}
	return r
}

func within(patient time.Duration, condition func() bool) bool {
	for end := time.Now().Add(patient); time.Now().Before(end); time.Sleep(time.Millisecond) {
		if condition() {
			return true
		}
	}
	return false
}

func TestHoldfastSeesEveryChange(t *testing.T) {
	ways := saves.Ways()
	results := make([][]result, len(ways))
	t.Run("tries", func(t *testing.T) {
		for i, way := range ways {
			results[i] = make([]result, len(libraries))
			for j, l := range libraries {
				t.Run(l.name+", "+way.Name, func(t *testing.T) {
					t.Parallel()
					results[i][j] = try(t, way, l)
				})
			}
		}
	})
	table := "\n| the file is changed by | Holdfast | viper | koanf |\n| --- | --- | --- | --- |\n"
	for i, way := range ways {
		table += fmt.Sprintf("| %s | %v | %v | %v |\n", way.Name, results[i][0], results[i][1], results[i][2])
		if ours := results[i][0]; ours.seen < rounds || ours.broken > 0 {
			t.Errorf("%s: Holdfast saw %d of %d changes and read %d times half a file", way.Name, ours.seen, rounds, ours.broken)
		}
	}
	t.Log(table)
}
