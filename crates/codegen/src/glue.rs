//! Calls by reflection: the glue between the convention of a function type and arguments and results that stand in memory.
//!
//! A function type that is only known at run time is described by descriptors, the program's or made by the runtime. For each that
//! is called by reflection there is a routine, made when it is first wanted, that
//!
//! - takes arguments from memory, calls the function, and puts the results into memory ([`translate_call`]), or
//! - is the code of a closure and puts its arguments into its frame, calls a function that knows only memory, and returns the results
//!   that this one has left in the frame ([`translate_closure`]).
//!
//! Both are functions like others: with a stack check, a stack map at their one call, and an entry among the compiled functions. What
//! the callee reads in place (values that are not flat, room for results) is in their frame, as the convention wants it.

use crate::func::Translated;
use crate::helpers::call_builtin;
use crate::jit::Jit;
use crate::layout::{Convention, FLAT_LIMIT, clif_type};
use crate::prologue::Unit;
use cranelift_codegen::ir::types::I64;
use cranelift_codegen::ir::{
    AbiParam, Function, Inst, InstBuilder, MemFlagsData, Signature, StackSlot, StackSlotData,
    StackSlotKind, UserFuncName, UserStackMapEntry, Value,
};
use cranelift_codegen::isa::CallConv;
use cranelift_frontend::{FunctionBuilder, FunctionBuilderContext};
use mini_abi::CallFrames;
use mini_abi::builtins::Builtin;
use mini_abi::func::CompiledFunc;
use mini_abi::types::{Kind, TypeDesc};
use mini_mir::layout::{Scalar, ScalarKind};

const PLAIN: MemFlagsData = MemFlagsData::new().with_trap_code(None);

/// A parameter or result: its type, where it stands among the others, and its scalars if it is flat.
struct Part {
    ty: &'static TypeDesc,
    offset: u64,
    flat: Option<Vec<Scalar>>,
}

/// The fields of a struct of parameters or results.
fn parts(frame: &'static TypeDesc) -> Vec<Part> {
    let fields = frame.fields.as_slice().iter();
    fields
        .map(|field| {
            // SAFETY: descriptors are complete when they are used, and never freed.
            let ty = unsafe { &*field.ty };
            let mut scalars = vec![];
            Part {
                ty,
                offset: field.offset as u64,
                flat: flatten(ty, 0, &mut scalars).then_some(scalars),
            }
        })
        .collect()
}

/// What `mini_mir`'s `flatten` does with types of the program.
fn flatten(ty: &'static TypeDesc, offset: u64, out: &mut Vec<Scalar>) -> bool {
    use ScalarKind as S;
    let kinds: &[(S, u64)] = match ty.kind {
        Kind::Bool | Kind::Int8 | Kind::Uint8 => &[(S::I8, 0)],
        Kind::Int16 | Kind::Uint16 => &[(S::I16, 0)],
        Kind::Int32 | Kind::Uint32 => &[(S::I32, 0)],
        Kind::Int | Kind::Int64 | Kind::Uint | Kind::Uint64 | Kind::Uintptr => &[(S::I64, 0)],
        Kind::Float32 => &[(S::F32, 0)],
        Kind::Float64 => &[(S::F64, 0)],
        Kind::Complex64 => &[(S::F32, 0), (S::F32, 4)],
        Kind::Complex128 => &[(S::F64, 0), (S::F64, 8)],
        Kind::Pointer | Kind::Map | Kind::Chan | Kind::Func | Kind::UnsafePointer => {
            &[(S::Pointer, 0)]
        }
        Kind::String => &[(S::Pointer, 0), (S::I64, 8)],
        Kind::Slice => &[(S::Pointer, 0), (S::I64, 8), (S::I64, 16)],
        Kind::Interface => &[(S::I64, 0), (S::Pointer, 8)],
        Kind::Array => {
            // SAFETY: as in `parts`.
            let elem = unsafe { &*ty.elem };
            return ty.len == 0 || ty.len == 1 && flatten(elem, offset, out);
        }
        Kind::Struct => {
            return ty.fields.as_slice().iter().all(|field| {
                // SAFETY: as in `parts`.
                flatten(unsafe { &*field.ty }, offset + field.offset as u64, out)
            });
        }
        Kind::Invalid => return false,
    };
    out.extend(kinds.iter().map(|&(kind, at)| Scalar {
        kind,
        offset: offset + at,
    }));
    out.len() <= FLAT_LIMIT
}

fn convention(params: &[Part], results: &[Part]) -> Convention {
    fn lists(parts: &[Part]) -> Vec<Option<&[Scalar]>> {
        parts.iter().map(|p| p.flat.as_deref()).collect()
    }
    Convention::new(&lists(params), &lists(results), true)
}

