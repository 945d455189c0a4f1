// rundir
// Types of one name in two packages differ, and so do unexported fields and methods; aliases do not.
module example.com/m

go 1.27
