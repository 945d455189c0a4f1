// testdir exit 1
// A test that panics ends the program, after its result.
module example.com/m

go 1.27
