package main

import (
	"encoding/gob"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/holdfast-go/holdfast/codec/codectest"
	"github.com/holdfast-go/holdfast/errors"
	"github.com/holdfast-go/holdfast/internal/testkit"
	"github.com/holdfast-go/holdfast/registry"
	"github.com/holdfast-go/holdfast/safefile"
)

func TestMain(m *testing.M) { testkit.MainProgram(m, main) }

func TestTheTourTrainsAndSeesTheDamage(t *testing.T) {
	testkit.OwnTemp(t)
	out, stderr, status := testkit.RunProgram(t)
	if status != 0 || stderr != "" {
		t.Fatalf("exit status %d, %s", status, stderr)
	}
	const want = "after epoch 1: main.scale(1.1988) main.square(2.3976) = 6.7485\n" +
		"after epoch 2: main.scale(1.1976) main.square(2.3952) = 6.7370\na damaged byte: "
	if !strings.HasPrefix(out, want) || !strings.Contains(out, "checksum mismatch") {
		t.Errorf("printed %q", out)
	}
}

func TestAModelSurvivesFromRunToRun(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "model.gob")
	for range 3 {
		if _, stderr, status := testkit.RunProgram(t, path); status != 0 || stderr != "" {
			t.Fatalf("exit status %d, %s", status, stderr)
		}
	}
	gob.Register(scale{})
	gob.Register(square{})
	m, err := safefile.New[model](path, safefile.WithCodec(gobCodec{}), safefile.WithChecksum()).Read()
	if err != nil || m.Epochs != 3 || len(m.Layers) != 2 || m.Layers[1] != (square{Bias: 1}) {
		t.Errorf("the file holds %+v, %v", m, err)
	}
	testkit.WantNames(t, dir, "model.gob", "model.gob.lock", "model.gob.sha256")
}

func TestADamagedModelIsNotTrained(t *testing.T) {
	path := testkit.File(t, "model.gob", "no gob")
	testkit.Put(t, path+".sha256", "") // no digest
	if out, stderr, status := testkit.RunProgram(t, path); status != 1 || out != "" || stderr == "" {
		t.Errorf("exit status %d, %q, %q", status, out, stderr)
	}
	testkit.WantContent(t, path, "no gob")
}

func TestTheFormatKeepsTheRulesOfCodecs(t *testing.T) {
	gob.Register(scale{})
	gob.Register(square{})
	trained := untrained()
	trained.Epochs, trained.Trained = 7, time.Date(2026, 1, 2, 3, 4, 5, 6, time.UTC)
	codectest.Run(t, gobCodec{}, untrained(), trained)
}

func TestATypeThatGobWasNotToldOfIsRefused(t *testing.T) {
	type unknown struct{ scale }
	r := registry.New()
	r.Register(".gob", gobCodec{})
	path := filepath.Join(t.TempDir(), "x.gob")
	err := safefile.New[model](path, safefile.WithRegistry(r)).Write(model{Layers: []layer{unknown{}}})
	testkit.WantIs(t, "Write", err, errors.ErrEncode)
	testkit.WantContent(t, path, testkit.Missing)
}
