// testdir -v -run none -benchtime 20ms
// Benchmarks as functions of the library: what they count.
module example.com/m

go 1.27
