// rundir
// Embedded types of other packages bring their unexported methods and fields along, unseen.
module example.com/m

go 1.27
