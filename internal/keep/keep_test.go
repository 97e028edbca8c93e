package keep

import (
	"bytes"
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/internal/format/edit"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
	"github.com/holdfast-go/holdfast/internal/format/json"
	"github.com/holdfast-go/holdfast/internal/format/toml"
	"github.com/holdfast-go/holdfast/internal/format/yaml"
	"github.com/holdfast-go/holdfast/internal/testkit"
)

// formats is how a file is read, by the ending of its name.
var formats = map[string]struct {
	codec codec.Codec
	text  edit.Format
	title string
}{
	".yml":   {codec.YAML(), yaml.Grammar, "YAML"},
	".toml":  {codec.TOML(), toml.Grammar, "TOML"},
	".json":  {codec.JSON(), json.JSON, "JSON"},
	".jsonc": {codec.JSONC(), json.JSONC, "JSONC"},
}

// damage is what became of a file beside what was wanted.
type damage struct {
	lines    int    // changed, removed or added, but for the line of the value
	comments int    // gone
	data     string // "": what was wanted and nothing else
}

func TestHoldfastChangesTheLineOfTheValueOnly(t *testing.T) {
	rows := make(map[string]damage)
	for file, text := range edittest.Corpus(t, "real/*") {
		name := filepath.Base(file)
		if _, known := wishes[name]; !known {
			t.Errorf("no value to set is known for %s", name)
			continue
		}
		for _, c := range contenders {
			if !slices.Contains(strings.Fields(c.formats), filepath.Ext(name)) {
				continue
			}
			d, err := tried(t.TempDir(), c, name, text)
			testkit.Must(t, err)
			rows[c.name+name] = d
			if c.name == "Holdfast" && d != (damage{}) {
				t.Errorf("%s: %+v", name, d)
			}
		}
	}
	t.Logf("for each file:\n%s", each(rows))
	t.Logf("one value set in each file:\n\n%s", table(rows))
	readme, err := os.ReadFile("../../README.md")
	if edittest.HasPublicCorpus() && (err != nil || !strings.Contains(string(readme), table(rows))) {
		t.Errorf("the README has another table: %v", err)
	}
}

// tried has a contender set the value in a copy of a file.
func tried(dir string, c contender, name string, old []byte) (damage, error) {
	file := filepath.Join(dir, name)
	if err := os.WriteFile(file, old, 0o644); err != nil {
		return damage{}, err
	}
	wish := wishes[name]
	if err := c.set(file, wish.path, wish.value); err != nil {
		return damage{data: "refused: " + err.Error()}, nil
	}
	now, err := os.ReadFile(file)
	if err != nil {
		return damage{}, err
	}
	f := formats[filepath.Ext(name)]
	d := damage{lines: changed(lines(old), lines(now)) - 1}
	if d.comments, err = lost(f.text, old, now); err == nil {
		err = differs(f.codec, old, now, name)
	}
	if err != nil {
		d.data = err.Error()
	}
	return d, nil
}

func lines(text []byte) []string { return strings.SplitAfter(string(text), "\n") }

// changed counts the lines that make the difference: of the old that are not in
// the new and of the new that are not in the old, whichever are more.
func changed(old, now []string) int {
	common := make([][]int, len(old)+1)
	for i := range common {
		common[i] = make([]int, len(now)+1)
	}
	for i := len(old) - 1; i >= 0; i-- {
		for j := len(now) - 1; j >= 0; j-- {
			common[i][j] = max(common[i+1][j], common[i][j+1])
			if old[i] == now[j] {
				common[i][j] = common[i+1][j+1] + 1
			}
		}
	}
	return max(len(old), len(now)) - common[0][0]
}

// lost counts the comments of old that now has not.
func lost(f edit.Format, old, now []byte) (n int, err error) {
	count := make(map[string]int)
	for step, text := range [][]byte{old, now} {
		doc, err := f.Parse(text)
		if err != nil {
			return 0, fmt.Errorf("no longer parses: %w", err)
		}
		for _, c := range doc.Comments {
			count[strings.TrimSpace(string(text[c.Start:c.End]))] += 1 - 2*step
		}
	}
	for _, left := range count {
		n += max(left, 0)
	}
	return n, nil
}

// differs compares what a file holds with what was wanted.
func differs(c codec.Codec, old, now []byte, name string) error {
	var want, got map[string]any
	if err := c.Load(bytes.NewReader(old), &want); err != nil {
		return err
	}
	put(want, wishes[name].path, wishes[name].value)
	if err := c.Load(bytes.NewReader(now), &got); err != nil {
		return err
	}
	var a, b bytes.Buffer
	if err := c.Dump(&a, want); err != nil {
		return err
	}
	if err := c.Dump(&b, got); err != nil {
		return err
	}
	if !bytes.Equal(a.Bytes(), b.Bytes()) {
		return fmt.Errorf("other data")
	}
	return nil
}

func each(rows map[string]damage) string {
	var b strings.Builder
	for _, name := range slices.Sorted(maps.Keys(wishes)) {
		for _, c := range contenders {
			if d, ok := rows[c.name+name]; ok {
				fmt.Fprintf(&b, "%-26s %-28s %4d lines, %3d comments %s\n", name, c.name, d.lines, d.comments, d.data)
			}
		}
	}
	return b.String()
}

// table sums up by contender and format, as the README shows it.
func table(rows map[string]damage) string {
	var b strings.Builder
	b.WriteString("| other lines changed, comments lost |")
	for _, ext := range endings {
		fmt.Fprintf(&b, " %s, %d files |", formats[ext].title, len(named(rows, ext)))
	}
	b.WriteString("\n|" + strings.Repeat(" --- |", 1+len(endings)) + "\n")
	for _, c := range contenders {
		fmt.Fprintf(&b, "| %s |", c.name)
		for _, ext := range endings {
			fmt.Fprintf(&b, " %s |", sum(rows, c, ext))
		}
		b.WriteByte('\n')
	}
	return b.String()
}

var endings = []string{".yml", ".toml", ".json", ".jsonc"}

// named gives the files with an ending that Holdfast has tried.
func named(rows map[string]damage, ext string) (names []string) {
	for name := range wishes {
		if _, tried := rows["Holdfast"+name]; tried && filepath.Ext(name) == ext {
			names = append(names, name)
		}
	}
	return names
}

// sum is one cell of the table.
func sum(rows map[string]damage, c contender, ext string) string {
	if !slices.Contains(strings.Fields(c.formats), ext) {
		return ""
	}
	var all damage
	other, refused := 0, 0
	for _, name := range named(rows, ext) {
		d := rows[c.name+name]
		all.lines, all.comments = all.lines+d.lines, all.comments+d.comments
		switch {
		case strings.HasPrefix(d.data, "refused"):
			refused++
		case d.data != "":
			other++
		}
	}
	switch {
	case refused > 0:
		return fmt.Sprintf("refuses %d", refused)
	case other > 0:
		return fmt.Sprintf("%d, %d, other data in %d", all.lines, all.comments, other)
	}
	return fmt.Sprintf("%d, %d", all.lines, all.comments)
}
