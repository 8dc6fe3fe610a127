module team.example/api

go 1.21

require (
	github.com/google/uuid v1.3.0
	github.com/sirupsen/logrus v1.9.0
	team.example/lib/log v0.0.0-00010101000000-000000000000
)

require golang.org/x/sys v0.0.0-20220715151400-c0bba94af5f8 // indirect

replace team.example/lib/log => ../lib/log
