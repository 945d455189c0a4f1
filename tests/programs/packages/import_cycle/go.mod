// rundir exit 1
// Packages may not import each other.
module example.com/m

go 1.27
