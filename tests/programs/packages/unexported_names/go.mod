// errorcheckdir
// What another package does not export is refused in words that say so.
module example.com/m

go 1.27
