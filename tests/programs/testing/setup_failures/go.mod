// testdir exit 1 ./...
// Packages whose tests cannot be loaded.
module example.com/m

go 1.27
