// escapedir
// Escape decisions over all files of the named packages.
module example.com/m

go 1.27
