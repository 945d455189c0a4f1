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
            let info = self.prog.state.decls.get(obj);
            if let Some(init) = info.and_then(|info| self.initializer(obj, info)) {
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
            let Some(info) = self.prog.state.decls.get(obj) else {
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

    /// Reports variables and constants that refer to themselves, in the order in which Go finds them: one after the other,
    /// those that wait for the fewest others first, the first of a cycle no longer counts for those that wait for it.
    fn report_cycles(&mut self, objects: &[ObjId]) {
        let is_value = |obj: &ObjId| {
            matches!(
                self.object(*obj).kind,
                ObjectKind::Var(_) | ObjectKind::Const(_)
            )
        };
        // Functions may call themselves.
        if !self.objects_on_cycles(objects).iter().any(is_value) {
            return;
        }
        let values: Vec<ObjId> = objects.iter().copied().filter(is_value).collect();
        let needs: Vec<HashSet<ObjId, FixedState>> =
            values.iter().map(|&obj| self.needed_values(obj)).collect();
        let mut n_missing: Vec<usize> = needs.iter().map(HashSet::len).collect();
        let is_var = |at: usize| matches!(self.object(values[at]).kind, ObjectKind::Var(_));
        let mut queue: BTreeSet<(bool, usize, usize)> = (0..values.len())
            .map(|at| (is_var(at), n_missing[at], at))
            .collect();
        let mut cycles = Vec::new();
        while let Some((.., at)) = queue.pop_first() {
            let obj = values[at];
            if n_missing[at] > 0 {
                cycles.extend(self.path_to_itself(obj));
            }
            for (other, needs) in needs.iter().enumerate() {
                let key = (is_var(other), n_missing[other], other);
                if needs.contains(&obj) && queue.remove(&key) {
                    n_missing[other] -= 1;
                    queue.insert((key.0, n_missing[other], other));
                }
            }
        }
        for cycle in cycles {
            self.report_init_cycle(&cycle);
        }
    }

    /// The variables and constants that one refers to, itself or through functions.
    fn needed_values(&self, value: ObjId) -> HashSet<ObjId, FixedState> {
        let mut needed: HashSet<ObjId, FixedState> = HashSet::default();
        let mut seen: HashSet<ObjId, FixedState> = HashSet::default();
        let mut todo = vec![value];
        while let Some(obj) = todo.pop() {
            let Some(info) = self.prog.state.decls.get(obj) else {
                continue;
            };
            for &dep in &info.deps {
                if !matches!(self.object(dep).kind, ObjectKind::Func(_)) {
                    needed.insert(dep);
                } else if seen.insert(dep) {
                    todo.push(dep);
                }
            }
        }
        needed
    }

    /// The objects that may refer to themselves: what is left when those that refer to none that is left, and those
    /// that none refers to, are taken away.
    fn objects_on_cycles(&self, objects: &[ObjId]) -> HashSet<ObjId, FixedState> {
        let mut left: HashSet<ObjId, FixedState> = objects.iter().copied().collect();
        let deps = |obj: &ObjId| self.prog.state.decls.get(*obj).map(|info| &info.deps);
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

    /// The first way from an object to itself, depth first, what is declared first before the rest.
    fn path_to_itself(&self, start: ObjId) -> Option<Vec<ObjId>> {
        let pkg = self.object(start).pkg;
        let deps = |obj: ObjId| -> Vec<ObjId> {
            let info = self.prog.state.decls.get(obj);
            let mut deps: Vec<ObjId> = info
                .into_iter()
                .flat_map(|info| info.deps.iter().copied())
                .filter(|&dep| self.object(dep).pkg == pkg)
                .collect();
            deps.sort_by_key(|&dep| std::cmp::Reverse(self.object(dep).pos));
            deps
        };
        let mut seen: HashSet<ObjId, FixedState> = HashSet::default();
        let mut path = vec![start];
        let mut left = vec![deps(start)];
        while let Some(next) = left.last_mut().map(Vec::pop) {
            match next {
                Some(dep) if dep == start => return Some(path),
                Some(dep) if seen.insert(dep) => {
                    path.push(dep);
                    left.push(deps(dep));
                }
                Some(_) => {}
                None => {
                    path.pop();
                    left.pop();
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
