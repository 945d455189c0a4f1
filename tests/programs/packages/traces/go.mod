// rundir panic
// Traces name functions by the import path of their package, with dots of its last element as %2e.
module example.com/m

go 1.27
