module github.com/holdfast-go/holdfast/internal/format/toml/corpustest

go 1.25.0

require (
	github.com/holdfast-go/holdfast v0.0.0
	github.com/toml-lang/toml-test/v2 v2.2.0
)

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)

replace github.com/holdfast-go/holdfast => ../../../..
