//! The order in which package variables are initialised.
//!
//! The next variable is always the first in the source that is ready: everything that its initialiser refers to, itself
//! or through functions, is initialised. Of a lazy package only variables that were resolved take part.

use std::collections::{BTreeSet, HashMap, HashSet};

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic};

use super::Checker;
use super::state::Progress;
use crate::info::Initializer;
use crate::object::{ObjId, ObjectKind};
use crate::program::PkgId;

impl<'a> Checker<'a> {
    pub(super) fn init_order(&mut self, pkg: PkgId) {
        let objects = self.prog.state.packages[pkg.index()].objects.clone();
        let mut inits: Vec<Initializer> = Vec::new();
        let mut init_of: HashMap<ObjId, usize, FixedState> = HashMap::default();
        for &obj in &objects {
            let is_var = matches!(self.object(obj).kind, ObjectKind::Var(_));
            let is_resolved = self.prog.state.progress(obj) == Progress::Black;
            if !is_var || !is_resolved || init_of.contains_key(&obj) {
                continue;
            }
            let info = &self.prog.state.decls[&obj];
            if let Some(init) = self.initializer(obj, info) {
                for &var in &init.vars {
                    init_of.insert(var, inits.len());
                }
                inits.push(init);
            }
        }
        let needs: Vec<BTreeSet<usize>> = inits
            .iter()
            .map(|init| self.needed_inits(init, &init_of))
            .collect();
        let mut n_missing: Vec<usize> = needs.iter().map(BTreeSet::len).collect();
        let mut needed_by: Vec<Vec<usize>> = vec![Vec::new(); inits.len()];
        for (init, needs) in needs.iter().enumerate() {
            for &needed in needs {
                needed_by[needed].push(init);
            }
        }
        let mut ready: BTreeSet<usize> = (0..inits.len())
            .filter(|&init| n_missing[init] == 0)
            .collect();
        let mut order = Vec::with_capacity(inits.len());
        while let Some(init) = ready.pop_first() {
            order.push(inits[init].clone());
            for &next in &needed_by[init] {
                n_missing[next] -= 1;
                if n_missing[next] == 0 {
                    ready.insert(next);
                }
            }
        }
        self.report_cycles(&objects);
        self.prog.packages[pkg.index()].init_order = order;
    }

    /// The initialisers that one needs first.
    fn needed_inits(
        &self,
        init: &Initializer,
        init_of: &HashMap<ObjId, usize, FixedState>,
    ) -> BTreeSet<usize> {
        let mut needed = BTreeSet::new();
        let mut seen: HashSet<ObjId, FixedState> = HashSet::default();
        let mut todo: Vec<ObjId> = init.vars.clone();
        while let Some(obj) = todo.pop() {
            let Some(info) = self.prog.state.decls.get(&obj) else {
                continue;
            };
            for &dep in &info.deps {
                if !seen.insert(dep) {
                    continue;
                }
                match init_of.get(&dep) {
                    Some(&other) => {
                        needed.insert(other);
                    }
                    None if matches!(self.object(dep).kind, ObjectKind::Func(_)) => todo.push(dep),
                    None => {}
                }
            }
        }
        needed
    }

    /// Variables and constants that refer to themselves.
    fn report_cycles(&mut self, objects: &[ObjId]) {
        let on_cycle = self.objects_on_cycles(objects);
        let mut reported: HashSet<ObjId, FixedState> = HashSet::default();
        for &obj in objects {
            let is_value = matches!(
                self.object(obj).kind,
                ObjectKind::Var(_) | ObjectKind::Const(_)
            );
            if !is_value || !on_cycle.contains(&obj) || reported.contains(&obj) {
                continue;
            }
            if let Some(cycle) = self.path_to_itself(obj) {
                reported.extend(&cycle);
                self.report_init_cycle(&cycle);
            }
        }
    }

    /// The objects that may refer to themselves: what is left when those that refer to none that is left, and those
    /// that none refers to, are taken away.
    fn objects_on_cycles(&self, objects: &[ObjId]) -> HashSet<ObjId, FixedState> {
        let mut left: HashSet<ObjId, FixedState> = objects.iter().copied().collect();
        let deps = |obj: &ObjId| self.prog.state.decls.get(obj).map(|info| &info.deps);
        for is_forward in [true, false] {
            let mut edges: HashMap<ObjId, Vec<ObjId>, FixedState> = HashMap::default();
            let mut degree: HashMap<ObjId, usize, FixedState> = HashMap::default();
            for &from in &left {
                for &to in deps(&from)
                    .into_iter()
                    .flatten()
                    .filter(|to| left.contains(to))
                {
                    let (counted, other) = if is_forward { (from, to) } else { (to, from) };
                    *degree.entry(counted).or_default() += 1;
                    edges.entry(other).or_default().push(counted);
                }
            }
            let mut free: Vec<ObjId> = left
                .iter()
                .copied()
                .filter(|obj| !degree.contains_key(obj))
                .collect();
            while let Some(obj) = free.pop() {
                left.remove(&obj);
                for &next in edges.get(&obj).into_iter().flatten() {
                    if let Some(n_left) = degree.get_mut(&next) {
                        *n_left -= 1;
                        if *n_left == 0 {
                            free.push(next);
                        }
                    }
                }
            }
        }
        left
    }

    fn path_to_itself(&self, start: ObjId) -> Option<Vec<ObjId>> {
        let mut from: HashMap<ObjId, ObjId, FixedState> = HashMap::default();
        let mut todo = vec![start];
        let pkg = self.object(start).pkg;
        while let Some(obj) = todo.pop() {
            let Some(info) = self.prog.state.decls.get(&obj) else {
                continue;
            };
            for &dep in info.deps.iter().rev() {
                if dep == start {
                    let mut path = vec![obj];
                    let mut at = obj;
                    while let Some(&before) = from.get(&at) {
                        path.push(before);
                        at = before;
                    }
                    path.reverse();
                    return Some(path);
                }
                if self.object(dep).pkg == pkg && !from.contains_key(&dep) {
                    from.insert(dep, obj);
                    todo.push(dep);
                }
            }
        }
        None
    }

    fn report_init_cycle(&mut self, cycle: &[ObjId]) {
        let first = self.object(cycle[0]).clone();
        let span = self.name_span(first.pos, first.name);
        if let [_] = cycle {
            let text = format!("initialization cycle: {} refers to itself", first.name);
            self.push(Diagnostic::error(Code::InvalidInitCycle, span, text));
            return;
        }
        let text = format!("initialization cycle for {}", first.name);
        let mut diagnostic = Diagnostic::error(Code::InvalidInitCycle, span, text);
        for (i, &obj) in cycle.iter().enumerate() {
            let from = self.object(obj);
            let to = self.object(cycle[(i + 1) % cycle.len()]).name;
            let span = self.name_span(from.pos, from.name);
            diagnostic = diagnostic.also(span, format!("{} refers to {to}", from.name));
        }
        self.push(diagnostic);
    }
}
