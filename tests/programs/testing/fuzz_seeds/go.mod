// testdir exit 1 -v
// Fuzz tests run their seeds, of Add and of testdata, as subtests.
module example.com/m

go 1.27
