// rundir
// Files for other systems, tests, and folders that Go leaves out, are left out.
module example.com/m

go 1.27
