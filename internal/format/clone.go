package format

import (
	"math/big"
	"reflect"
	"time"
)

// Clone is a copy of a value that shares no map, slice or pointee with it, except those in unexported
// fields.
func Clone[T any](v T) (c T) {
	new(cloner).copy(reflect.ValueOf(&c).Elem(), reflect.ValueOf(&v).Elem())
	return c
}

// cloner copies a value. For a probe it leaves out what is in maps, slices and interfaces, so that a
// decoder finds none of it. Something that is not nil stands for each.
type cloner struct {
	probe *overlay
	seen  map[cloned]reflect.Value // the copies that are being made, as a value may hold itself
}

// cloned identifies a pointer, map or slice.
type cloned struct {
	t  reflect.Type
	id any
}

// inDefault stands in an interface of a probe. A decoder that meets an interface with anything but a
// pointer in it stores a new value there.
type inDefault struct{}

func (c *cloner) copy(dst, src reflect.Value) {
	if !dst.CanSet() { // an embedded struct whose name is not exported
		c.fields(dst, src)
		return
	}
	dst.Set(src)
	t := src.Type()
	if c.probe != nil && c.probe.opaque(t) {
		new(cloner).copy(dst, src)
		return
	}
	switch src.Kind() {
	case reflect.Struct:
		if from := reflect.New(t); t.PkgPath() == "math/big" {
			from.Elem().Set(src)
			dst.SetZero() // Set would write the digits where those of src are
			copyNumber(dst.Addr(), from)
			return
		}
		c.fields(dst, src)
	case reflect.Array:
		for i := range src.Len() {
			c.copy(dst.Index(i), src.Index(i))
		}
	case reflect.Pointer, reflect.Map, reflect.Slice, reflect.Interface:
		if !src.IsNil() && t != reflect.TypeFor[*time.Location]() { // which is compared by its address
			c.referred(dst, src)
		}
	}
}

// fields copies the fields that a decoder can set.
func (c *cloner) fields(dst, src reflect.Value) {
	if dst.Kind() != reflect.Struct || src.Type() == TimeType {
		return
	}
	for i := range src.NumField() {
		if f := src.Type().Field(i); f.IsExported() || f.Anonymous && f.Type.Kind() == reflect.Struct {
			c.copy(dst.Field(i), src.Field(i))
		}
	}
}

// referred copies what a pointer, map, slice or interface that is not nil refers to.
func (c *cloner) referred(dst, src reflect.Value) {
	t := src.Type()
	switch {
	case t.Kind() == reflect.Interface:
		c.dynamic(dst, src)
		return
	case c.probe != nil && t.Kind() == reflect.Map:
		dst.Set(reflect.MakeMap(t))
		return
	case c.probe != nil && t.Kind() == reflect.Slice:
		dst.Set(reflect.MakeSlice(t, 0, 0))
		return
	}
	key := cloned{t, Identity(src)}
	if done, ok := c.seen[key]; ok {
		dst.Set(done)
		return
	}
	made := c.allocate(src)
	if c.seen == nil {
		c.seen = make(map[cloned]reflect.Value)
	}
	c.seen[key] = made
	defer delete(c.seen, key)
	dst.Set(made)
	switch t.Kind() {
	case reflect.Pointer:
		c.copy(made.Elem(), src.Elem())
	case reflect.Slice:
		for i := range src.Len() {
			c.copy(made.Index(i), src.Index(i))
		}
	case reflect.Map:
		for it := src.MapRange(); it.Next(); {
			value := reflect.New(t.Elem()).Elem()
			c.copy(value, it.Value())
			made.SetMapIndex(it.Key(), value)
		}
	}
}

func (c *cloner) allocate(src reflect.Value) reflect.Value {
	switch t := src.Type(); t.Kind() {
	case reflect.Map:
		return reflect.MakeMapWithSize(t, src.Len())
	case reflect.Slice:
		return reflect.MakeSlice(t, src.Len(), src.Len())
	default:
		p := reflect.New(t.Elem())
		if p.Type() != t { // a pointer type with a name
			p = p.Convert(t)
		}
		return p
	}
}

func (c *cloner) dynamic(dst, src reflect.Value) {
	if c.probe != nil && src.NumMethod() == 0 {
		dst.Set(reflect.ValueOf(inDefault{}))
		return
	}
	inner := reflect.New(src.Elem().Type()).Elem()
	c.copy(inner, src.Elem())
	dst.Set(inner)
}

// copyNumber copies a number whose digits lie where a decoder writes the digits of another one.
func copyNumber(to, from reflect.Value) {
	switch from := from.Interface().(type) {
	case *big.Int:
		to.Interface().(*big.Int).Set(from)
	case *big.Float:
		to.Interface().(*big.Float).Copy(from)
	case *big.Rat:
		to.Interface().(*big.Rat).Set(from)
	}
}
