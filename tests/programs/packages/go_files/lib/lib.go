package lib

const Name = "a library in Go"
