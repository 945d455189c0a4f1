// rundir
// Packages are initialised after those they import, else by import path.
module example.com/m

go 1.27
