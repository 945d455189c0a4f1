//! Which locals and stack-allocated objects a safepoint must tell the runtime of.
//!
//! Three data-flow analyses over MIR, one bit an item; an item is a local, or (behind the locals) an allocation site whose
//! object lives in the frame. Only items with pointers are tracked.
//!
//! - *live* (backward): the value may still be read, by the item's name.
//! - *maybe initialised* and *surely initialised* (forward): some path, every path to here has given it a value.
//!
//! A safepoint names what is live and maybe initialised there, and apart from it, as *objects*, exposed memory (address taken, or an
//! allocation site) that is maybe initialised: nothing here says when its last pointer dies, so the collector follows the
//! pointers that it meets. Where an item is named without being surely initialised, its words are zeroed when the function is entered.
//!
//! What an operation reads stays in the set of its own safepoints, since operands are read again behind an allocation; only calls
//! pass their operands on and forget them.

use mini_mir::body::{Statement, Terminator};
use mini_mir::{
    BlockId, Body, Call, Callee, LocalId, Operand, Place, PlaceBase, Proj, Rvalue, SelectCase,
    SiteId, StatementKind, TerminatorKind,
};
use smallvec::SmallVec;

/// A set of items.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct BitSet(SmallVec<[u64; 4]>);

impl BitSet {
    pub(crate) fn new(n: usize) -> BitSet {
        BitSet(SmallVec::from_elem(0, n.div_ceil(64)))
    }

    fn full(n: usize) -> BitSet {
        BitSet(SmallVec::from_elem(!0, n.div_ceil(64)))
    }

    pub(crate) fn insert(&mut self, i: usize) {
        self.0[i / 64] |= 1 << (i % 64);
    }

    pub(crate) fn remove(&mut self, i: usize) {
        self.0[i / 64] &= !(1 << (i % 64));
    }

    pub(crate) fn contains(&self, i: usize) -> bool {
        self.0[i / 64] >> (i % 64) & 1 != 0
    }

    pub(crate) fn union(&mut self, other: &BitSet) -> bool {
        let mut changed = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            changed |= *b & !*a != 0;
            *a |= b;
        }
        changed
    }

    pub(crate) fn intersect(&mut self, other: &BitSet) -> bool {
        let mut changed = false;
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            changed |= *a & !*b != 0;
            *a &= b;
        }
        changed
    }

    fn subtract(&mut self, other: &BitSet) {
        for (a, b) in self.0.iter_mut().zip(&other.0) {
            *a &= !b;
        }
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(w, &bits)| {
            std::iter::successors((bits != 0).then_some(bits), |b| {
                let rest = b & (b - 1);
                (rest != 0).then_some(rest)
            })
            .map(move |b| w * 64 + b.trailing_zeros() as usize)
        })
    }
}

/// How an item is stored, as far as the analyses care.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ItemKind {
    /// Not tracked: holds no pointers.
    Ignored,
    /// SSA variables.
    Variables,
    /// Memory in the frame whose address nobody has.
    Memory,
    /// Memory in the frame that pointers may point to.
    Exposed,
    /// A variable on the heap: a pointer to it, made at StorageLive (parameters and results: at entry).
    Boxed,
}

/// What a safepoint names.
#[derive(Clone, Debug, Default)]
pub(crate) struct Named {
    pub(crate) live: BitSet,
    /// Exposed items that are not live by name.
    pub(crate) objects: BitSet,
}

impl Named {
    fn new(n: usize) -> Named {
        Named {
            live: BitSet::new(n),
            objects: BitSet::new(n),
        }
    }

    fn union(&mut self, other: &Named) {
        self.live.union(&other.live);
        self.objects.union(&other.objects);
        self.objects.subtract(&self.live);
    }

    fn all(&self) -> BitSet {
        let mut all = self.live.clone();
        all.union(&self.objects);
        all
    }
}

/// What translation tells the analyses.
pub(crate) struct Question<'a> {
    pub(crate) body: &'a Body,
    /// One a local, then one a site.
    pub(crate) items: &'a [ItemKind],
    /// Whether executing the statement may run the collector or move the stack.
    pub(crate) is_safepoint: &'a dyn Fn(&StatementKind) -> bool,
    /// Whether the function allocates boxes when it is entered.
    pub(crate) entry_is_safepoint: bool,
}

