// testdir exit 1 ./...
// A test that ends the program with success has failed; TestMain may do so.
module exits

go 1.27
