module github.com/holdfast-go/holdfast/internal/fusetest

go 1.25.0

replace github.com/holdfast-go/holdfast => ../..

require (
	github.com/hanwen/go-fuse/v2 v2.12.1
	github.com/holdfast-go/holdfast v0.0.0-00010101000000-000000000000
	golang.org/x/sys v0.47.0
)

require (
	github.com/BurntSushi/toml v1.6.0 // indirect
	github.com/gofrs/flock v0.13.1 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
)
