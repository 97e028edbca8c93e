package keep

// wishes says for each real file which value to set, by the keys that lead to
// it, so that every peer can express it: no list on the way, no dot in a key.
var wishes = map[string]struct {
	path  []string
	value any
}{
	"blackbox-example.yml":      {[]string{"modules", "http_2xx_example", "timeout"}, "7s"},
	"devcontainers-compose.yml": {[]string{"services", "db", "image"}, "postgres:17"},
	"etcd.conf.yml":             {[]string{"heartbeat-interval"}, 250},
	"ripgrep-ci.yml":            {[]string{"permissions", "contents"}, "write"},
	"traefik-golangci.yml":      {[]string{"linters", "exclusions", "generated"}, "strict"},
	"traefik.sample.yml":        {[]string{"entryPoints", "web", "address"}, ":8000"},

	"ripgrep-Cargo.toml":    {[]string{"package", "version"}, "15.3.0"},
	"starship-Cargo.toml":   {[]string{"package", "edition"}, "2027"},
	"starship-deny.toml":    {[]string{"licenses", "confidence-threshold"}, 0.9},
	"starship-jetpack.toml": {[]string{"fill", "symbol"}, "-"},
	"traefik.sample.toml":   {[]string{"entryPoints", "web", "address"}, ":8000"},

	"package.json":         {[]string{"version"}, "0.2.0"},
	"starship-dprint.json": {[]string{"markdown", "lineWidth"}, 120},

	"devcontainer.jsonc":      {[]string{"service"}, "web"},
	"etcd-markdownlint.jsonc": {[]string{"MD003", "style"}, "atx"},

	// The project's own.
	"service.yml":    {[]string{"server", "timeout"}, "60s"},
	"pipeline.yml":   {[]string{"jobs", "release", "runs-on"}, "windows"},
	"package.toml":   {[]string{"package", "version"}, "1.5.0"},
	"prompt.toml":    {[]string{"directory", "style"}, "bold red"},
	"settings.jsonc": {[]string{"editor", "fontSize"}, 16},
}
