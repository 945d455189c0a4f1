//! Types, constants and the checker: AST to checked program.