/// The answer.
#[derive(Default)]
pub(crate) struct Flow {
    /// Reachable blocks in reverse postorder.
    pub(crate) order: Vec<BlockId>,
    /// Edges into each block from reachable ones.
    pub(crate) n_preds: Vec<u32>,
    /// What the safepoints of each block name, by index of the statement.
    pub(crate) safepoints: Vec<Vec<(u32, Named)>>,
    /// What allocations at entry name.
    pub(crate) entry: Named,
    /// Items that some safepoint names.
    pub(crate) crossing: BitSet,
    pub(crate) zero_at_entry: BitSet,
    /// What a landing pad may rely on; named by every call of a function with `defer`.
    pub(crate) always: Named,
    /// Items whose kind is [`ItemKind::Exposed`].
    pub(crate) exposed: BitSet,
}

struct Effects {
    uses: SmallVec<[usize; 8]>,
    /// Uses by the destination alone.
    dest_uses: SmallVec<[usize; 4]>,
    def: Option<usize>,
    /// Parts written, or memory given its first value.
    init: SmallVec<[usize; 2]>,
    /// Given a value before the statement's safepoint.
    init_before: Option<usize>,
    is_call: bool,
}

impl Flow {
    pub(crate) fn compute(q: &Question<'_>) -> Flow {
        let body = q.body;
        let (order, n_preds) = reverse_postorder(body);
        let n = q.items.len();
        let n_blocks = body.blocks.len();

        // Backward: live.
        let mut live_in = vec![BitSet::new(n); n_blocks];
        let mut changed = true;
        while changed {
            changed = false;
            for &block in order.iter().rev() {
                let mut live = live_out(q, block, &live_in);
                for statement in body.blocks[block].statements.iter().rev() {
                    step_back(q, statement, &mut live);
                }
                changed |= live_in[block.0 as usize].union(&live);
            }
        }

        // Forward: initialised.
        let mut at_entry = BitSet::new(n);
        for &local in body.params.iter().chain(&body.results).chain(&body.context) {
            at_entry.insert(local.0 as usize);
        }
        let mut maybe_in = vec![BitSet::new(n); n_blocks];
        let mut surely_in = vec![BitSet::full(n); n_blocks];
        maybe_in[0] = at_entry.clone();
        surely_in[0] = at_entry.clone();
        let mut changed = true;
        while changed {
            changed = false;
            for &block in &order {
                let mut maybe = maybe_in[block.0 as usize].clone();
                let mut surely = surely_in[block.0 as usize].clone();
                for statement in &body.blocks[block].statements {
                    step_forward(q, statement, &mut maybe, &mut surely);
                }
                for next in body.blocks[block].terminator.kind.successors() {
                    changed |= maybe_in[next.0 as usize].union(&maybe);
                    changed |= surely_in[next.0 as usize].intersect(&surely);
                }
            }
        }

        let mut exposed = BitSet::new(n);
        let mut tracked = BitSet::new(n);
        for (i, &kind) in q.items.iter().enumerate() {
            match kind {
                ItemKind::Ignored => continue,
                ItemKind::Exposed => exposed.insert(i),
                ItemKind::Variables | ItemKind::Memory | ItemKind::Boxed => {}
            }
            tracked.insert(i);
        }

        let mut always = Named::new(n);
        if body.has_defer {
            for &result in &body.results {
                always.live.insert(result.0 as usize);
            }
            always.live.intersect(&tracked);
            always.objects = exposed.clone();
            always.objects.subtract(&always.live);
        }
        let mut zero_at_entry = always.all();
        zero_at_entry.subtract(&at_entry);

        let mut entry = Named::new(n);
        if q.entry_is_safepoint {
            for i in at_entry.iter() {
                if !matches!(q.items[i], ItemKind::Ignored | ItemKind::Boxed) {
                    entry.live.insert(i);
                }
            }
        }
        let mut crossing = always.all();
        crossing.union(&entry.live);
        let mut flow = Flow {
            n_preds,
            safepoints: vec![vec![]; n_blocks],
            crossing,
            entry,
            zero_at_entry,
            always,
            exposed,
            order,
        };
        for index in 0..flow.order.len() {
            let block = flow.order[index];
            flow.block(q, block, &tracked, &live_in, &maybe_in, &surely_in);
        }
        flow
    }

