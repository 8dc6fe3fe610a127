// The shop.
module shop.example/Shop

go 1.26.0

toolchain go1.26.8

godebug default=go1.23

require (
	github.com/BurntSushi/toml v1.3.2
	github.com/dgrijalva/jwt-go v3.2.0+incompatible
	github.com/google/uuid v1.5.0 // the ids
	github.com/pkg/errors v0.9.1
	golang.org/x/exp v0.0.0-20231110203233-9a3e6036ecaa
	rsc.io/quote v1.5.2
	shop.example/pricing v0.0.0
)

require (
	github.com/golang-jwt/jwt v3.2.2+incompatible // indirect
	golang.org/x/mod v0.42.0 // indirect
	golang.org/x/sys v0.14.0 // indirect
	golang.org/x/text v0.44.0 // indirect
	golang.org/x/tools v0.52.0 // indirect
	golang.org/x/xerrors v0.0.0-20200804184101-5ec99f83aff1 // indirect
	gopkg.in/yaml.v3 v3.0.1 // indirect
	rsc.io/sampler v1.3.0 // indirect
)

exclude (
	github.com/google/uuid v1.4.0
	golang.org/x/text v0.3.1
)

replace (
	github.com/dgrijalva/jwt-go v3.2.0+incompatible => github.com/golang-jwt/jwt v3.2.1+incompatible
	github.com/pkg/errors => ./third/errors // ours
	golang.org/x/tools => golang.org/x/tools v0.1.0
	rsc.io/sampler => rsc.io/sampler v1.99.99
)

replace shop.example/pricing => ./pricing

retract [v0.1.0, v0.2.0] // broken

retract v0.3.0

tool golang.org/x/text/cmd/gotext
