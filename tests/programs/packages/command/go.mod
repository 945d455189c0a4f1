// rundir ./cmd/app -args one two.mini
// A program in a folder of its module, with arguments.
module example.com/m

go 1.27
