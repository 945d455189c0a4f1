// testdir -parallel 2 -v
// Parallel tests run after the function around them, at most so many at once.
module example.com/m

go 1.27
