//! Calls in the texts of allocation sites.
//!
//! Go's messages show the expression that allocates, and where that holds a call that was inlined, the call's result:
//! `~r0 escapes to heap`. The text is made by lowering, before inlining: it marks its calls by their positions, and the inliner, which
//! knows what became of them, takes the marks out again.

use mini_diagnostics::Pos;
use std::collections::HashMap;
use std::sync::Arc;

const OPEN: char = '\u{1}';
/// The same of an operand: the result stands in parentheses.
const OPEN_OPERAND: char = '\u{2}';
const TEXT: char = '\u{3}';
const CLOSE: char = '\u{4}';

/// Starts the text of the call at `pos`.
pub fn open(text: &mut String, pos: Pos, is_operand: bool) {
    text.push(if is_operand { OPEN_OPERAND } else { OPEN });
    text.push_str(&pos.0.to_string());
    text.push(TEXT);
}

/// Ends the text of the call that was opened last.
pub fn close(text: &mut String) {
    text.push(CLOSE);
}

/// The text without marks: inlined calls are the names of their results. `None`: it has no marks.
pub fn resolve(text: &str, results: &HashMap<Pos, Arc<str>>) -> Option<String> {
    if !text.contains(CLOSE) {
        return None;
    }
    let mut out = String::new();
    // Inside a call that is shown as its result, and how many calls deep in there.
    let mut hidden = 0;
    let mut rest = text;
    while let Some(at) = rest.find([OPEN, OPEN_OPERAND, CLOSE]) {
        if hidden == 0 {
            out.push_str(&rest[..at]);
        }
        let is_operand = rest[at..].starts_with(OPEN_OPERAND);
        let is_close = rest[at..].starts_with(CLOSE);
        rest = &rest[at + 1..];
        if is_close {
            hidden = u32::saturating_sub(hidden, 1);
            continue;
        }
        let (pos, tail) = rest.split_once(TEXT).unwrap_or(("", rest));
        rest = tail;
        if hidden > 0 {
            hidden += 1;
        } else if let Some(result) = pos.parse().ok().and_then(|pos| results.get(&Pos(pos))) {
            hidden = 1;
            match is_operand {
                true => out.push_str(&format!("({result})")),
                false => out.push_str(result),
            }
        }
    }
    if hidden == 0 {
        out.push_str(rest);
    }
    Some(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn inlined_calls_show_their_results() {
        let mut text = String::from("a[");
        open(&mut text, Pos(7), false);
        text.push_str("f(");
        open(&mut text, Pos(9), false);
        text.push_str("g()");
        close(&mut text);
        text.push(')');
        close(&mut text);
        text.push_str("] + ");
        open(&mut text, Pos(11), true);
        text.push_str("h()");
        close(&mut text);
        let show = |positions: &[u32]| {
            let results = positions.iter().map(|&pos| (Pos(pos), "~r0".into()));
            resolve(&text, &results.collect()).expect("marks")
        };
        assert_eq!(show(&[]), "a[f(g())] + h()");
        assert_eq!(show(&[9]), "a[f(~r0)] + h()");
        assert_eq!(show(&[7, 9, 11]), "a[~r0] + (~r0)");
        assert_eq!(resolve("x", &HashMap::new()), None);
    }
}
