// rundir
// Files of Go and of Mini make up one package, ordered by name.
module "quoted.example/m"

go 1.27
