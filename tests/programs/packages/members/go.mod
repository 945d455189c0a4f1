// rundir
// Variables, constants, types, methods, closures and interfaces of other packages.
module example.com/m

go 1.27
