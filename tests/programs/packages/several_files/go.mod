// rundir
// A package in several files: initialisation follows what variables need, then file names.
module example.com/m

go 1.27