/// A routine being built, and the words of its frame that hold pointers at its call.
struct Glue<'a> {
    b: FunctionBuilder<'a>,
    pointers: Vec<(StackSlot, u32)>,
}

impl Glue<'_> {
    fn slot(&mut self, size: u64) -> StackSlot {
        let size = (size.max(8) as u32).next_multiple_of(8);
        self.b.create_sized_stack_slot(StackSlotData::new(
            StackSlotKind::ExplicitSlot,
            size,
            if size >= 16 { 4 } else { 3 },
        ))
    }

    /// A word of the frame that keeps a pointer across the call.
    fn home(&mut self, pointer: Value) -> StackSlot {
        let slot = self.slot(8);
        self.b.ins().stack_store(I64, pointer, slot, 0);
        self.pointers.push((slot, 0));
        slot
    }

    /// Room in the frame for a value, whose pointer words the stack map names: they must be written before the call.
    fn room(&mut self, ty: &TypeDesc) -> StackSlot {
        let slot = self.slot(ty.size as u64);
        let words = (0..ty.size / 8).filter(|&word| ty.is_pointer_word(word));
        self.pointers
            .extend(words.map(|word| (slot, word as u32 * 8)));
        slot
    }

    /// Zeroes room in the frame.
    fn clear(&mut self, slot: StackSlot, ty: &TypeDesc) {
        if ty.size > 128 {
            let to = self.b.ins().stack_addr(I64, slot, 0);
            let n = self.b.ins().iconst(I64, ty.size as i64);
            call_builtin(&mut self.b, Builtin::zero_memory, &[to, n]);
            return;
        }
        let zero = self.b.ins().iconst(I64, 0);
        for word in 0..ty.size.div_ceil(8) {
            self.b.ins().stack_store(I64, zero, slot, 8 * word as i32);
        }
    }

    /// Copies bytes without telling the collector: to frames.
    fn copy(&mut self, to: Value, from: Value, size: usize) {
        if size > 0 {
            let n = self.b.ins().iconst(I64, size as i64);
            call_builtin(&mut self.b, Builtin::move_memory, &[to, from, n]);
        }
    }

    /// The one call, a safepoint.
    fn call(&mut self, signature: Signature, code: Value, args: &[Value]) -> Inst {
        let signature = self.b.import_signature(signature);
        let call = self.b.ins().call_indirect(signature, code, args);
        for &(slot, offset) in &self.pointers {
            let ty = I64;
            let entry = UserStackMapEntry { ty, slot, offset };
            self.b.func.dfg.append_user_stack_map_entry(call, entry);
        }
        call
    }
}

