//! Lexer, grammar and syntax tree: source text to AST, no names resolved.
//!
//! * [`ast`]: the tree. Types are expressions; the checker tells them apart.
//! * [`symbol`]: interned names and literal texts.
//! * [`print`]: expressions back to source, in the form Go's compiler uses in its messages.
#![forbid(unsafe_code)]

pub mod ast;
mod branches;
mod builder;
mod context;
pub mod dump;
pub mod lexer;
pub mod literal;
mod mistake;
mod nesting;
mod parse;
pub mod print;
pub mod symbol;
pub mod token;
mod unread;

pub use ast::ExprId;
pub use nesting::MAX_DEPTH;
pub use parse::{parse_body, parse_file, parse_func, parse_outline};
pub use symbol::Symbol;
