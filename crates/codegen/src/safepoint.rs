//! Calls as safepoints: stack maps by hand.
//!
//! Pointers that live across a call are in the frame already: in home words (stored where they were defined), in slots of locals and
//! of allocation sites, in scratch slots. The call's stack map names those words; behind it the variables are loaded from
//! their homes again. Nothing else survives a safepoint: operands are evaluated behind it, addresses computed anew.
//!
//! - `live` is the current statement's set (from [`crate::liveness`]); `roots` are words outside of locals.
//! - A leaf builtin ([`Builtin::is_leaf`]) names only what the landing pad reads, and nothing is loaded again.
//! - A call that does not return does the same: its frame is dead except for the landing pad.

use crate::alloc::FrameObject;
use crate::func::{FuncCx, Repr};
use crate::link::Target;
use crate::liveness::Named;
use cranelift_codegen::ir::types::{F64, I8, I64};
use cranelift_codegen::ir::{
    AbiParam, Inst, InstBuilder, SigRef, Signature, StackSlot, Type, UserStackMapEntry, Value,
};
use cranelift_codegen::isa::CallConv;
use mini_abi::builtins::Builtin;
use mini_mir::layout::ScalarKind;
use mini_mir::{LocalId, TyId};

/// Types that tell the two parts of a stack map apart ([`mini_abi::func`]); the words of both hold pointers.
pub(crate) const LIVE: Type = I64;
const IN_OBJECT: Type = F64;

/// Pointer words of the frame that a stack map names.
#[derive(Debug, Default)]
pub(crate) struct Words {
    pub(crate) live: Vec<(StackSlot, u32)>,
    /// Words of objects that count when something points there.
    pub(crate) objects: Vec<(StackSlot, u32)>,
}

