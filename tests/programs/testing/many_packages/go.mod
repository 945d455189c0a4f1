// testdir exit 1 ./...
// Tests of all packages of a module: which pass, fail, are empty, cannot be built, or panic.
module example.com/m

go 1.27
