//! What is known of integers at a point: differences `a <= b + c` of values, taken as mathematical integers.
//!
//! Facts are learned on the way and forgotten on leaving their scope; others follow from how a value was computed: sums with
//! constants that cannot overflow, lengths, remainders, middles, loop variables. A difference is proved by a short chain
//! of facts, searched from both ends.

use super::ssa::{Expr, Ssa, ValueId, int_range, is_wide_unsigned};
use crate::cfg::Cfg;
use crate::ids::BlockId;
use crate::rvalue::BinOp;
use crate::types::{TyKind, TyTable};
use smallvec::SmallVec;
use std::collections::HashMap;

/// No slice or string is longer.
const MAX_LEN: i64 = 1 << 48;
/// Steps of a chain, from each end.
const MAX_STEPS: usize = 5;
/// Values looked at from each end of a chain.
const MAX_REACHED: usize = 32;
/// Steps of a loop variable up to which its overflow is taken to need longer than anyone waits.
const MAX_SMALL_STEP: u64 = 1 << 10;

type Map<V> = HashMap<ValueId, V, foldhash::fast::FixedState>;

pub(super) struct Bounds<'a> {
    pub(super) types: &'a TyTable,
    pub(super) cfg: &'a Cfg,
    pub(super) ssa: Ssa,
    /// `a <= b + c`, by `a`.
    up: Map<SmallVec<[(ValueId, i64); 4]>>,
    /// The same, by `b`: `(a, c)`.
    down: Map<SmallVec<[(ValueId, i64); 4]>>,
    /// Facts in the order they were learned.
    undo: Vec<(ValueId, ValueId)>,
    /// Proofs under way, one in the other.
    depth: u32,
}

