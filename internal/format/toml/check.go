package toml

import (
	"math"
	"slices"
	"strconv"
	"time"

	"maps"

	"github.com/holdfast-go/holdfast/internal/format/edit"
)

// fill gives the scalars under n the decoded values, and reports whether n has the shape of the
// decoded value. Parts that are left out are not compared.
func fill(n *edit.Node, decoded any) bool {
	if dataOf(n).left != nil {
		return true // the decoder has read it
	}
	switch v := decoded.(type) {
	case map[string]any:
		if n.Kind != edit.Map || len(n.Entries) != len(v) {
			return false
		}
		for _, e := range n.Entries {
			if inner, ok := v[e.Key.Value]; !ok || !fill(e.Value, inner) {
				return false
			}
		}
		return true
	case []map[string]any:
		return fillList(n, len(v), func(i int) any { return v[i] })
	case []any:
		return fillList(n, len(v), func(i int) any { return v[i] })
	}
	if n.Kind != edit.Scalar {
		return false
	}
	var ok bool
	if n.Type, n.Value, ok = scalar(decoded); n.Type == edit.TypeString {
		n.Text = n.Value
	}
	return ok
}

func fillList(n *edit.Node, length int, at func(int) any) bool {
	if n.Kind != edit.List || len(n.Entries) != length {
		return false
	}
	for i, e := range n.Entries {
		if !fill(e.Value, at(i)) {
			return false
		}
	}
	return true
}

// scalar gives the type and the canonical form of a decoded value.
func scalar(decoded any) (typ, value string, ok bool) {
	switch v := decoded.(type) {
	case string:
		return edit.TypeString, v, true
	case bool:
		return edit.TypeBool, strconv.FormatBool(v), true
	case int64:
		return edit.TypeInt, strconv.FormatInt(v, 10), true
	case float64:
		return edit.TypeFloat, float(v), true
	case time.Time:
		return edit.TypeTime, v.Format(timeLayout(v)), true
	}
	return "", "", false
}

func float(v float64) string {
	switch {
	case math.IsNaN(v):
		return "nan"
	case math.IsInf(v, 0):
		if v < 0 {
			return "-inf"
		}
		return "inf"
	}
	text := strconv.FormatFloat(v, 'g', -1, 64)
	for _, c := range text {
		if c == '.' || c == 'e' {
			return text
		}
	}
	return text + ".0"
}

// timeLayout gives the layout of a time in TOML. The decoder marks local times by the
// name of their location.
func timeLayout(t time.Time) string {
	switch t.Location().String() {
	case "datetime-local":
		return "2006-01-02T15:04:05.999999999"
	case "date-local":
		return time.DateOnly
	case "time-local":
		return "15:04:05.999999999"
	}
	return time.RFC3339Nano
}

// treeOf gives the tree of a text without positions.
func treeOf(decoded any) *edit.Node {
	n := &edit.Node{Kind: edit.List}
	switch v := decoded.(type) {
	case map[string]any:
		n.Kind = edit.Map
		for _, key := range slices.Sorted(maps.Keys(v)) {
			n.Entries = append(n.Entries, edit.Entry{Key: edit.NewScalar(edit.TypeString, key), Value: treeOf(v[key])})
		}
	case []map[string]any:
		for _, e := range v {
			n.Entries = append(n.Entries, edit.Entry{Value: treeOf(e)})
		}
	case []any:
		for _, e := range v {
			n.Entries = append(n.Entries, edit.Entry{Value: treeOf(e)})
		}
	default:
		typ, value, _ := scalar(decoded)
		return edit.NewScalar(typ, value)
	}
	return n
}
