// Package cjson is a format package: JSON that is compressed with gzip, for files that end in .json.gz or .cjson. A program needs
// only the import:
//
//	import _ "github.com/holdfast-go/holdfast/examples/plugin/cjson"
//
// Other programs read the files with gunzip(1) or zcat(1). A package of your own is a module that requires Holdfast and has a
// function like init below.
package cjson

import (
	"github.com/holdfast-go/holdfast/codec"
	"github.com/holdfast-go/holdfast/registry"
)

func init() {
	compressed := codec.Gzip(codec.JSON())
	registry.Register(".json.gz", compressed)
	registry.Register(".cjson", compressed)
}
