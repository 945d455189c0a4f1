package main

import "fmt"

func init() { fmt.Println("b.go") }

var fromGo = "from Go"
