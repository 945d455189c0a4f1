//! Lexer, grammar and syntax tree: source text to AST, no names resolved.
