// testdir
// Temporary folders, variables of the environment, the working directory: all undone.
module example.com/m

go 1.27
