//! Before the first block: where each local lives, what crosses safepoints, and the code that takes the parameters in.

use crate::alloc::FrameObject;
use crate::func::{FuncCx, Repr};
use crate::layout::clif_type;
use crate::liveness::{Flow, ItemKind, Question};
use crate::value::{Addr, Base, Scalars};
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{InstBuilder, StackSlot, StackSlotData, StackSlotKind, Value};
use mini_mir::layout::ScalarKind;
use mini_mir::{LocalId, Storage};

/// A parameter that is about to move to the heap: its value, or the pointer to the caller's copy, in a slot.
struct Incoming {
    param: LocalId,
    slot: StackSlot,
    by_reference: bool,
}

impl FuncCx<'_> {
    // --- before the first block ---------------------------------------------------------------

    pub(crate) fn is_boxed(&self, local: LocalId) -> bool {
        self.decisions.locals[local] == Storage::Heap
    }

    fn is_result(&self, local: LocalId) -> bool {
        self.body.results.contains(&local)
    }

    /// Whether a local lives in a stack slot.
    fn in_slot(&self, local: LocalId) -> bool {
        let decl = &self.body.locals[local];
        decl.addr_taken
            || self.jit.layouts().flat(decl.ty).is_none()
            || self.body.has_defer && self.is_result(local)
    }

    fn passed_by_reference(&self, local: LocalId) -> bool {
        let flat = self.jit.layouts().flat(self.body.locals[local].ty);
        flat.is_none() && self.body.params.contains(&local)
    }

    fn item_kind(&self, local: LocalId) -> ItemKind {
        let decl = &self.body.locals[local];
        if self.is_boxed(local) {
            return ItemKind::Boxed;
        }
        if self.passed_by_reference(local) {
            // The variable is the pointer to the caller's copy.
            return ItemKind::Boxed;
        }
        if !self.jit.layouts().of(decl.ty).has_pointers {
            return ItemKind::Ignored;
        }
        match (self.in_slot(local), decl.addr_taken) {
            (false, _) => ItemKind::Variables,
            (true, false) => ItemKind::Memory,
            (true, true) => ItemKind::Exposed,
        }
    }

    pub(crate) fn analyse(&mut self) {
        let body = self.body;
        let mut items: Vec<ItemKind> = body.locals.ids().map(|l| self.item_kind(l)).collect();
        for object in &self.frame_objects {
            items.push(match *object {
                FrameObject::Values { ty, .. } if self.has_pointers(ty) => ItemKind::Exposed,
                _ => ItemKind::Ignored,
            });
        }
        self.exposes_frame = self.frame_objects.iter().any(|o| *o != FrameObject::None)
            || body
                .locals
                .ids()
                .any(|l| body.locals[l].addr_taken && !self.is_boxed(l));
        let entry_is_safepoint = body
            .params
            .iter()
            .chain(&body.results)
            .any(|&l| self.is_boxed(l));
        self.flow = Flow::compute(&Question {
            body,
            items: &items,
            is_safepoint: &|statement| self.is_safepoint(statement),
            entry_is_safepoint,
        });

        // Home words for pointers that cross safepoints.
        let mut size = 0;
        for (i, &kind) in items[..body.locals.len()].iter().enumerate() {
            if !self.flow.crossing.contains(i) {
                continue;
            }
            let n_words = match kind {
                ItemKind::Variables => self.pointer_scalars(LocalId(i as u32)),
                ItemKind::Boxed => 1,
                _ => continue,
            };
            self.home_of[i] = Some(size);
            size += 8 * n_words;
        }
        if self.results_in_memory {
            // The last word is the result pointer's.
            size += 8;
        }
        if size > 0 {
            self.homes = Some(self.new_slot(size));
        }
    }

    fn pointer_scalars(&self, local: LocalId) -> u32 {
        let scalars = self.jit.layouts().flat(self.body.locals[local].ty);
        let scalars = scalars.expect("variables hold flat values");
        let pointers = scalars.iter().filter(|s| s.kind == ScalarKind::Pointer);
        pointers.count() as u32
    }

    pub(crate) fn new_slot(&mut self, size: u32) -> StackSlot {
        self.b.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            size.max(8).next_multiple_of(8),
            if size >= 16 { 4 } else { 3 },
        ))
    }

    /// The entry block: parameters to where they live, zeros, boxes.
    pub(crate) fn enter(&mut self) {
        let body = self.body;
        self.open_preds = self.flow.n_preds.clone();
        for i in 0..self.flow.order.len() {
            let block = self.flow.order[i];
            self.blocks[block.0 as usize] = Some(self.b.create_block());
        }
        let entry = self.b.create_block();
        self.b.append_block_params_for_function_params(entry);
        self.b.switch_to_block(entry);
        self.b.seal_block(entry);
        self.set_position(body.span.start, 0);
        let words: Vec<Value> = self.b.block_params(entry).to_vec();
        let mut words = &words[..];
        let mut take = |n: usize| {
            let (head, rest) = words.split_at(n);
            words = rest;
            Scalars::from_slice(head)
        };

        for local in body.locals.ids() {
            let repr = self.make_repr(local);
            self.locals.push(repr);
        }
        if self.results_in_memory {
            let pointer = self.b.declare_var(I64);
            let homes = self.homes.expect("made by analyse");
            let home = self.b.func.sized_stack_slots[homes].size - 8;
            let value = take(1)[0];
            self.b.def_var(pointer, value);
            self.b.ins().stack_store(I64, value, homes, home as i32);
            self.result_pointer = Some((pointer, home));
        }
        if let Some(context) = body.context {
            let words = take(1);
            self.define_local(context, &words);
        }
        let mut boxed = vec![];
        for &param in &body.params {
            let ty = body.locals[param].ty;
            match self.jit.layouts().flat(ty) {
                Some(scalars) => {
                    let values = take(scalars.len());
                    if self.is_boxed(param) {
                        let slot = self.new_slot(self.jit.layouts().of(ty).size as u32);
                        let at = Addr::frame(Base::Slot(slot), 0);
                        self.store_scalars(at, ty, &values);
                        boxed.push(Incoming {
                            param,
                            slot,
                            by_reference: false,
                        });
                    } else {
                        self.define_local(param, &values);
                    }
                }
                None => {
                    let pointer = take(1)[0];
                    if self.is_boxed(param) {
                        // The copy is in the caller's frame and in its stack map; its address is ours to keep.
                        let slot = self.new_slot(8);
                        self.b.ins().stack_store(I64, pointer, slot, 0);
                        self.roots.push((slot, 0));
                        boxed.push(Incoming {
                            param,
                            slot,
                            by_reference: true,
                        });
                    } else {
                        self.define_pointer(param, pointer);
                    }
                }
            }
        }
        for &result in &body.results {
            if !self.is_boxed(result) {
                self.zero_local(result);
            }
        }
        self.zero_unsure();
        self.declare_first_arrays();
        self.make_boxes(&boxed);
        let first = self.blocks[0].expect("the entry block is reachable");
        self.b.ins().jump(first, &[]);
    }

    fn make_repr(&mut self, local: LocalId) -> Repr {
        let ty = self.body.locals[local].ty;
        if self.is_boxed(local) || self.passed_by_reference(local) {
            return Repr::Indirect {
                pointer: self.b.declare_var(I64),
                boxed: self.is_boxed(local),
            };
        }
        if self.in_slot(local) {
            let size = self.jit.layouts().of(ty).size;
            return Repr::Slot(self.new_slot(size as u32));
        }
        let scalars = self.jit.layouts().flat(ty).expect("else it is in a slot");
        Repr::Vars(
            scalars
                .iter()
                .map(|s| self.b.declare_var(clif_type(s.kind)))
                .collect(),
        )
    }

    /// Zeros words that a stack map may name before their first real value.
    fn zero_unsure(&mut self) {
        let unsure: Vec<usize> = self.flow.zero_at_entry.iter().collect();
        let zero = match unsure.is_empty() {
            true => return,
            false => self.b.ins().iconst(I64, 0),
        };
        for item in unsure {
            for (slot, offset) in self.item_words(item) {
                self.b.ins().stack_store(I64, zero, slot, offset as i32);
            }
        }
    }

    /// Allocates the parameters and results that live on the heap.
    fn make_boxes(&mut self, params: &[Incoming]) {
        let body = self.body;
        self.live = Some(self.flow.entry.clone());
        for incoming in params.iter().filter(|i| !i.by_reference) {
            self.root_slot(incoming.slot, body.locals[incoming.param].ty);
        }
        for incoming in params {
            let ty = body.locals[incoming.param].ty;
            let object = self.new_object(ty);
            self.define_pointer(incoming.param, object);
            self.root_boxed(incoming.param);
            let mut from = Addr::frame(Base::Slot(incoming.slot), 0);
            if incoming.by_reference {
                let pointer = self.b.ins().stack_load(I64, I64, incoming.slot, 0);
                from = Addr::frame(Base::Value(pointer), 0);
            }
            self.copy_memory(Addr::heap(object), from, ty);
        }
        for &result in &body.results {
            if self.is_boxed(result) {
                let object = self.new_object(body.locals[result].ty);
                self.define_pointer(result, object);
                self.root_boxed(result);
            }
        }
        self.live = None;
        self.roots.clear();
    }

    /// Keeps a box alive while further ones are made at entry.
    fn root_boxed(&mut self, local: LocalId) {
        if let (Some(offset), Some(homes)) = (self.home_of[local.0 as usize], self.homes) {
            self.roots.push((homes, offset));
        } else {
            let Repr::Indirect { pointer, .. } = self.locals[local.0 as usize] else {
                return;
            };
            // Not live across any later safepoint, but across the next allocation here.
            let value = self.b.use_var(pointer);
            self.root(value);
        }
    }
}
