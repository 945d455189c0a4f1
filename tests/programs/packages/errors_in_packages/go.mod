// errorcheckdir
// Errors of all packages but those that import a wrong one; each of all files.
module example.com/m

go 1.27
