// rundir exit 1
// Only a package main can be run.
module example.com/m

go 1.27