impl<'a> Bounds<'a> {
    pub(super) fn new(types: &'a TyTable, cfg: &'a Cfg, ssa: Ssa) -> Bounds<'a> {
        Bounds {
            types,
            cfg,
            ssa,
            up: Map::default(),
            down: Map::default(),
            undo: vec![],
            depth: 0,
        }
    }

    /// To go back to with [`Bounds::leave`].
    pub(super) fn mark(&self) -> usize {
        self.undo.len()
    }

    pub(super) fn leave(&mut self, mark: usize) {
        for (a, b) in self.undo.drain(mark..).rev() {
            self.up.get_mut(&a).map(SmallVec::pop);
            self.down.get_mut(&b).map(SmallVec::pop);
        }
    }

    /// a <= b + c
    pub(super) fn learn(&mut self, a: ValueId, b: ValueId, c: i64) {
        if a == b {
            return;
        }
        self.up.entry(a).or_default().push((b, c));
        self.down.entry(b).or_default().push((a, c));
        self.undo.push((a, b));
    }

    /// 0 <= index < len
    pub(super) fn learn_in_range(&mut self, index: ValueId, len: ValueId) {
        self.learn(ValueId::ZERO, index, 0);
        self.learn(index, len, -1);
    }

    // ---- Proofs ----

    /// Whether a <= b + c is known.
    pub(super) fn le(&mut self, a: ValueId, b: ValueId, c: i64) -> bool {
        if self.depth >= 3 {
            return a == b && c >= 0;
        }
        self.depth += 1;
        let proved = self.search(a, b, c);
        self.depth -= 1;
        proved
    }

    fn search(&mut self, a: ValueId, b: ValueId, c: i64) -> bool {
        if a == b {
            return c >= 0;
        }
        // From below: a <= x + d. From above: x <= b + e. They meet at x if d + e <= c.
        let above = self.reach(a, true, b, c);
        if above.iter().any(|&(x, d)| x == b && d <= c) {
            return true;
        }
        let below = self.reach(b, false, a, c);
        below.iter().any(|&(x, e)| {
            above
                .iter()
                .any(|&(y, d)| x == y && d.saturating_add(e) <= c)
        })
    }

    /// Values with the least difference found; stops when `goal` is within `enough`.
    fn reach(
        &mut self,
        from: ValueId,
        upwards: bool,
        goal: ValueId,
        enough: i64,
    ) -> SmallVec<[(ValueId, i64); 16]> {
        let mut reached: SmallVec<[(ValueId, i64); 16]> = SmallVec::new();
        reached.push((from, 0));
        let mut start = 0;
        for _ in 0..MAX_STEPS {
            let end = reached.len();
            for index in start..end {
                let (value, so_far) = reached[index];
                for (next, step) in self.neighbours(value, upwards) {
                    let Some(total) = so_far.checked_add(step) else {
                        continue;
                    };
                    let n_reached = reached.len();
                    match reached.iter_mut().find(|(x, _)| *x == next) {
                        Some((_, known)) if *known <= total => continue,
                        Some((_, known)) => *known = total,
                        None if n_reached < MAX_REACHED => reached.push((next, total)),
                        None => continue,
                    }
                    if next == goal && total <= enough {
                        return reached;
                    }
                }
            }
            if reached.len() == end {
                break;
            }
            start = end;
        }
        reached
    }

    /// `(x, c)`: value <= x + c if upwards, else x <= value + c.
    fn neighbours(&mut self, value: ValueId, upwards: bool) -> SmallVec<[(ValueId, i64); 8]> {
        let mut found: SmallVec<[(ValueId, i64); 8]> = SmallVec::new();
        let facts = if upwards { &self.up } else { &self.down };
        if let Some(facts) = facts.get(&value) {
            found.extend(facts.iter().rev().take(8).copied());
        }
        if upwards {
            self.implied_up(value, &mut found);
        } else {
            self.implied_down(value, &mut found);
        }
        if value != ValueId::ZERO
            && let Some((least, greatest)) = int_range(self.types, self.ssa.values[value].ty)
        {
            if !upwards && least > i64::MIN {
                found.push((ValueId::ZERO, -least));
            }
            if upwards
                && greatest < i64::MAX
                && !is_wide_unsigned(self.types, self.ssa.values[value].ty)
            {
                found.push((ValueId::ZERO, greatest));
            }
        }
        found
    }

    pub(super) fn is_non_negative(&mut self, value: ValueId) -> bool {
        self.le(ValueId::ZERO, value, 0)
    }

    fn implied_up(&mut self, value: ValueId, found: &mut SmallVec<[(ValueId, i64); 8]>) {
        match self.ssa.expr(value).clone() {
            Expr::Int(n) => found.push((ValueId::ZERO, n)),
            Expr::AddConst(x, k) if self.cannot_overflow(value, x, k) => found.push((x, k)),
            Expr::Sub(x, y)
                if self.depth < 2
                // x - y <= x if y >= 0; nothing overflows if x >= 0 as well.
                && self.is_non_negative(y) && self.is_non_negative(x) && self.le(y, x, 0) =>
            {
                found.push((x, 0));
            }
            Expr::And(x, y) => {
                for z in [x, y] {
                    if self.is_non_negative(z) {
                        found.push((z, 0));
                    }
                }
            }
            Expr::Rem(x, y) => {
                if self.is_non_negative(y) {
                    found.push((y, -1));
                }
                if self.is_non_negative(x) {
                    found.push((x, 0));
                }
            }
            Expr::Div(x, y) if self.is_non_negative(x) && self.is_non_negative(y) => {
                found.push((x, 0));
                self.half_up(x, y, found);
            }
            Expr::Shr(x, y) if self.is_non_negative(x) => {
                found.push((x, 0));
                if let Expr::Int(1) = self.ssa.expr(y) {
                    let two = self.ssa.int(2);
                    self.half_up(x, two, found);
                }
                if let (&Expr::Int(n @ 1..=63), Some((_, greatest))) = (
                    self.ssa.expr(y),
                    int_range(self.types, self.ssa.values[x].ty),
                ) {
                    let bound = if is_wide_unsigned(self.types, self.ssa.values[x].ty) {
                        i64::try_from(u64::MAX >> n).unwrap_or(i64::MAX)
                    } else {
                        greatest >> n
                    };
                    found.push((ValueId::ZERO, bound));
                }
            }
            Expr::Min(x, y) => found.extend([(x, 0), (y, 0)]),
            Expr::Cast(x) if self.keeps_value(value, x) => found.push((x, 0)),
            Expr::Len(of) => {
                found.push((ValueId::ZERO, MAX_LEN));
                if matches!(self.types.kind(self.ssa.values[of].ty), TyKind::Slice(_)) {
                    let cap = self.ssa.length(of, true, self.ssa.values[of].block);
                    found.push((cap, 0));
                }
                self.length_terms(of, &mut |base, k| found.push((base, k)));
                if let Expr::Slice(base, Some(_), high) = *self.ssa.expr(of) {
                    // A part is no longer than the whole.
                    let whole = match high {
                        Some(high) => high,
                        None => self.ssa.length(base, false, self.ssa.values[of].block),
                    };
                    found.push((whole, 0));
                }
            }
            Expr::Cap(_) => found.push((ValueId::ZERO, MAX_LEN)),
            Expr::CopyCount(x, y) => found.extend([(x, 0), (y, 0)]),
            Expr::Phi(block, args) => {
                if let Some((first, step)) = self.induction(value, block, &args)
                    && step < 0
                {
                    found.push((first, 0));
                }
            }
            _ => {}
        }
    }

    fn implied_down(&mut self, value: ValueId, found: &mut SmallVec<[(ValueId, i64); 8]>) {
        match self.ssa.expr(value).clone() {
            Expr::Int(n) if n != i64::MIN => found.push((ValueId::ZERO, -n)),
            Expr::AddConst(x, k) if self.cannot_overflow(value, x, k) => found.push((x, -k)),
            Expr::Add(x, y) if self.depth < 2 => {
                // Two lengths or so: the sum is far from overflow.
                let small = |this: &mut Self, z| {
                    this.is_non_negative(z) && this.le(z, ValueId::ZERO, MAX_LEN)
                };
                if small(self, x) && small(self, y) {
                    found.extend([(x, 0), (y, 0)]);
                }
            }
            Expr::Sub(x, y) if self.depth < 2 && self.le(y, x, 0) && self.is_non_negative(y) => {
                found.push((ValueId::ZERO, 0));
            }
            Expr::And(x, y) if (self.is_non_negative(x) || self.is_non_negative(y)) => {
                found.push((ValueId::ZERO, 0));
            }
            Expr::Rem(x, _) if self.is_non_negative(x) => {
                found.push((ValueId::ZERO, 0));
            }
            Expr::Div(x, y) if self.is_non_negative(x) && self.is_non_negative(y) => {
                found.push((ValueId::ZERO, 0));
                self.half_down(x, y, found);
            }
            Expr::Shr(x, y) if self.is_non_negative(x) => {
                found.push((ValueId::ZERO, 0));
                if let Expr::Int(1) = self.ssa.expr(y) {
                    let two = self.ssa.int(2);
                    self.half_down(x, two, found);
                }
            }
            Expr::Max(x, y) => found.extend([(x, 0), (y, 0)]),
            Expr::Cast(x) if self.keeps_value(value, x) => found.push((x, 0)),
            Expr::Len(of) => {
                found.push((ValueId::ZERO, 0));
                self.length_terms(of, &mut |base, k| found.push((base, -k)));
            }
            Expr::Cap(of) => {
                let len = self.ssa.length(of, false, self.ssa.values[of].block);
                found.extend([(ValueId::ZERO, 0), (len, 0)]);
            }
            Expr::CopyCount(..) => found.push((ValueId::ZERO, 0)),
            Expr::Phi(block, args) => {
                if let Some((first, step)) = self.induction(value, block, &args)
                    && step > 0
                {
                    found.push((first, 0));
                }
            }
            _ => {}
        }
    }

    /// The middle of two values is not above the greater.
    fn half_up(&mut self, sum: ValueId, by: ValueId, found: &mut SmallVec<[(ValueId, i64); 8]>) {
        if let Some((low, high)) = self.middle(sum, by) {
            if self.le(low, high, -1) {
                found.push((high, -1));
            } else if self.le(low, high, 0) {
                found.push((high, 0));
            }
        }
    }

    fn half_down(&mut self, sum: ValueId, by: ValueId, found: &mut SmallVec<[(ValueId, i64); 8]>) {
        if let Some((low, high)) = self.middle(sum, by)
            && self.le(low, high, 0)
        {
            found.push((low, 0));
        }
    }

    /// low and high, if the division is `(low + high) / 2` of values that cannot overflow.
    fn middle(&mut self, sum: ValueId, by: ValueId) -> Option<(ValueId, ValueId)> {
        if *self.ssa.expr(by) != Expr::Int(2) {
            return None;
        }
        let mut sum = sum;
        while let Expr::Cast(inner) = *self.ssa.expr(sum) {
            sum = inner;
        }
        let Expr::Add(x, y) = *self.ssa.expr(sum) else {
            return None;
        };
        let (low, high) = if self.le(x, y, 0) { (x, y) } else { (y, x) };
        let fits = self.is_non_negative(low) && self.le(high, ValueId::ZERO, 1 << 61);
        fits.then_some((low, high))
    }

    /// Length of a part as another length plus a constant.
    fn length_terms(&mut self, of: ValueId, add: &mut dyn FnMut(ValueId, i64)) {
        let block = self.ssa.values[of].block;
        match *self.ssa.expr(of) {
            Expr::Slice(base, Some(low), high) => {
                let constant = match *self.ssa.expr(low) {
                    Expr::Int(n) if n > 0 => n,
                    _ => {
                        // s[i:i+k]
                        if let Some(high) = high
                            && let Expr::AddConst(x, k) = *self.ssa.expr(high)
                            && x == low
                        {
                            add(ValueId::ZERO, k);
                        }
                        return;
                    }
                };
                let whole = match high {
                    Some(high) => high,
                    None => self.ssa.length(base, false, block),
                };
                add(whole, -constant);
            }
            Expr::Append(base, n) => {
                let whole = self.ssa.length(base, false, block);
                add(whole, n);
            }
            _ => {}
        }
    }

    /// Whether x + k, computed as `value`, is what it is among the integers.
    fn cannot_overflow(&mut self, value: ValueId, x: ValueId, k: i64) -> bool {
        let ty = self.ssa.values[value].ty;
        let Some((least, greatest)) = int_range(self.types, ty) else {
            return false;
        };
        if k == 0 {
            return true;
        }
        if k < 0 {
            // Far enough from the least.
            let Some(bound) = least.checked_sub(k) else {
                return false;
            };
            if least == i64::MIN && k > -(1 << 61) {
                return self.le(ValueId::ZERO, x, 1 << 61);
            }
            return self.le(ValueId::ZERO, x, bound.checked_neg().unwrap_or(i64::MAX));
        }
        // Below something of the same type by as much.
        let below = self.up.get(&x).is_some_and(|facts| {
            facts.iter().any(|&(other, c)| {
                c <= -k && other != ValueId::ZERO && self.ssa.values[other].ty == ty
            })
        });
        if below {
            return true;
        }
        let bound = if greatest == i64::MAX {
            (1 << 62) - k.min(1 << 61)
        } else {
            greatest - k
        };
        self.le(x, ValueId::ZERO, bound)
    }

    /// Whether a conversion to `value` of `x` keeps the number.
    fn keeps_value(&mut self, value: ValueId, x: ValueId) -> bool {
        let Some((least, greatest)) = int_range(self.types, self.ssa.values[value].ty) else {
            return false;
        };
        let from_wide = is_wide_unsigned(self.types, self.ssa.values[x].ty);
        let to_wide = is_wide_unsigned(self.types, self.ssa.values[value].ty);
        let low_fits = match int_range(self.types, self.ssa.values[x].ty) {
            Some((from, _)) if from >= least => true,
            Some(_) => least > i64::MIN && self.le(ValueId::ZERO, x, -least),
            None => false,
        };
        let high_fits = to_wide
            || match int_range(self.types, self.ssa.values[x].ty) {
                Some((_, from)) if from <= greatest && !from_wide => true,
                Some(_) => self.le(x, ValueId::ZERO, greatest.min(1 << 62)),
                None => false,
            };
        low_fits && high_fits
    }

    /// First value and step, if a phi is a loop variable that goes one way by a constant.
    fn induction(
        &self,
        phi: ValueId,
        block: BlockId,
        args: &[(BlockId, ValueId)],
    ) -> Option<(ValueId, i64)> {
        let mut first = None;
        let mut step: Option<i64> = None;
        let mut stepped: SmallVec<[ValueId; 2]> = SmallVec::new();
        for &(from, arg) in args {
            if !self.cfg.dominates(block, from) {
                if first.is_some_and(|known| known != arg) {
                    return None;
                }
                first = Some(arg);
                continue;
            }
            if arg == phi {
                continue;
            }
            let this = self.total_step(phi, arg, 4)?;
            stepped.push(arg);
            match step {
                None => step = Some(this),
                Some(known) if (known > 0) == (this > 0) => {
                    step = Some(if known.unsigned_abs() > this.unsigned_abs() {
                        known
                    } else {
                        this
                    });
                }
                Some(_) => return None,
            }
        }
        let (first, step) = (first?, step?);
        // Many steps away from the end of the type, or stopped by a comparison before.
        let is_word = self.types.layout(self.ssa.values[phi].ty).size == 8
            && !is_wide_unsigned(self.types, self.ssa.values[phi].ty);
        let starts_small = match self.ssa.expr(first) {
            Expr::Zero | Expr::Len(_) | Expr::Cap(_) => true,
            Expr::Int(n) => n.unsigned_abs() < 1 << 40,
            Expr::AddConst(x, k) => {
                matches!(self.ssa.expr(*x), Expr::Len(_) | Expr::Cap(_))
                    && k.unsigned_abs() < 1 << 40
            }
            _ => false,
        };
        let fits = (is_word && starts_small && step.unsigned_abs() <= MAX_SMALL_STEP)
            || self.is_guarded(phi, block, step, &stepped);
        fits.then_some((first, step))
    }

    /// arg - phi, through sums with constants and joins of them.
    fn total_step(&self, phi: ValueId, arg: ValueId, depth: u32) -> Option<i64> {
        let depth = depth.checked_sub(1)?;
        match self.ssa.expr(arg) {
            Expr::AddConst(x, k) if *x == phi => Some(*k),
            Expr::AddConst(x, k) => {
                let rest = self.total_step(phi, *x, depth)?;
                ((rest > 0) == (*k > 0))
                    .then(|| rest.checked_add(*k))
                    .flatten()
            }
            _ => None,
        }
    }

    /// Whether the loop's own condition keeps the variable away from the end of its type: `phi < x` before steps of one up, or
    /// `phi > x` before steps of one down.
    fn is_guarded(&self, phi: ValueId, header: BlockId, step: i64, stepped: &[ValueId]) -> bool {
        let Some((cond, inside)) = self.ssa.branches[header] else {
            return false;
        };
        let Expr::Compare(op, a, b) = *self.ssa.expr(cond) else {
            return false;
        };
        let (op, other) = if a == phi {
            (op, b)
        } else if b == phi {
            (swap(op), a)
        } else {
            return false;
        };
        matches!((op, step), (BinOp::Lt, 1) | (BinOp::Gt, -1))
            && self.ssa.values[other].ty == self.ssa.values[phi].ty
            && self.cfg.predecessors[inside][..] == [header]
            && stepped
                .iter()
                .all(|&value| self.cfg.dominates(inside, self.ssa.values[value].block))
    }
}

fn swap(op: BinOp) -> BinOp {
    match op {
        BinOp::Lt => BinOp::Gt,
        BinOp::Le => BinOp::Ge,
        BinOp::Gt => BinOp::Lt,
        BinOp::Ge => BinOp::Le,
        other => other,
    }
}
