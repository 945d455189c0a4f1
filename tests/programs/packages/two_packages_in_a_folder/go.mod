// rundir exit 1
// The files of a folder belong to one package.
module example.com/m

go 1.27
