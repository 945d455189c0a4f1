// testdir exit 1 -args one two
// TestMain runs around all tests, and decides how the program ends.
module example.com/m

go 1.27
