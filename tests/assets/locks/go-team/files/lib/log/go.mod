module team.example/lib/log

go 1.21
