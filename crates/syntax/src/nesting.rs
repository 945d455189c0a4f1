//! A bound on how deep a tree may be, so that no pass that walks trees by recursion overflows its stack.
//!
//! The tree does not exist yet: the bound is computed from the tokens, before the grammar sees them. A level of the tree
//! comes from a bracket or from a link in a chain (`a + b + …`, `a.b.c…`, `!!…x`, `[][]…T`, `else if … else if …`), and
//! chains are broken by separators. So the links since the last separator, added up over all open brackets, are never
//! fewer than the levels above the token at hand.

use crate::token::{Kind, Token};

/// The deepest tree that is accepted. Passes that recurse over trees need stacks that hold this many of their frames.
///
/// Go's compiler has no such limit because its stacks grow; generated programs chain some ten thousand operands, what people
/// write stays below a hundredth of it.
pub const MAX_DEPTH: usize = 25_000;

/// Index of the first token that would be nested deeper than [`MAX_DEPTH`].
pub(crate) fn first_too_deep(tokens: &[Token]) -> Option<usize> {
    // Each token leads one level deeper at most.
    if tokens.len() <= MAX_DEPTH {
        return None;
    }
    // Links of the chain at hand, for every open bracket.
    let mut chains = vec![0usize];
    let mut depth = 0;
    for (index, token) in tokens.iter().enumerate() {
        let kind = token.tok.kind;
        let top = chains.last_mut().expect("the file stays open");
        if kind.opens() {
            *top += 1;
            chains.push(0);
            depth += 1;
        } else if matches!(kind, Kind::RParen | Kind::RBrack | Kind::RBrace) {
            if chains.len() > 1 {
                depth -= chains.pop().unwrap_or_default();
            }
        } else if is_separator(kind) {
            depth -= std::mem::take(top);
        } else if is_link(kind) {
            *top += 1;
            depth += 1;
        }
        if depth > MAX_DEPTH {
            return Some(index);
        }
    }
    None
}

fn is_separator(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        Semi | Comma | Define | Assign | AssignOp | Case | Default | Range
    )
}

fn is_link(kind: Kind) -> bool {
    use Kind::*;
    matches!(
        kind,
        BinaryOp | AddOp | Bar | Star | Arrow | Not | Tilde | Dot | Colon | Chan | Func | Else
    )
}
