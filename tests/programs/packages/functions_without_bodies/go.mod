// errorcheckdir
// A check accepts any package, and functions that are declared without a body.
module example.com/m

go 1.27