/// Builds a routine of a convention by `body`, which gets its parameters and leaves its results.
fn translate(
    jit: &Jit,
    name: &str,
    convention: &Convention,
    body: impl FnOnce(&mut Glue<'_>, &[Value]) -> Vec<Value>,
) -> Translated {
    let signature = convention.signature.clone();
    let mut func = Function::with_name_signature(UserFuncName::user(3, 0), signature);
    let mut builder_context = FunctionBuilderContext::new();
    let mut glue = Glue {
        b: FunctionBuilder::new(&mut func, &mut builder_context),
        pointers: vec![],
    };
    let entry = glue.b.create_block();
    glue.b.append_block_params_for_function_params(entry);
    glue.b.switch_to_block(entry);
    glue.b.seal_block(entry);
    let params = glue.b.block_params(entry).to_vec();
    let results = body(&mut glue, &params);
    glue.b.ins().return_(&results);
    glue.b.finalize(jit.frontend_config());
    let pointers = convention.entry_pointers();
    let record = CompiledFunc {
        name: name.into(),
        func_id: u32::MAX,
        stack_args_size: pointers.stack_bytes,
        pointer_args: pointers.registers,
        pointer_stack_args: pointers.stack_words,
        has_parameters: true,
        is_wrapper: true,
        ..CompiledFunc::default()
    };
    Translated {
        func,
        unit: Unit {
            func: record,
            locations: vec![],
            pad_words: None,
            objects: vec![],
            is_glue: false,
        },
        pad: None,
    }
}

/// Parameters that are words, of which some are pointers; no results.
fn words(kinds: &[ScalarKind]) -> Convention {
    let scalars: Vec<[Scalar; 1]> = kinds
        .iter()
        .map(|&kind| [Scalar { kind, offset: 0 }])
        .collect();
    let params: Vec<_> = scalars.iter().map(|s| Some(&s[..])).collect();
    Convention::new(&params, &[], false)
}

/// `func(context; code uintptr, receiver, params, results unsafe.Pointer)`: see [`mini_abi::ReflectHooks::call_glue`].
pub(crate) fn translate_call(jit: &Jit, frames: CallFrames) -> Translated {
    use ScalarKind::{I64 as Word, Pointer};
    let (params, results) = (parts(frames.params), parts(frames.results));
    let callee = convention(&params, &results);
    let own = words(&[Pointer, Word, Pointer, Pointer, Pointer]);
    translate(jit, "reflect.call", &own, |glue, args| {
        let &[_, code, receiver, from, to] = args else {
            unreachable!("five parameters");
        };
        let home = glue.home(to);
        let room = glue.room(frames.results);
        glue.clear(room, frames.results);
        let mut words = vec![];
        if callee.results_in_memory {
            words.push(glue.b.ins().stack_addr(I64, room, 0));
        }
        words.push(receiver);
        for part in &params {
            match &part.flat {
                Some(scalars) => words.extend(scalars.iter().map(|scalar| {
                    let at = (part.offset + scalar.offset) as i32;
                    glue.b.ins().load(clif_type(scalar.kind), PLAIN, from, at)
                })),
                None => {
                    let copy = glue.room(part.ty);
                    let at = glue.b.ins().iadd_imm_s(from, part.offset as i64);
                    let address = glue.b.ins().stack_addr(I64, copy, 0);
                    glue.copy(address, at, part.ty.size);
                    words.push(glue.b.ins().stack_addr(I64, copy, 0));
                }
            }
        }
        let call = glue.call(callee.signature.clone(), code, &words);
        let out = glue.b.inst_results(call).to_vec();
        if !callee.results_in_memory {
            let scalars = results
                .iter()
                .flat_map(|p| p.flat.iter().flatten().map(|s| p.offset + s.offset));
            for (value, offset) in out.into_iter().zip(scalars) {
                glue.b.ins().stack_store(I64, value, room, offset as i32);
            }
        }
        if frames.results.size > 0 {
            let ty = glue.b.ins().iconst(I64, address_of(frames.results));
            let to = glue.b.ins().stack_load(I64, I64, home, 0);
            let from = glue.b.ins().stack_addr(I64, room, 0);
            let one = glue.b.ins().iconst(I64, 1);
            call_builtin(&mut glue.b, Builtin::move_typed, &[ty, to, from, one]);
        }
        vec![]
    })
}

/// The code of a closure: see [`mini_abi::ReflectHooks::closure_glue`].
pub(crate) fn translate_closure(jit: &Jit, frames: CallFrames) -> Translated {
    let (params, results) = (parts(frames.params), parts(frames.results));
    let own = convention(&params, &results);
    translate(jit, "reflect.makeFuncStub", &own, |glue, args| {
        let (to, args) = args.split_at(usize::from(own.results_in_memory));
        let (closure, mut args) = (args[0], &args[1..]);
        let home = to.first().map(|&to| glue.home(to));
        let from = glue.room(frames.params);
        let room = glue.room(frames.results);
        glue.clear(room, frames.results);
        for part in &params {
            let offset = part.offset as i32;
            let Some(scalars) = &part.flat else {
                let to = glue.b.ins().stack_addr(I64, from, offset);
                glue.copy(to, args[0], part.ty.size);
                args = &args[1..];
                continue;
            };
            for scalar in scalars {
                let at = offset + scalar.offset as i32;
                glue.b.ins().stack_store(I64, args[0], from, at);
                args = &args[1..];
            }
        }
        let handler = glue.b.ins().load(I64, PLAIN, closure, 8);
        let code = glue.b.ins().load(I64, PLAIN, handler, 0);
        let from = glue.b.ins().stack_addr(I64, from, 0);
        let into = glue.b.ins().stack_addr(I64, room, 0);
        let mut signature = Signature::new(CallConv::Tail);
        signature.params = vec![AbiParam::new(I64); 4];
        glue.call(signature, code, &[handler, closure, from, into]);
        match home {
            Some(home) => {
                let to = glue.b.ins().stack_load(I64, I64, home, 0);
                let from = glue.b.ins().stack_addr(I64, room, 0);
                glue.copy(to, from, frames.results.size);
                vec![]
            }
            None => results
                .iter()
                .flat_map(|p| {
                    p.flat
                        .iter()
                        .flatten()
                        .map(|s| (s.kind, p.offset + s.offset))
                })
                .map(|(kind, offset)| {
                    let ty = clif_type(kind);
                    glue.b.ins().stack_load(I64, ty, room, offset as i32)
                })
                .collect(),
        }
    })
}

fn address_of(ty: &TypeDesc) -> i64 {
    std::ptr::from_ref(ty) as i64
}
