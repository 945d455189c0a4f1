//! Parameter tags: where the value of a parameter may go, seen from a caller.
//!
//! A tag is for each sink the least number of dereferences on a flow from the parameter to it. It is all that a call to
//! an analysed function needs to know of its body; `leaking param` lines are its printed form.

use smallvec::SmallVec;

/// Flows of one parameter.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Leaks {
    /// To the heap.
    pub(crate) heap: Option<u8>,
    /// To the pointer of a store.
    pub(crate) mutator: Option<u8>,
    /// To the function value of a call whose results are not tracked.
    pub(crate) callee: Option<u8>,
    /// To the i-th result.
    pub(crate) results: SmallVec<[Option<u8>; 4]>,
}

fn lower(slot: &mut Option<u8>, derefs: i32) {
    let derefs = derefs.clamp(0, u8::MAX as i32) as u8;
    *slot = Some(slot.map_or(derefs, |old| old.min(derefs)));
}

impl Leaks {
    /// The worst: the value itself is stored in the heap.
    pub(crate) fn to_heap() -> Leaks {
        Leaks {
            heap: Some(0),
            ..Leaks::default()
        }
    }

    pub(crate) fn add_heap(&mut self, derefs: i32) {
        lower(&mut self.heap, derefs);
    }

    pub(crate) fn add_mutator(&mut self, derefs: i32) {
        lower(&mut self.mutator, derefs);
    }

    pub(crate) fn add_callee(&mut self, derefs: i32) {
        lower(&mut self.callee, derefs);
    }

    pub(crate) fn add_result(&mut self, index: usize, derefs: i32) {
        if self.results.len() <= index {
            self.results.resize(index + 1, None);
        }
        lower(&mut self.results[index], derefs);
    }

    /// Drops flows that say nothing beyond a flow to the heap that is as short.
    pub(crate) fn optimize(&mut self) {
        let Some(heap) = self.heap else { return };
        let implied = |slot: &mut Option<u8>| {
            if slot.is_some_and(|derefs| derefs >= heap) {
                *slot = None;
            }
        };
        implied(&mut self.mutator);
        implied(&mut self.callee);
        self.results.iter_mut().for_each(implied);
    }

    /// Results that the value reaches, with the number of dereferences.
    pub(crate) fn to_results(&self) -> impl Iterator<Item = (usize, u8)> + '_ {
        self.results
            .iter()
            .enumerate()
            .filter_map(|(index, derefs)| derefs.map(|derefs| (index, derefs)))
    }
}

/// Tags of one function.
#[derive(Clone, Debug, Default)]
pub(crate) struct FuncTags {
    pub(crate) params: Vec<Leaks>,
    /// Of the closure context.
    pub(crate) context: Leaks,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shortest_flow_wins() {
        let mut leaks = Leaks::default();
        leaks.add_heap(2);
        leaks.add_heap(1);
        leaks.add_heap(3);
        assert_eq!(leaks.heap, Some(1));
    }

    #[test]
    fn a_flow_to_the_heap_covers_longer_ones() {
        let mut leaks = Leaks::default();
        leaks.add_heap(1);
        leaks.add_result(0, 1);
        leaks.add_result(1, 0);
        leaks.optimize();
        assert_eq!(leaks.to_results().collect::<Vec<_>>(), [(1, 0)]);
    }
}
