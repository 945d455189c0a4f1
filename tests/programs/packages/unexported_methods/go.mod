// rundir
// Unexported methods of one name from different packages are different methods, in one type and in one interface.
module example.com/m

go 1.27