    fn block(
        &mut self,
        q: &Question<'_>,
        block: BlockId,
        tracked: &BitSet,
        live_in: &[BitSet],
        maybe_in: &[BitSet],
        surely_in: &[BitSet],
    ) {
        let statements = &q.body.blocks[block].statements;
        let mut sets: Vec<(u32, Named)> = vec![];
        let mut live = live_out(q, block, live_in);
        for (i, statement) in statements.iter().enumerate().rev() {
            if (q.is_safepoint)(&statement.kind) {
                let effects = effects(q, statement);
                let mut set = live.clone();
                if let Some(def) = effects.def {
                    set.remove(def);
                }
                let used = if effects.is_call {
                    &effects.dest_uses[..]
                } else {
                    &effects.uses[..]
                };
                used.iter().for_each(|&u| set.insert(u));
                effects.init_before.iter().for_each(|&u| set.insert(u));
                let objects = BitSet::default();
                sets.push((i as u32, Named { live: set, objects }));
            }
            step_back(q, statement, &mut live);
        }
        sets.reverse();

        let mut maybe = maybe_in[block.0 as usize].clone();
        let mut surely = surely_in[block.0 as usize].clone();
        let mut next = 0;
        for (i, statement) in statements.iter().enumerate() {
            if let Some((at, named)) = sets.get_mut(next)
                && *at == i as u32
            {
                next += 1;
                let mut reached = maybe.clone();
                let mut safe = surely.clone();
                if let Some(before) = effects(q, statement).init_before {
                    reached.insert(before);
                    safe.insert(before);
                }
                reached.intersect(tracked);
                named.live.intersect(&reached);
                named.objects = reached;
                named.objects.intersect(&self.exposed);
                named.objects.subtract(&named.live);
                let mut unsure = named.all();
                unsure.subtract(&safe);
                self.zero_at_entry.union(&unsure);
                named.union(&self.always);
                self.crossing.union(&named.all());
            }
            step_forward(q, statement, &mut maybe, &mut surely);
        }
        self.safepoints[block.0 as usize] = sets;
    }
}

fn reverse_postorder(body: &Body) -> (Vec<BlockId>, Vec<u32>) {
    let n = body.blocks.len();
    let mut preds = vec![0; n];
    let mut seen = vec![false; n];
    let mut order = vec![];
    let mut stack = vec![(
        Body::ENTRY,
        body.blocks[Body::ENTRY].terminator.kind.successors(),
        0,
    )];
    seen[0] = true;
    while let Some((block, successors, next)) = stack.last_mut() {
        match successors.get(*next) {
            Some(&successor) => {
                *next += 1;
                let i = successor.0 as usize;
                preds[i] += 1;
                if !seen[i] {
                    seen[i] = true;
                    let successors = body.blocks[successor].terminator.kind.successors();
                    stack.push((successor, successors, 0));
                }
            }
            None => {
                order.push(*block);
                stack.pop();
            }
        }
    }
    order.reverse();
    (order, preds)
}

fn live_out(q: &Question<'_>, block: BlockId, live_in: &[BitSet]) -> BitSet {
    let mut live = BitSet::new(q.items.len());
    let terminator = &q.body.blocks[block].terminator;
    for next in terminator.kind.successors() {
        live.union(&live_in[next.0 as usize]);
    }
    terminator_uses(q, terminator, &mut |i| live.insert(i));
    live
}

fn terminator_uses(q: &Question<'_>, terminator: &Terminator, visit: &mut dyn FnMut(usize)) {
    match &terminator.kind {
        TerminatorKind::If { cond, .. } => operand_uses(cond, visit),
        TerminatorKind::Switch { value, .. } => operand_uses(value, visit),
        TerminatorKind::Panic(value) => operand_uses(value, visit),
        TerminatorKind::Return => q.body.results.iter().for_each(|r| visit(r.0 as usize)),
        TerminatorKind::Goto(_) | TerminatorKind::Unreachable => {}
    }
}

