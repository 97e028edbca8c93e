package json

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/holdfast-go/holdfast/internal/effort"
	"github.com/holdfast-go/holdfast/internal/format/edit/edittest"
)

func TestComparisonFindsWhatDiffers(t *testing.T) {
	const text = "{\n  \"a\": 1,\n  \"b\\\"\": {\n    \"c\": [\n      \"}\",\n      \"{\\\\\"\n    ],\n    \"d\": {}\n  },\n  \"e\": {\n    \"f\": null\n  }\n}\n"
	for _, c := range []struct {
		from, to string
		left     int
	}{
		{"", "", 3}, {"1", "2", 2}, {"null", "true", 2}, {"\"}\"", "\"]\"", 4}, {"{}", "{\n      \"x\": 1\n    }", 3}, {"\"d\": {}", "\"d\": []", 3},
		{"\"f\": null", "\"f\": null,\n    \"g\": \"h\"", 3}, {"\"a\"", "\"z\"", 2}, {"\"f\"", "\"g\"", 2}, {text, "[]", 0}, {text, "null", 0}, {text, "", 0}, {"\"e\"", "\"a\"", 0},
	} {
		if left := edittest.CheckComparison(t, JSON, text, strings.Replace(text, c.from, c.to, 1)); left != c.left {
			t.Errorf("%q for %q: %d values are left out, want %d", c.to, c.from, left, c.left)
		}
	}
}

// The elements of a list that stay where they are need not be read, if one that has
// changed is known by its identity or by what it has in common with what it was.
func TestComparisonLeavesOutTheElementsThatStay(t *testing.T) {
	const text = `[{"id":1,"v":"a"},{"id":2,"v":"b"},{"id":3,"v":"c"},{"id":4,"v":"d"},{"id":5,"v":"e"}]`
	for _, c := range []struct {
		from, to string
		left     int
	}{
		{`"b"`, `"z"`, 4}, {`"b"},{"id":3,"v":"c"`, `"y"},{"id":3,"v":"z"`, 3}, {`"b"`, `"a"`, 4},
		{`"id":2`, `"id":7`, 4}, {`"id":2,"v":"b"`, `"id":1,"v":"a"`, 0}, {`,{"id":2,"v":"b"}`, ``, 4},
		{`[`, `[{"id":0,"v":"new"},`, 5}, {`{"id":2,"v":"b"},{"id":3,"v":"c"}`, `{"id":3,"v":"c"},{"id":2,"v":"b"}`, 5}, {`{"id":2,"v":"b"}`, `{"id":1,"v":"a"},{"id":2,"v":"b"}`, 0},
	} {
		if left := edittest.CheckComparison(t, JSON, text, strings.Replace(text, c.from, c.to, 1)); left != c.left {
			t.Errorf("%q for %q: %d elements are left out, want %d", c.to, c.from, left, c.left)
		}
	}
}

func TestComparisonOfListsIsThatOfTheWhole(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	left := 0
	for range effort.Of(500, 5_000, 50_000) {
		var was []string
		for i := range 1 + r.IntN(6) {
			was = append(was, fmt.Sprintf(`{"id":%d,"n":%d,"s":"x","u":{"b":%d}}`, r.IntN(1+2*i), r.IntN(3), r.IntN(2)))
		}
		is := slices.Clone(was)
		for range r.IntN(4) {
			i, j := r.IntN(len(is)), r.IntN(len(is))
			switch r.IntN(6) {
			case 0:
				is[i], is[j] = is[j], is[i]
			case 1:
				is[i] = strings.Replace(is[i], `"id":`, `"id":1`, 1)
			case 2:
				is = append(is, is[i])
			case 3:
				if len(is) > 1 {
					is = is[1:]
				}
			default:
				is[i] = strings.Replace(is[i], []string{`"n"`, `"b"`, `"s"`}[r.IntN(3)], `"n":9,"m"`, 1)
			}
		}
		left += edittest.CheckComparison(t, JSON, "["+strings.Join(was, ",")+"]", "["+strings.Join(is, ",")+"]")
	}
	if left == 0 {
		t.Error("nothing was left out")
	}
}

func TestComparisonEndsOnEveryText(t *testing.T) {
	r := rand.New(rand.NewPCG(7, 8))
	left := 0
	for _, text := range edittest.Corpus(t, "real/*.json") {
		var enc bytes.Buffer
		if len(text) > 1<<18 || json.Indent(&enc, text, "", "  ") != nil {
			continue
		}
		lines := strings.SplitAfter(enc.String(), "\n")
		for range 40 {
			i, j := r.IntN(len(lines)), r.IntN(len(lines))
			is := strings.Join(lines[:i], "") + []string{"", lines[j], strings.Replace(lines[i], "\"", "\"x", 1), "7", lines[i] + lines[i]}[r.IntN(5)] + strings.Join(lines[i+1:], "")
			left += edittest.CheckComparison(t, JSON, enc.String(), is)
			edittest.CheckComparison(t, JSON, enc.String(), is[:r.IntN(len(is)+1)])
		}
	}
	if left == 0 {
		t.Error("nothing was left out")
	}
}

func TestComparisonSeesAnEmptyCollectionBecomeSomethingElse(t *testing.T) {
	values := []string{`[]`, `{}`, `""`, `"x"`, `null`, `3`, `true`, `[[]]`, `[{}]`, `[null]`, `{"k":[]}`, `{"k":{}}`}
	for _, was := range values {
		for _, is := range values {
			edittest.CheckComparison(t, JSON, was, is)
			edittest.CheckComparison(t, JSON, `{"a":`+was+`,"b":1}`, `{"a":`+is+`,"b":1}`)
			edittest.CheckComparison(t, JSON, `[1,`+was+`]`, `[1,`+is+`]`)
		}
	}
}
