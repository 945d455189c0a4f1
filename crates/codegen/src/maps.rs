//! Maps and channels: calls of the runtime, with fast forms for common keys.

use crate::func::{FuncCx, Repr};
use crate::rvalue::one;
use crate::value::{Addr, Base, Scalars, Val};
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, StackSlot, Value};
use mini_abi::builtins::Builtin;
use mini_abi::types::{MapIter, SelectCase as AbiCase};
use mini_mir::{
    BinOp, LocalId, Operand, PlaceBase, Proj, Rvalue, SelectCase, Statement, StatementKind, TyId,
    TyKind,
};
use std::mem::offset_of;

/// Last word of an iterator: the runtime leaves it alone. Set while the iterator stands at its first entry, which
/// [`Builtin::map_iter_init`] has found already, so that the loop's first step must not go on.
const ITER_IS_NEW: i32 = (size_of::<MapIter>() - 8) as i32;

/// How the runtime wants a key.
#[derive(Clone, Copy, PartialEq, Eq)]
enum KeyForm {
    Word64,
    Word32,
    String,
    Address,
}

/// `m[k] op= x`
pub(crate) struct MapUpdate<'s> {
    map: &'s Operand,
    key: &'s Operand,
    old: LocalId,
    compute: &'s StatementKind,
    new: LocalId,
}

impl MapUpdate<'_> {
    /// Statements that it stands for.
    pub(crate) const N_STATEMENTS: usize = 3;
}

