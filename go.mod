module github.com/holdfast-go/holdfast

go 1.25.0

require (
	github.com/BurntSushi/toml v1.6.0
	github.com/gofrs/flock v0.13.1
	golang.org/x/sys v0.47.0
	gopkg.in/yaml.v3 v3.0.1
)
