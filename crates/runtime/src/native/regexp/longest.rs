//! Leftmost-longest matching: the threads of Thompson's construction, run side by side (Pike's machine).
//!
//! Of the matches that begin leftmost the longest is taken; of the ways to match it the one that leftmost-first matching prefers.

use regex_automata::nfa::thompson::{NFA, State};
use regex_automata::util::primitives::StateID;

/// A thread: the state it is in, and the slots it has set.
struct Thread {
    state: StateID,
    slots: Vec<Option<usize>>,
}

/// Threads in order of preference, each state once.
struct Threads {
    list: Vec<Thread>,
    seen: Vec<bool>,
}

impl Threads {
    fn new(nfa: &NFA) -> Threads {
        Threads {
            list: Vec::new(),
            seen: vec![false; nfa.states().len()],
        }
    }

    fn clear(&mut self) {
        self.list.clear();
        self.seen.fill(false);
    }

    /// Adds the threads that `state` leads to without reading.
    fn add(&mut self, nfa: &NFA, text: &[u8], at: usize, state: StateID, slots: &[Option<usize>]) {
        let mut stack = vec![(state, slots.to_vec())];
        while let Some((id, mut slots)) = stack.pop() {
            if std::mem::replace(&mut self.seen[id.as_usize()], true) {
                continue;
            }
            match nfa.state(id) {
                State::Look { look, next } => {
                    if nfa.look_matcher().matches(*look, text, at) {
                        stack.push((*next, slots));
                    }
                }
                State::Union { alternates } => {
                    for &next in alternates.iter().rev() {
                        stack.push((next, slots.clone()));
                    }
                }
                State::BinaryUnion { alt1, alt2 } => {
                    stack.push((*alt2, slots.clone()));
                    stack.push((*alt1, slots));
                }
                State::Capture { next, slot, .. } => {
                    if let Some(place) = slots.get_mut(slot.as_usize()) {
                        *place = Some(at);
                    }
                    stack.push((*next, slots));
                }
                State::Fail => {}
                _ => self.list.push(Thread { state: id, slots }),
            }
        }
    }
}

/// The slots of the match that begins at or behind `from`, if there is one.
pub(super) fn find(
    nfa: &NFA,
    text: &[u8],
    from: usize,
    n_slots: usize,
) -> Option<Vec<Option<usize>>> {
    let (mut now, mut next) = (Threads::new(nfa), Threads::new(nfa));
    let mut best: Option<Vec<Option<usize>>> = None;
    for at in from..=text.len() {
        if best.is_none() {
            now.add(nfa, text, at, nfa.start_anchored(), &vec![None; n_slots]);
        } else if now.list.is_empty() {
            break;
        }
        for thread in &now.list {
            let to = match nfa.state(thread.state) {
                State::Match { .. } => {
                    let longer = best
                        .as_ref()
                        .is_none_or(|best| (thread.slots[0], best[1]) < (best[0], Some(at)));
                    if longer {
                        best = Some(thread.slots.clone());
                    }
                    continue;
                }
                State::ByteRange { trans } => trans.matches(text, at).then_some(trans.next),
                State::Sparse(sparse) => sparse.matches(text, at),
                State::Dense(dense) => dense.matches(text, at),
                _ => None,
            };
            // A thread that began behind the best match cannot become better.
            let is_late = best.as_ref().is_some_and(|best| thread.slots[0] > best[0]);
            if let Some(to) = to.filter(|_| !is_late) {
                next.add(nfa, text, at + 1, to, &thread.slots);
            }
        }
        std::mem::swap(&mut now, &mut next);
        next.clear();
    }
    best
}
