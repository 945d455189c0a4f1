//! The write barrier: stores of pointers that the collector wants to hear of while it marks.
//!
//! ```text
//!     if G.write_barrier == 0 { plain stores } else { write_barrier(slot, value) for each pointer }
//! ```
//!
//! Stores into the own frame have none; stores through pointers have one even if they turn out to hit a stack, which the
//! runtime allows. The barrier routine is a leaf: nothing moves, nothing is freed, so registers stay valid.

use crate::func::FuncCx;
use crate::helpers::Helper;
use crate::value::Addr;
use cranelift_codegen::ir::{Block, InstBuilder, Value};
use mini_abi::builtins::Builtin;
use mini_abi::g::GHeader;
use mini_mir::TyId;
use std::mem::offset_of;

impl FuncCx<'_> {
    /// Goes to `cold` if the collector listens, else to `plain`.
    pub(crate) fn branch_on_barrier(&mut self, cold: Block, plain: Block) {
        let flag = self.load_g(offset_of!(GHeader, write_barrier));
        self.b.ins().brif(flag, cold, &[], plain, &[]);
    }

    /// Stores pointers at offsets from an address that needs the barrier.
    pub(crate) fn store_pointers(&mut self, addr: Addr, pointers: &[(u64, Value)]) {
        if pointers.is_empty() {
            return;
        }
        let cold = self.cold_block();
        let plain = self.b.create_block();
        let done = self.b.create_block();
        self.branch_on_barrier(cold, plain);
        self.continue_in(cold);
        // The fault of a nil base must not come from inside the runtime.
        self.probed(addr);
        for &(offset, value) in pointers {
            let slot = self.addr_value(addr.at(offset));
            self.builtin(Builtin::write_barrier, &[slot, value]);
        }
        self.b.ins().jump(done, &[]);
        self.continue_in(plain);
        for &(offset, value) in pointers {
            self.store_plain(value, addr.at(offset));
        }
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
    }

    /// Moves `count` values of a type, which may overlap.
    pub(crate) fn move_values(&mut self, ty: TyId, to: Value, from: Value, count: Value) {
        let size = self.size_of(ty);
        if size == 0 {
            return;
        }
        if !self.has_pointers(ty) {
            let bytes = self.scaled(count, size);
            self.helper(Helper::Move, &[to, from, bytes]);
            return;
        }
        let cold = self.cold_block();
        let plain = self.b.create_block();
        let done = self.b.create_block();
        self.branch_on_barrier(cold, plain);
        self.continue_in(cold);
        let desc = self.descriptor(ty);
        self.builtin(Builtin::move_typed, &[desc, to, from, count]);
        self.b.ins().jump(done, &[]);
        self.continue_in(plain);
        let bytes = self.scaled(count, size);
        self.helper(Helper::Move, &[to, from, bytes]);
        self.b.ins().jump(done, &[]);
        self.continue_in(done);
    }

    /// `count * size` for a constant size.
    pub(crate) fn scaled(&mut self, count: Value, size: u64) -> Value {
        if size.is_power_of_two() {
            self.b
                .ins()
                .ishl_imm_u(count, i64::from(size.trailing_zeros()))
        } else {
            self.b.ins().imul_imm_s(count, size as i64)
        }
    }
}