fn step_back(q: &Question<'_>, statement: &Statement, live: &mut BitSet) {
    let effects = effects(q, statement);
    if let Some(def) = effects.def {
        live.remove(def);
    }
    effects.uses.iter().for_each(|&u| live.insert(u));
}

fn step_forward(q: &Question<'_>, statement: &Statement, maybe: &mut BitSet, surely: &mut BitSet) {
    let effects = effects(q, statement);
    for item in effects.def.into_iter().chain(effects.init_before) {
        maybe.insert(item);
        surely.insert(item);
    }
    effects.init.iter().for_each(|&i| maybe.insert(i));
}

fn effects(q: &Question<'_>, statement: &Statement) -> Effects {
    let mut out = Effects {
        uses: SmallVec::new(),
        dest_uses: SmallVec::new(),
        def: None,
        init: SmallVec::new(),
        init_before: None,
        is_call: false,
    };
    let uses = &mut out.uses;
    let mut visit = |i| uses.push(i);
    match &statement.kind {
        StatementKind::Assign(place, rvalue) => {
            out.is_call = matches!(rvalue, Rvalue::Call(_));
            rvalue_uses(rvalue, &mut visit, &mut |local| {
                out.init.push(local.0 as usize)
            });
            if let Some(site) = site_of(rvalue) {
                out.init.push(q.body.locals.len() + site.0 as usize);
            }
            dest_effects(q, place, &mut out);
        }
        StatementKind::StorageLive(local) => out.def = Some(local.0 as usize),
        StatementKind::MapSet { map, key, value } => {
            [map, key, value]
                .into_iter()
                .for_each(|o| operand_uses(o, &mut visit));
        }
        StatementKind::MapDelete { map, key } => {
            [map, key]
                .into_iter()
                .for_each(|o| operand_uses(o, &mut visit));
        }
        StatementKind::MapClear(value)
        | StatementKind::SliceClear(value)
        | StatementKind::Close(value)
        | StatementKind::Go(value)
        | StatementKind::Defer(value)
        | StatementKind::DeferList(value)
        | StatementKind::NilCheck(value) => operand_uses(value, &mut visit),
        StatementKind::MapIterInit { iter, map } => {
            operand_uses(map, &mut visit);
            out.init_before = Some(iter.0 as usize);
        }
        StatementKind::Send { chan, value } => {
            [chan, value]
                .into_iter()
                .for_each(|o| operand_uses(o, &mut visit));
        }
        StatementKind::BoundsCheck { index, len } => {
            [index, len]
                .into_iter()
                .for_each(|o| operand_uses(o, &mut visit));
        }
        StatementKind::Print { args, .. } => args.iter().for_each(|a| operand_uses(a, &mut visit)),
        StatementKind::RunDefers | StatementKind::Nop => {}
    }
    out
}

fn dest_effects(q: &Question<'_>, place: &Place, out: &mut Effects) {
    let mut uses = SmallVec::<[usize; 4]>::new();
    let mut through_pointer = false;
    for step in &place.proj {
        match step {
            Proj::Deref { .. } => through_pointer = true,
            Proj::Index { index, .. } => uses.push(index.0 as usize),
            Proj::Field(_) | Proj::ConstIndex { .. } => {}
        }
    }
    if let PlaceBase::Local(local) = place.base {
        let item = local.0 as usize;
        // Indexing a slice goes through its pointer.
        let reads_base = through_pointer
            || q.items[item] == ItemKind::Boxed
            || place
                .proj
                .iter()
                .any(|p| matches!(p, Proj::Index { .. } | Proj::ConstIndex { .. }));
        if reads_base {
            uses.push(item);
        } else if place.proj.is_empty() {
            out.def = Some(item);
        } else {
            out.init.push(item);
        }
    }
    out.uses.extend(uses.iter().copied());
    out.dest_uses = uses;
}

/// The allocation site of an operation that can put its object into the frame.
fn site_of(rvalue: &Rvalue) -> Option<SiteId> {
    match rvalue {
        Rvalue::New(site)
        | Rvalue::MakeSlice { site, .. }
        | Rvalue::MakeClosure { site, .. }
        | Rvalue::MakeInterface { site, .. } => Some(*site),
        _ => None,
    }
}

