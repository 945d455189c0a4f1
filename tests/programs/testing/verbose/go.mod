// testdir exit 1 -v .
// With -v everything is said at once.
module example.com/m

go 1.27
