// testdir exit 1
// What failing tests print: their place, what they log, subtests below them.
module example.com/m

go 1.27
