// errorcheckdir
// Imports that mean nothing, or nothing that may be imported.
module example.com/m

go 1.27