impl FuncCx<'_> {
    // --- maps -------------------------------------------------------------------------------------

    fn map_parts(&self, map: &Operand) -> (TyId, TyId, TyId) {
        let ty = self.operand_ty(map);
        match *self.types.kind(ty) {
            TyKind::Map(key, value) => (ty, key, value),
            ref other => panic!("map operation on {other:?}"),
        }
    }

    fn key_form(&self, key: TyId) -> KeyForm {
        use TyKind::*;
        match self.types.kind(key) {
            Int | Int64 | Uint | Uint64 | Uintptr | Pointer(_) | Chan(..) | UnsafePointer => {
                KeyForm::Word64
            }
            Int32 | Uint32 => KeyForm::Word32,
            String => KeyForm::String,
            _ => KeyForm::Address,
        }
    }

    /// Calls the get or set builtin that fits the key's type.
    fn map_access(&mut self, map: &Operand, key: &Operand, forms: [Builtin; 4]) -> Value {
        let (ty, key_ty, _) = self.map_parts(map);
        let desc = self.descriptor(ty);
        let form = self.key_form(key_ty);
        let is_safepoint = !forms[0].is_leaf();
        let key_value = self.operand(key);
        let map = self.scalar(map);
        if is_safepoint {
            self.root(map);
        }
        match form {
            KeyForm::Word64 | KeyForm::Word32 => {
                let word = key_value.scalars()[0];
                let builtin = forms[if form == KeyForm::Word64 { 0 } else { 1 }];
                if is_safepoint && self.has_pointers(key_ty) {
                    self.root(word);
                }
                self.builtin(builtin, &[desc, map, word])[0]
            }
            KeyForm::String => {
                let words = key_value.scalars();
                if is_safepoint {
                    self.root(words[0]);
                }
                self.builtin(forms[2], &[desc, map, words[0], words[1]])[0]
            }
            KeyForm::Address => {
                let address = self.key_address(key_value, key_ty, is_safepoint);
                self.builtin(forms[3], &[desc, map, address])[0]
            }
        }
    }

    /// Address of a key, in the frame if a safepoint follows.
    fn key_address(&mut self, key: Val, ty: TyId, is_safepoint: bool) -> Value {
        if !is_safepoint {
            return self.address_of(&key, ty);
        }
        let slot = self.scratch(self.size_of(ty));
        self.store_value(Addr::frame(Base::Slot(slot), 0), ty, &key);
        self.root_slot(slot, ty);
        self.b.ins().stack_addr(I64, slot, 0)
    }

    pub(crate) fn map_get(
        &mut self,
        map: &Operand,
        key: &Operand,
        comma_ok: bool,
        ty: TyId,
    ) -> Val {
        use Builtin::{map_get, map_get_32, map_get_64, map_get_string};
        let (_, _, elem) = self.map_parts(map);
        let found = self.map_access(map, key, [map_get_64, map_get_32, map_get_string, map_get]);
        let ok = self.is_not_null(found);
        let zeros = self.jit.statics().zeros(self.size_of(elem) as usize);
        let zeros = self.int(zeros as i64);
        let at = self.b.ins().select(ok, found, zeros);
        let value = self.load_value(Addr::constant(at), elem);
        match comma_ok {
            true => self.tuple(ty, &[value, one(ok)]),
            false => value,
        }
    }

    /// The value of an element that is stored to next.
    pub(crate) fn map_entry(&mut self, map: &Operand, key: &Operand) -> Val {
        use Builtin::{map_set, map_set_32, map_set_64, map_set_string};
        let (_, _, elem) = self.map_parts(map);
        let at = self.map_access(map, key, [map_set_64, map_set_32, map_set_string, map_set]);
        self.load_value(Addr::heap(at), elem)
    }

    pub(crate) fn map_set(&mut self, map: &Operand, key: &Operand, value: &Operand) {
        use Builtin::{map_set, map_set_32, map_set_64, map_set_string};
        let (_, _, elem) = self.map_parts(map);
        if may_fault(value) {
            // A fault of the value comes before the key is inserted.
            self.operand(value);
        }
        let at = self.map_access(map, key, [map_set_64, map_set_32, map_set_string, map_set]);
        let value = self.operand(value);
        self.store_value(Addr::heap(at), elem, &value);
    }

    /// Whether statements begin with `t = m[k]; u = t op x; m[k] = u` on numbers: then one look into the map is enough. As in Go
    /// the key is in the map when a shift panics, but not when a division does.
    pub(crate) fn map_update<'s>(&self, statements: &'s [Statement]) -> Option<MapUpdate<'s>> {
        use StatementKind::{Assign, MapSet};
        let [get, compute, set, ..] = statements else {
            return None;
        };
        let (Assign(read, Rvalue::MapGet { map, key, comma_ok }), MapSet { .. }) =
            (&get.kind, &set.kind)
        else {
            return None;
        };
        let Assign(computed, Rvalue::Binary(op, x, y)) = &compute.kind else {
            return None;
        };
        let (old, new) = (read.as_local()?, computed.as_local()?);
        let ty = self.body.locals[old].ty;
        let is_number =
            self.types.is_integer(ty) || self.types.is_float(ty) || self.types.is_complex(ty);
        let is_safe = matches!(
            op,
            BinOp::Add
                | BinOp::Sub
                | BinOp::Mul
                | BinOp::And
                | BinOp::Or
                | BinOp::Xor
                | BinOp::AndNot
                | BinOp::Shl
                | BinOp::Shr
        );
        // Locals that are not written meanwhile, and constants.
        let is_fixed = |operand: &Operand| {
            operand.as_const().is_some() || operand.as_local().is_some_and(|l| l != old && l != new)
        };
        let stores_back = set.kind
            == MapSet {
                map: map.clone(),
                key: key.clone(),
                value: new.into(),
            };
        let is_update = !comma_ok
            && is_number
            && is_safe
            && x.as_local() == Some(old)
            && (is_fixed(y) || y.as_local() == Some(old))
            && is_fixed(map)
            && is_fixed(key)
            && stores_back
            && !self.body.locals[old].addr_taken;
        is_update.then_some(MapUpdate {
            map,
            key,
            old,
            compute: &compute.kind,
            new,
        })
    }

    pub(crate) fn update_map(&mut self, update: &MapUpdate<'_>) {
        use Builtin::{map_set, map_set_32, map_set_64, map_set_string};
        let forms = [map_set_64, map_set_32, map_set_string, map_set];
        let at = Addr::heap(self.map_access(update.map, update.key, forms));
        let ty = self.body.locals[update.old].ty;
        let old = self.load_scalars(at, ty);
        self.define_local(update.old, &old);
        self.statement(update.compute);
        let new = self.local_value(update.new);
        self.store_value(at, ty, &new);
    }

    pub(crate) fn map_delete(&mut self, map: &Operand, key: &Operand) {
        let (ty, key_ty, _) = self.map_parts(map);
        let key = self.operand(key);
        let address = self.key_address(key, key_ty, true);
        let map = self.scalar(map);
        self.root(map);
        let desc = self.descriptor(ty);
        self.builtin(Builtin::map_delete, &[desc, map, address]);
    }

    pub(crate) fn map_clear(&mut self, map: &Operand) {
        let (ty, ..) = self.map_parts(map);
        let map = self.scalar(map);
        self.root(map);
        let desc = self.descriptor(ty);
        self.builtin(Builtin::map_clear, &[desc, map]);
    }

    fn iter_slot(&self, iter: LocalId) -> StackSlot {
        match self.locals[iter.0 as usize] {
            Repr::Slot(slot) => slot,
            ref other => panic!("map iterator in {other:?}"),
        }
    }

    pub(crate) fn map_iter_init(&mut self, iter: LocalId, map: &Operand) {
        let (ty, ..) = self.map_parts(map);
        let slot = self.iter_slot(iter);
        let size = size_of::<MapIter>() as u64;
        self.zero_memory(Addr::frame(Base::Slot(slot), 0), size);
        let map = self.scalar(map);
        self.root(map);
        let desc = self.descriptor(ty);
        let address = self.b.ins().stack_addr(I64, slot, 0);
        self.builtin(Builtin::map_iter_init, &[desc, map, address]);
        let one = self.int(1);
        self.b.ins().stack_store(I64, one, slot, ITER_IS_NEW);
    }

    /// (bool, *K, *V) of the next entry.
    pub(crate) fn map_iter_next(&mut self, iter: LocalId) -> Val {
        let slot = self.iter_slot(iter);
        let (first, later, ready) = (
            self.b.create_block(),
            self.b.create_block(),
            self.b.create_block(),
        );
        let is_new = self.b.ins().stack_load(I64, I64, slot, ITER_IS_NEW);
        self.b.ins().brif(is_new, first, &[], later, &[]);
        self.continue_in(first);
        let zero = self.int(0);
        self.b.ins().stack_store(I64, zero, slot, ITER_IS_NEW);
        self.b.ins().jump(ready, &[]);
        self.continue_in(later);
        let address = self.b.ins().stack_addr(I64, slot, 0);
        self.builtin(Builtin::map_iter_next, &[address]);
        self.b.ins().jump(ready, &[]);
        self.continue_in(ready);
        let at = Addr::frame(Base::Slot(slot), 0);
        let key = self.load(I64, at.at(offset_of!(MapIter, key) as u64));
        let value = self.load(I64, at.at(offset_of!(MapIter, value) as u64));
        let more = self.is_not_null(key);
        Val::Flat(Scalars::from_slice(&[more, key, value]))
    }

    // --- channels -----------------------------------------------------------------------------

    fn chan_elem(&self, chan: &Operand) -> TyId {
        match *self.types.kind(self.operand_ty(chan)) {
            TyKind::Chan(_, elem) => elem,
            ref other => panic!("channel operation on {other:?}"),
        }
    }

    /// A copy of a value in a scratch slot, named in the safepoint's map.
    fn element_slot(&mut self, value: &Operand, elem: TyId) -> StackSlot {
        let slot = self.scratch(self.size_of(elem));
        let value = self.operand(value);
        self.store_value(Addr::frame(Base::Slot(slot), 0), elem, &value);
        self.root_slot(slot, elem);
        slot
    }

    /// Room for a value to be received.
    fn receive_slot(&mut self, elem: TyId) -> StackSlot {
        let slot = self.scratch(self.size_of(elem));
        self.zero_memory(Addr::frame(Base::Slot(slot), 0), self.size_of(elem));
        self.root_slot(slot, elem);
        slot
    }

    pub(crate) fn send(&mut self, chan: &Operand, value: &Operand) {
        let elem = self.chan_elem(chan);
        let slot = self.element_slot(value, elem);
        let chan = self.scalar(chan);
        self.root(chan);
        let address = self.b.ins().stack_addr(I64, slot, 0);
        self.builtin(Builtin::chan_send, &[chan, address]);
    }

    pub(crate) fn receive(&mut self, chan: &Operand, comma_ok: bool, ty: TyId) -> Val {
        let elem = self.chan_elem(chan);
        let slot = self.receive_slot(elem);
        let chan = self.scalar(chan);
        self.root(chan);
        let address = self.b.ins().stack_addr(I64, slot, 0);
        let ok = self.builtin(Builtin::chan_receive, &[chan, address])[0];
        let value = self.load_value(Addr::frame(Base::Slot(slot), 0), elem);
        match comma_ok {
            true => self.tuple(ty, &[value, one(ok)]),
            false => value,
        }
    }

    /// (int, bool): the chosen case or -1, and ok of a receive.
    pub(crate) fn select(&mut self, cases: &[SelectCase], has_default: bool) -> Val {
        let case_size = size_of::<AbiCase>() as u64;
        let list = self.scratch(case_size * cases.len() as u64);
        let mut received = vec![];
        for (i, case) in cases.iter().enumerate() {
            let at = i as u64 * case_size;
            let (chan, slot, is_send) = match case {
                SelectCase::Send { chan, value } => {
                    let elem = self.chan_elem(chan);
                    (chan, Some(self.element_slot(value, elem)), 1)
                }
                SelectCase::Receive { chan, dest } => {
                    let elem = self.chan_elem(chan);
                    let slot = dest.map(|dest| {
                        let slot = self.receive_slot(elem);
                        received.push((i, dest, slot));
                        slot
                    });
                    (chan, slot, 0)
                }
            };
            let chan = self.scalar(chan);
            let elem = match slot {
                Some(slot) => self.b.ins().stack_addr(I64, slot, 0),
                None => self.int(0),
            };
            let is_send = self.int(is_send);
            for (field, value) in [
                (offset_of!(AbiCase, chan), chan),
                (offset_of!(AbiCase, elem), elem),
                (offset_of!(AbiCase, is_send), is_send),
            ] {
                let offset = at as i32 + field as i32;
                self.b.ins().stack_store(I64, value, list, offset);
            }
            let words = [offset_of!(AbiCase, chan), offset_of!(AbiCase, elem)];
            self.roots
                .extend(words.map(|field| (list, at as u32 + field as u32)));
        }
        let address = self.b.ins().stack_addr(I64, list, 0);
        let n = self.int(cases.len() as i64);
        let may_block = self.bool(!has_default);
        let out = self.builtin(Builtin::select, &[address, n, may_block]);
        for (_, dest, slot) in received {
            // The other cases' destinations are not read.
            let ty = self.body.locals[dest].ty;
            let value = self.load_value(Addr::frame(Base::Slot(slot), 0), ty);
            let at = self.place(&mini_mir::Place::local(dest));
            self.write(at, ty, &value);
        }
        Val::Flat(Scalars::from_slice(&[out[0], out[1]]))
    }
}

/// Whether reading the operand can fault or fail a check.
fn may_fault(operand: &Operand) -> bool {
    match operand {
        Operand::Const(_) => false,
        Operand::Copy(place) => {
            matches!(place.base, PlaceBase::Local(_))
                && place.proj.iter().any(|p| !matches!(p, Proj::Field(_)))
        }
    }
}
