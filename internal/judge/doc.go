// Package judge has edits judged by parsers that are not the ones that made them:
// python3-yaml and tomllib, and, with HOLDFAST_LONG=1, npm's yaml and jsonc-parser.
//
// A judge is given the text before and after an edit and what the edit was to do. It
// parses both texts, carries the edit out on its own value of the old text, and
// compares. So no two parsers have to agree on what a value is.
//
// The long form needs Node and the two packages:
//
//	npm install --prefix internal/judge/testdata yaml@2 jsonc-parser@3
//	HOLDFAST_LONG=1 go test -v -timeout 60m ./internal/judge
package judge
