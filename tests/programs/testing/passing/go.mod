// testdir
// Tests that pass print nothing but ok.
module example.com/m

go 1.27
