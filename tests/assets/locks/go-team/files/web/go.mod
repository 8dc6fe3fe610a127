module team.example/web

go 1.22

require (
	github.com/google/uuid v1.6.0
	rsc.io/quote v1.5.2
	team.example/api v0.0.0-00010101000000-000000000000
)

require (
	github.com/sirupsen/logrus v1.9.0 // indirect
	golang.org/x/sys v0.0.0-20220715151400-c0bba94af5f8 // indirect
	golang.org/x/text v0.0.0-20170915032832-14c0d48ead0c // indirect
	rsc.io/sampler v1.3.0 // indirect
	team.example/lib/log v0.0.0-00010101000000-000000000000 // indirect
)

replace rsc.io/sampler => rsc.io/sampler v1.99.99

replace (
	team.example/api => ../api
	team.example/lib/log => ../lib/log
)
