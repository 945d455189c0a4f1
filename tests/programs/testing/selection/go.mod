// testdir -v -run /^(b|c)$/1|Other$ -skip Not
// -run and -skip choose level by level.
module example.com/m

go 1.27