fn place_uses(place: &Place, visit: &mut dyn FnMut(usize)) {
    if let PlaceBase::Local(local) = place.base {
        visit(local.0 as usize);
    }
    for step in &place.proj {
        if let Proj::Index { index, .. } = step {
            visit(index.0 as usize);
        }
    }
}

fn operand_uses(operand: &Operand, visit: &mut dyn FnMut(usize)) {
    if let Operand::Copy(place) = operand {
        place_uses(place, visit);
    }
}

fn call_uses(call: &Call, visit: &mut dyn FnMut(usize)) {
    match &call.callee {
        Callee::Static(_) => {}
        Callee::Value(value) => operand_uses(value, visit),
        Callee::Method { receiver, .. } => operand_uses(receiver, visit),
    }
    call.args.iter().for_each(|a| operand_uses(a, visit));
}

/// Locals that an rvalue reads, and those that it writes besides its result.
fn rvalue_uses(rvalue: &Rvalue, visit: &mut dyn FnMut(usize), writes: &mut dyn FnMut(LocalId)) {
    let all = |operands: &[Operand], visit: &mut dyn FnMut(usize)| {
        operands.iter().for_each(|o| operand_uses(o, visit));
    };
    match rvalue {
        Rvalue::Use(a) | Rvalue::Unary(_, a) | Rvalue::Len(a) | Rvalue::Cap(a) => {
            operand_uses(a, visit);
        }
        Rvalue::Binary(_, a, b) => [a, b].into_iter().for_each(|o| operand_uses(o, visit)),
        Rvalue::Convert { value, .. }
        | Rvalue::MakeInterface { value, .. }
        | Rvalue::TypeAssert { value, .. }
        | Rvalue::TypeIs { value, .. }
        | Rvalue::Unbox { value, .. }
        | Rvalue::ConvertInterface { value, .. } => operand_uses(value, visit),
        Rvalue::Ref(place) => place_uses(place, visit),
        Rvalue::Aggregate { parts, .. } | Rvalue::Concat { parts, .. } => all(parts, visit),
        Rvalue::New(_) | Rvalue::Recover => {}
        Rvalue::MakeSlice { len, cap, .. } => {
            [len, cap].into_iter().for_each(|o| operand_uses(o, visit));
        }
        Rvalue::MakeClosure { captures, .. } => all(captures, visit),
        Rvalue::MakeMap { hint, .. } => operand_uses(hint, visit),
        Rvalue::MakeChan { size, .. } => operand_uses(size, visit),
        Rvalue::Append { slice, values, .. } => {
            operand_uses(slice, visit);
            all(values, visit);
        }
        Rvalue::AppendSlice { slice, other, .. } => {
            [slice, other]
                .into_iter()
                .for_each(|o| operand_uses(o, visit));
        }
        Rvalue::Slice {
            base,
            low,
            high,
            max,
            ..
        } => {
            operand_uses(base, visit);
            for bound in [low, high, max].into_iter().flatten() {
                operand_uses(bound, visit);
            }
        }
        Rvalue::CopySlice { dst, src } => {
            [dst, src].into_iter().for_each(|o| operand_uses(o, visit));
        }
        Rvalue::DecodeRune { string, index } => {
            [string, index]
                .into_iter()
                .for_each(|o| operand_uses(o, visit));
        }
        Rvalue::MapGet { map, key, .. } | Rvalue::MapEntry { map, key } => {
            [map, key].into_iter().for_each(|o| operand_uses(o, visit));
        }
        Rvalue::MapIterNext { iter } => visit(iter.0 as usize),
        Rvalue::Receive { chan, .. } => operand_uses(chan, visit),
        Rvalue::Select { cases, .. } => {
            for case in cases {
                match case {
                    SelectCase::Send { chan, value } => {
                        operand_uses(chan, visit);
                        operand_uses(value, visit);
                    }
                    SelectCase::Receive { chan, dest } => {
                        operand_uses(chan, visit);
                        dest.iter().for_each(|&d| writes(d));
                    }
                }
            }
        }
        Rvalue::Call(call) => call_uses(call, visit),
    }
}
