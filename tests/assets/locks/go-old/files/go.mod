module old.example/thing

go 1.15

require (
	github.com/sirupsen/logrus v1.6.0
	github.com/stretchr/testify v1.5.1
	rsc.io/quote v1.5.2
)
