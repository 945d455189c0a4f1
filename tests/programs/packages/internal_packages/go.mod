// rundir
// Internal packages may be imported from the tree of their parent.
module example.com/m

go 1.27
