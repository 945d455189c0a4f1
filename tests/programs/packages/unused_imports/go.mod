// errorcheckdir
// Imports that a file does not use, whatever other files do.
module example.com/m

go 1.27