impl FuncCx<'_> {
    // --- the words of an item ---------------------------------------------------------------

    /// Pointer words in the frame that belong to an item of the flow analysis.
    pub(crate) fn item_words(&mut self, item: usize) -> Vec<(StackSlot, u32)> {
        let n_locals = self.body.locals.len();
        if item >= n_locals {
            let site = mini_mir::SiteId((item - n_locals) as u32);
            let slot = self.site_slot(site);
            let FrameObject::Values { ty, count } = self.frame_objects[item - n_locals] else {
                return vec![];
            };
            let (words, size) = (self.slot_words(slot, ty), self.size_of(ty) as u32);
            return (0..count as u32)
                .flat_map(|i| words.iter().map(move |&(s, at)| (s, at + i * size)))
                .collect();
        }
        let local = LocalId(item as u32);
        match &self.locals[item] {
            Repr::Slot(slot) => self.slot_words(*slot, self.body.locals[local].ty),
            Repr::Vars(_) => {
                let scalars = self.flat(self.body.locals[local].ty);
                let n = scalars.iter().filter(|s| s.kind == ScalarKind::Pointer);
                self.home_words(item, n.count())
            }
            Repr::Indirect { .. } => self.home_words(item, 1),
        }
    }

    fn home_words(&self, item: usize, n: usize) -> Vec<(StackSlot, u32)> {
        match (self.home_of[item], self.homes) {
            (Some(home), Some(homes)) => (0..n as u32).map(|i| (homes, home + 8 * i)).collect(),
            _ => panic!("local {item} crosses a safepoint without a home"),
        }
    }

    pub(crate) fn slot_words(&self, slot: StackSlot, ty: TyId) -> Vec<(StackSlot, u32)> {
        let mut words = vec![];
        self.types
            .pointer_words(ty, 0, &mut |offset| words.push((slot, offset as u32)));
        words
    }

    /// Words that every call of a function with `defer` names.
    pub(crate) fn always_words(&mut self) -> Words {
        let mut words = Words::default();
        if self.body.has_defer {
            words = self.named_words(&self.flow.always.clone());
            words.live.extend(self.result_pointer_word());
        }
        words
    }

    fn named_words(&mut self, named: &Named) -> Words {
        let mut words = Words::default();
        for item in named.live.iter() {
            words.live.extend(self.item_words(item));
        }
        for item in named.objects.iter() {
            words.objects.extend(self.item_words(item));
        }
        words
    }

    /// Slots that pointers may point to: of exposed items that safepoints name, and of arguments; their sizes in bytes.
    pub(crate) fn named_objects(&mut self) -> Vec<(StackSlot, u32)> {
        let n_locals = self.body.locals.len();
        let mut items = self.flow.crossing.clone();
        items.intersect(&self.flow.exposed);
        let mut slots: Vec<StackSlot> = items
            .iter()
            .filter_map(|item| match self.locals.get(item) {
                Some(Repr::Slot(slot)) => Some(*slot),
                Some(_) => None,
                None => self.site_slots[item - n_locals],
            })
            .chain(self.passed_slots.iter().copied())
            .collect();
        slots.sort_unstable();
        slots.dedup();
        let size = |slot| self.b.func.sized_stack_slots[slot].size;
        slots.into_iter().map(|slot| (slot, size(slot))).collect()
    }

    fn result_pointer_word(&self) -> Option<(StackSlot, u32)> {
        let (_, home) = self.result_pointer?;
        Some((self.homes?, home))
    }

    // --- roots of the current statement -------------------------------------------------------

    /// Keeps a pointer that is in no local alive across the statement's safepoints.
    pub(crate) fn root(&mut self, pointer: Value) {
        let slot = self.scratch(8);
        self.b.ins().stack_store(I64, pointer, slot, 0);
        self.roots.push((slot, 0));
    }

    /// Names the pointer words of a slot in the statement's safepoints.
    pub(crate) fn root_slot(&mut self, slot: StackSlot, ty: TyId) {
        let words = self.slot_words(slot, ty);
        self.roots.extend(words);
    }

    /// A slot that belongs to the current statement.
    pub(crate) fn scratch(&mut self, size: u64) -> StackSlot {
        let size = (size.max(8) as u32).next_multiple_of(8);
        if let Some(free) = self.scratch.iter_mut().find(|s| !s.2 && s.0 == size) {
            free.2 = true;
            return free.1;
        }
        let slot = self.new_slot(size);
        self.scratch.push((size, slot, true));
        slot
    }

    // --- stack maps -------------------------------------------------------------------------------

    fn name_words(&mut self, call: Inst, words: &Words) {
        for (ty, words) in [(LIVE, &words.live), (IN_OBJECT, &words.objects)] {
            for &(slot, offset) in words {
                let entry = UserStackMapEntry { ty, slot, offset };
                self.b.func.dfg.append_user_stack_map_entry(call, entry);
            }
        }
    }

    /// Gives a call the map of the current safepoint.
    pub(crate) fn name_live(&mut self, call: Inst) {
        let named = self.live.clone().unwrap_or_else(|| {
            panic!(
                "a safepoint in {} that the liveness analysis did not expect",
                self.b.func.name
            )
        });
        let mut words = self.named_words(&named);
        words.live.extend(self.result_pointer_word());
        words.live.extend(self.roots.iter().copied());
        words.objects.extend(self.passed.iter().copied());
        self.name_words(call, &words);
    }

    /// Gives a call that the function does not survive, or that moves nothing, what the landing pad needs.
    pub(crate) fn name_always(&mut self, call: Inst) {
        let words = self.always_words();
        self.name_words(call, &words);
    }

    /// Loads the variables of the current safepoint's set again.
    pub(crate) fn reload(&mut self) {
        let live = self.live.clone().unwrap_or_default().live;
        for item in live.iter().filter(|&i| i < self.body.locals.len()) {
            self.reload_local(LocalId(item as u32));
        }
        if let Some((pointer, home)) = self.result_pointer {
            let homes = self.homes.expect("holds the result pointer");
            let value = self.b.ins().stack_load(I64, I64, homes, home as i32);
            self.b.def_var(pointer, value);
        }
    }

    /// Loads the pointers of a local from their homes.
    pub(crate) fn reload_local(&mut self, local: LocalId) {
        let (Some(home), Some(homes)) = (self.home_of[local.0 as usize], self.homes) else {
            return;
        };
        let vars = match &self.locals[local.0 as usize] {
            Repr::Vars(vars) => {
                let scalars = self.flat(self.body.locals[local].ty);
                let pointers = vars.iter().zip(scalars);
                pointers
                    .filter(|(_, s)| s.kind == ScalarKind::Pointer)
                    .map(|(&v, _)| v)
                    .collect()
            }
            Repr::Indirect { pointer, .. } => vec![*pointer],
            Repr::Slot(_) => return,
        };
        for (i, var) in vars.into_iter().enumerate() {
            let at = home as i32 + 8 * i as i32;
            let value = self.b.ins().stack_load(I64, I64, homes, at);
            self.b.def_var(var, value);
        }
    }

    // --- builtins -----------------------------------------------------------------------------

    fn builtin_signature(&mut self, builtin: Builtin) -> SigRef {
        let (_, params, results) = builtin.row();
        // Only with the tail convention does a `try_call` take every register for lost on its way to the landing pad, so that
        // the prologue saves all that the callers of this function keep. The argument registers are the same.
        let convention = match builtin {
            Builtin::defer_push => CallConv::Tail,
            _ if KEEPING.contains(&builtin) => CallConv::PreserveAll,
            _ => CallConv::SystemV,
        };
        let mut signature = Signature::new(convention);
        signature.params.push(AbiParam::new(I64));
        for letter in params.chars() {
            let ty = if letter == 'f' { F64 } else { I64 };
            signature.params.push(AbiParam::new(ty));
        }
        for letter in results.chars() {
            signature.returns.push(AbiParam::new(match letter {
                'f' => F64,
                'b' => I8,
                _ => I64,
            }));
        }
        self.b.import_signature(signature)
    }

    /// The function and the complete arguments of a builtin call.
    pub(crate) fn builtin_call(
        &mut self,
        builtin: Builtin,
        args: &[Value],
    ) -> (cranelift_codegen::ir::FuncRef, Vec<Value>) {
        let func = self.func_ref(Target::Builtin(builtin), |cx| cx.builtin_signature(builtin));
        let mut all = vec![self.b.ins().get_pinned_reg(I64)];
        for (&arg, letter) in args.iter().zip(builtin.row().1.chars()) {
            let is_narrow = letter != 'f' && self.b.func.dfg.value_type(arg) != I64;
            all.push(if is_narrow {
                self.b.ins().uextend(I64, arg)
            } else {
                arg
            });
        }
        (func, all)
    }

    /// Calls a runtime function.
    pub(crate) fn builtin(&mut self, builtin: Builtin, args: &[Value]) -> Vec<Value> {
        debug_assert_eq!(args.len(), builtin.row().1.len(), "{builtin:?}");
        let (func, all) = self.builtin_call(builtin, args);
        let call = self.b.ins().call(func, &all);
        let results = self.b.inst_results(call).to_vec();
        if builtin.is_leaf() {
            self.name_always(call);
        } else {
            self.name_live(call);
            self.reload();
        }
        results
    }

    /// Marks a call of compiled code as the current statement's safepoint.
    pub(crate) fn after_call(&mut self, call: Inst) {
        self.name_live(call);
        self.reload();
    }
}

/// Builtins that are called with a convention that keeps all registers, by way of thunks that see to it: they are rarely called, but
/// wherever a pointer is stored they could be, and there callers should not have to save theirs.
pub(crate) const KEEPING: [Builtin; 2] = [Builtin::write_barrier, Builtin::move_typed];
