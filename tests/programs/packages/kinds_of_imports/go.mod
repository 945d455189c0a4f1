// rundir
// Imports: renamed, with a dot, blank, and of a package whose name is not that of its folder.
module example.com/m

go 1.27
