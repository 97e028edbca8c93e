package format_test

import (
	"encoding/json"
	"fmt"
	"math/big"
	"net/netip"
	"reflect"
	"slices"
	"strings"
	"time"
)

// change makes one change somewhere in v, which can be set.
func (g *valueMaker) change(v reflect.Value, depth int) {
	t := v.Type()
	inside := depth > 0 && g.r.IntN(6) > 0
	switch {
	case t == reflect.TypeFor[time.Time]() || t == reflect.TypeFor[netip.Addr]() || t == reflect.TypeFor[json.RawMessage]() || t == reflect.TypeFor[*big.Int]() || t == reflect.TypeFor[randomPair]():
	case t.Kind() == reflect.Struct && t.NumField() > 0:
		g.deletes = g.deletes || t == reflect.TypeFor[randomZero]()
		i := g.r.IntN(t.NumField())
		if v.Field(i).CanSet() {
			g.change(v.Field(i), depth-1)
		}
		return
	case t.Kind() == reflect.Pointer && !v.IsNil() && inside:
		g.change(v.Elem(), depth-1)
		return
	case t.Kind() == reflect.Interface && !v.IsNil() && inside:
		x := reflect.New(v.Elem().Type()).Elem()
		x.Set(v.Elem())
		g.change(x, depth-1)
		v.Set(x)
		return
	case t.Kind() == reflect.Array && t.Len() > 0:
		g.change(v.Index(g.r.IntN(t.Len())), depth-1)
		return
	case t.Kind() == reflect.Slice && v.Len() > 0 && inside && t.Elem().Kind() != reflect.Uint8:
		g.changeList(v, depth)
		return
	case t.Kind() == reflect.Map && v.Len() > 0 && inside:
		g.changeMap(v, depth)
		return
	}
	g.deletes = g.deletes || t.Kind() >= reflect.Array && t.Kind() != reflect.String && !v.IsZero()
	v.Set(g.value(t, 2))
	g.deletes = g.deletes || v.IsZero() // and may be left out
}

func (g *valueMaker) changeList(v reflect.Value, depth int) {
	n := v.Len()
	switch i, j := g.r.IntN(n), g.r.IntN(n); g.r.IntN(7) {
	case 0:
		v.Set(reflect.Append(v, g.value(v.Type().Elem(), 2)))
	case 1:
		g.deletes = true
		out := reflect.MakeSlice(v.Type(), 0, n)
		v.Set(reflect.AppendSlice(reflect.AppendSlice(out, v.Slice(0, i)), v.Slice(i+1, n)))
	case 2:
		out := reflect.MakeSlice(v.Type(), 0, n)
		out = reflect.Append(reflect.AppendSlice(out, v.Slice(0, i)), g.value(v.Type().Elem(), 2))
		v.Set(reflect.AppendSlice(out, v.Slice(i, n)))
	case 3:
		reflect.Swapper(v.Interface())(i, j)
	default:
		g.change(v.Index(i), depth-1)
	}
}

func (g *valueMaker) changeMap(v reflect.Value, depth int) {
	keys := v.MapKeys()
	slices.SortFunc(keys, func(a, b reflect.Value) int { return strings.Compare(fmt.Sprint(a), fmt.Sprint(b)) })
	key := keys[g.r.IntN(len(keys))]
	switch g.r.IntN(6) {
	case 0:
		g.deletes = true
		v.SetMapIndex(key, reflect.Value{})
	case 1:
		key := g.mapKey(v.Type().Key())
		g.deletes = g.deletes || v.MapIndex(key).IsValid()
		v.SetMapIndex(key, g.value(v.Type().Elem(), 2))
	case 2:
		g.deletes = true
		x := v.MapIndex(key)
		v.SetMapIndex(key, reflect.Value{})
		v.SetMapIndex(g.mapKey(v.Type().Key()), x)
	default:
		x := reflect.New(v.Type().Elem()).Elem()
		x.Set(v.MapIndex(key))
		g.change(x, depth-1)
		v.SetMapIndex(key, x)
	}
}
