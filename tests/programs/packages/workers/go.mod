// rundir
// Goroutines, channels, closures and maps across packages.
module example.com/m

go 1.27
