// testdir exit 1 -v
// Attributes and folders of tests with long names, and examples whose output follows a comment behind a statement.
module example.com/m

go 1.27
