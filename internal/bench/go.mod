module github.com/holdfast-go/holdfast/internal/bench

go 1.25.0

replace github.com/holdfast-go/holdfast => ../..

require (
	github.com/BurntSushi/toml v1.6.0
	github.com/gofrs/flock v0.13.1
	github.com/google/renameio/v2 v2.0.2
	github.com/holdfast-go/holdfast v0.0.0-00010101000000-000000000000
	github.com/natefinch/atomic v1.0.1
	golang.org/x/sys v0.47.0
	gopkg.in/yaml.v3 v3.0.1
)
