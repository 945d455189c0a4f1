//! Method sets of the types that are put into interfaces, and wrappers for their methods.
//!
//! Reachability is the Go linker's: a method of a type that is converted to an interface is reachable once its name is
//! called through some interface, or asked for by an interface type that values are converted or asserted to. Types that
//! are parts of such a type count as converted, too, because the library walks values by their type descriptors. In a program
//! that asks for methods by number or name all exported methods of such types are reachable, and if it reaches reflect's calls
//! the types in the signatures of functions and methods count as converted.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;

use foldhash::fast::FixedState;
use indexmap::{IndexMap, IndexSet};
use mini_diagnostics::Span;
use mini_frontend::{Member, ObjectKind, PkgId, Program, TypeId};
use mini_mir::{
    BinOp, FuncId, FuncSig, MethodImpl, Operand, Place, Rvalue, SiteKind, TerminatorKind, TyId,
    TyKind,
};
use mini_syntax::Symbol;

use crate::context::{Context, Wrapper};
use crate::func::FuncLower;
use crate::names;
use crate::selector::{MethodRef, MethodTarget, receiver_args};

/// Name, and package path of an unexported one.
type MethodName = (Arc<str>, Arc<str>);

/// Types and method names that meet in interfaces.
#[derive(Default)]
pub(crate) struct Reached {
    names: IndexMap<MethodName, Symbol, FixedState>,
    boxed: IndexSet<TyId, FixedState>,
    /// Pairs of the first so many types and names are dealt with.
    n_types_done: usize,
    n_names_done: usize,
    sets: IndexMap<TyId, Vec<MethodImpl>, FixedState>,
    /// The names of all methods that the types so far may have: most pairs of a type and a name are no method.
    candidates: HashMap<TyId, HashSet<Symbol, FixedState>, FixedState>,
    /// Functions can be called by reflection.
    calls: bool,
}

impl Reached {
    /// A value of the type is put into an interface.
    pub(crate) fn boxed(&mut self, ty: TyId) {
        self.boxed.insert(ty);
    }

    /// A method of this name is called or asked for through an interface.
    pub(crate) fn name(&mut self, name: Arc<str>, package: Arc<str>) {
        let symbol = Symbol::intern(&name);
        self.names.insert((name, package), symbol);
    }

    fn is_new(&self) -> bool {
        self.n_types_done < self.boxed.len() || self.n_names_done < self.names.len()
    }

    pub(crate) fn take_sets(&mut self) -> impl Iterator<Item = (TyId, Vec<MethodImpl>)> + use<> {
        let sets = std::mem::take(&mut self.sets);
        sets.into_iter().map(|(ty, mut methods)| {
            methods.sort_by(|a, b| (&a.name, &a.package).cmp(&(&b.name, &b.package)));
            (ty, methods)
        })
    }
}

/// The exported methods that a declared type declares.
fn exported_methods(prog: &Program, ty: TypeId) -> Vec<Arc<str>> {
    let mini_frontend::Type::Named(named) = *prog.types.get(prog.types.unalias(ty)) else {
        return Vec::new();
    };
    let methods = prog.types.named(named).methods.iter();
    methods
        .filter(|(name, _)| name.is_exported())
        .map(|(name, _)| Arc::from(name.as_str()))
        .collect()
}

impl Context<'_> {
    /// Values are converted or asserted to `ty`: if it is an interface, its methods can be found at run time.
    pub(crate) fn demand(&mut self, ty: TyId) {
        if let TyKind::Interface(methods) = self.types.kind(ty).clone() {
            for method in methods.iter() {
                self.reached
                    .name(method.name.clone(), method.package.clone());
            }
        }
    }

    /// Makes the methods reachable that new types and names bring together. False if there was nothing new.
    pub(crate) fn settle_method_sets(&mut self, prog: &mut Program) -> bool {
        let reflects = prog.package_by_path("reflect").is_some();
        let calls = reflects && self.calls_by_reflection(prog);
        if calls {
            let signatures = self.reached.sets.values().flatten().map(|m| m.sig);
            let signatures: Vec<TyId> = signatures.collect();
            self.reached.boxed.extend(signatures);
        }
        if !self.reached.is_new() {
            return false;
        }
        self.close_over_parts(reflects, calls);
        if reflects {
            self.name_all_methods(prog);
        }
        let (old_types, old_names) = (self.reached.n_types_done, self.reached.n_names_done);
        let (n_types, n_names) = (self.reached.boxed.len(), self.reached.names.len());
        self.reached.n_types_done = n_types;
        self.reached.n_names_done = n_names;
        for type_index in 0..n_types {
            let ty = self.reached.boxed[type_index];
            if !self.may_have_methods(ty) {
                continue;
            }
            let first_name = if type_index < old_types { old_names } else { 0 };
            let Some(source) = self.source_of(prog, ty) else {
                continue;
            };
            let candidates = self.reached.candidates.entry(ty);
            let candidates = candidates.or_insert_with(|| prog.types.method_names(source));
            let new_names = self.reached.names.as_slice()[first_name..n_names].iter();
            let names: Vec<MethodName> = new_names
                .filter(|(_, symbol)| candidates.contains(symbol))
                .map(|(name, _)| name.clone())
                .collect();
            for name in &names {
                if let Some(method) = self.method_impl(prog, ty, source, name) {
                    self.reached.sets.entry(ty).or_default().push(method);
                }
            }
        }
        true
    }

    /// Methods can be asked for by number or name: if they are, all exported ones of boxed types are reachable.
    fn name_all_methods(&mut self, prog: &mut Program) {
        let is_asked = |name| {
            self.reached
                .names
                .contains_key(&(Arc::from(name), Arc::from("")))
        };
        let is_named = ["Method", "MethodByName", "NumMethod"]
            .into_iter()
            .any(is_asked);
        if !is_named && !self.reaches_in_reflect(prog, "nMethods") {
            return;
        }
        for index in 0..self.reached.boxed.len() {
            let ty = self.reached.boxed[index];
            if self.types.named(ty).is_none() {
                continue;
            }
            let Some(source) = self.source_of(prog, ty) else {
                continue;
            };
            for name in exported_methods(prog, source) {
                self.reached.name(name, Arc::from(""));
            }
        }
    }

    /// Whether functions can be called by reflection: what they take and return becomes values then.
    fn calls_by_reflection(&self, prog: &mut Program) -> bool {
        self.reaches_in_reflect(prog, "glue")
    }

    /// Whether a function of package reflect is reached.
    fn reaches_in_reflect(&self, prog: &mut Program, name: &str) -> bool {
        let object = prog.find("reflect", name);
        object
            .and_then(|object| prog.func_of(object))
            .is_some_and(|source| self.func_of.contains_key(&(source, Box::default())))
    }

    /// Adds the types that descriptors of boxed types lead to; by reflection, from a variable to its address too, and from a function
    /// to parameters and results.
    fn close_over_parts(&mut self, reflects: bool, calls: bool) {
        // Functions among the types that were dealt with may have parts now.
        let again = std::mem::replace(&mut self.reached.calls, calls) != calls;
        let mut index = if again { 0 } else { self.reached.n_types_done };
        while let Some(&ty) = self.reached.boxed.get_index(index) {
            index += 1;
            let mut add = |ty: TyId| {
                self.reached.boxed.insert(ty);
            };
            match self.types.kind(ty) {
                TyKind::Pointer(elem)
                | TyKind::Slice(elem)
                | TyKind::Array(elem, _)
                | TyKind::Chan(_, elem) => add(*elem),
                TyKind::Map(key, value) => {
                    add(*key);
                    add(*value);
                }
                TyKind::Struct(fields) => fields.iter().for_each(|field| add(field.ty)),
                TyKind::Func(sig) if calls => {
                    sig.params
                        .iter()
                        .chain(&sig.results)
                        .for_each(|&ty| add(ty));
                }
                _ => {}
            }
            if reflects && self.types.named(ty).is_some() {
                let pointer = self.types.pointer_to(ty);
                self.reached.boxed.insert(pointer);
            }
        }
    }

    /// Declared types, pointers to them, and structs that embed.
    fn may_have_methods(&self, ty: TyId) -> bool {
        let base = match *self.types.kind(ty) {
            TyKind::Pointer(elem) if self.types.named(ty).is_none() => elem,
            _ => ty,
        };
        match self.types.kind(base) {
            TyKind::Interface(_) => false,
            TyKind::Struct(fields) if fields.iter().any(|f| f.is_embedded) => true,
            _ => self.types.named(base).is_some(),
        }
    }

    /// The checker's type behind `ty`. Pointers that lowering made itself (`&T{…}`) are made there now.
    fn source_of(&mut self, prog: &mut Program, ty: TyId) -> Option<TypeId> {
        if let Some(&source) = self.source_ty.get(&ty) {
            return Some(source);
        }
        let TyKind::Pointer(elem) = *self.types.kind(ty) else {
            return None;
        };
        let elem = self.source_of(prog, elem)?;
        let source = prog.types.pointer(elem);
        self.source_ty.insert(ty, source);
        Some(source)
    }

    /// The method of that name, if `ty` has it, in the form that interfaces call.
    fn method_impl(
        &mut self,
        prog: &mut Program,
        ty: TyId,
        source: TypeId,
        (name, package): &MethodName,
    ) -> Option<MethodImpl> {
        let pkg = match &**package {
            "" => PkgId::UNIVERSE,
            path => names::package(prog, path)?,
        };
        let found = prog.types.lookup(source, pkg, Symbol::intern(name)).ok()?;
        let (member, path) = (found.member, found.path);
        let is_indirect = found.is_indirect;
        if let Member::Method(object) = member {
            prog.resolve(object);
        }
        let (target, sig) = match member {
            Member::Field { .. } | Member::ConstraintMethod { .. } => return None,
            Member::Method(object) => {
                let source = prog.func_of(object)?;
                let decl = prog.func(source);
                let pointer_recv = decl.has_pointer_recv;
                let args = receiver_args(prog, found.holder);
                // Methods with type parameters of their own are in no interface.
                if (pointer_recv && !is_indirect) || args.len() < decl.type_params.len() {
                    return None;
                }
                let sig = prog.method_signature(found.holder, object);
                let sig = self.ty(prog, sig);
                let func = self.instance(prog, source, &args);
                (MethodTarget::Static { func, pointer_recv }, sig)
            }
            Member::InterfaceMethod { interface, sig, .. } => {
                let interface = self.ty(prog, interface);
                let sig = self.ty(prog, sig);
                let TyKind::Interface(methods) = self.types.kind(interface) else {
                    return None;
                };
                let method = methods
                    .iter()
                    .position(|m| m.name == *name && m.package == *package)?
                    as u32;
                (MethodTarget::Interface { interface, method }, sig)
            }
        };
        let by_value = match target {
            MethodTarget::Static {
                func,
                pointer_recv: false,
            } if path.is_empty() => Some(func),
            _ => None,
        };
        let method = MethodRef { path, target };
        let func = self.interface_entry(prog, ty, name, &method, sig);
        Some(MethodImpl {
            name: name.clone(),
            package: package.clone(),
            sig,
            func,
            by_value,
        })
    }

    /// The function that takes the interface's data word first.
    fn interface_entry(
        &mut self,
        prog: &mut Program,
        ty: TyId,
        name: &str,
        method: &MethodRef,
        sig: TyId,
    ) -> FuncId {
        let is_pointer =
            matches!(self.types.kind(ty), TyKind::Pointer(_)) && self.types.named(ty).is_none();
        if let MethodTarget::Static { func, pointer_recv } = method.target
            && method.path.is_empty()
        {
            // The data word is what the method wants: a pointer, or a value that is one word anyway.
            if is_pointer && pointer_recv {
                return func;
            }
            if !is_pointer && self.types.is_pointer_shaped(ty) {
                return func;
            }
        }
        let by_value = !is_pointer && self.types.is_pointer_shaped(ty);
        let (recv, base) = if is_pointer {
            (ty, self.types.elem(ty))
        } else if by_value {
            (ty, ty)
        } else {
            (self.types.pointer_to(ty), ty)
        };
        self.wrapper(prog, recv, base, name, method, sig)
    }

    /// `(*T).M` for a method that is declared on T or promoted from an embedded field.
    fn wrapper(
        &mut self,
        prog: &mut Program,
        recv: TyId,
        base: TyId,
        name: &str,
        method: &MethodRef,
        sig: TyId,
    ) -> FuncId {
        let base_name = mini_mir::print::type_name(&self.types, base);
        let package: Arc<str> = match self.types.named(base) {
            Some(named) => named.package.clone(),
            None => "main".into(),
        };
        let short = match base_name.split_once('.') {
            Some((_, rest)) if self.types.named(base).is_some() => rest.to_string(),
            _ => base_name.clone(),
        };
        let short: Arc<str> = if recv == base {
            format!("{short}.{name}").into()
        } else {
            format!("(*{short}).{name}").into()
        };
        let symbol: Arc<str> = format!("{}.{short}", names::escaped(&package)).into();
        let key = Wrapper::Entry {
            receiver: recv,
            method: method.clone(),
        };
        if let Some(&func) = self.wrappers.get(&key) {
            return func;
        }
        let FuncSig {
            mut params,
            results,
            variadic,
        } = self.signature(sig);
        params.insert(0, recv);
        let full = self.types.intern(TyKind::Func(FuncSig {
            params,
            results,
            variadic,
        }));
        let pos = match method.target {
            MethodTarget::Static { func, .. } => self.funcs[func].pos,
            MethodTarget::Interface { .. } => mini_diagnostics::Pos::NONE,
        };
        let func = self.synthetic(symbol, short.clone(), package.clone(), full, true, pos);
        self.wrappers.insert(key, func);
        let main = prog.main;
        let mut inner = FuncLower::new(self, prog, main, func, Span::new(pos, pos));
        let mut args = inner.declare_wrapper_params(full);
        let receiver = inner.as_place(args.remove(0));
        let is_value_method = matches!(
            method.target,
            MethodTarget::Static {
                pointer_recv: false,
                ..
            }
        );
        if method.path.is_empty() && is_value_method && recv != base {
            let text = format!(
                "value method {base_name}.{name} called using nil *{short_base} pointer",
                short_base = base_name.rsplit('.').next().unwrap_or_default()
            );
            inner.refuse_nil(&receiver, &text);
        }
        inner.forward(receiver, method, args);
        inner.finish();
        func
    }
}

impl FuncLower<'_, '_> {
    /// Panics with package runtime's plain error of that text if the pointer is nil.
    fn refuse_nil(&mut self, pointer: &Place, text: &str) {
        let Some(plain_error) = self.plain_error() else {
            return;
        };
        let (nil, ok) = (self.b.new_block(), self.b.new_block());
        let zero = Operand::zero(self.place_ty(pointer));
        let is_nil = Rvalue::Binary(BinOp::Eq, Operand::Copy(pointer.clone()), zero);
        let is_nil = Operand::local(self.b.eval(TyId::BOOL, is_nil));
        self.b.branch(is_nil, nil, ok);
        self.b.switch_to(nil);
        let value = Operand::string(plain_error, text.as_bytes());
        self.cx.reached.boxed(plain_error);
        let site = self.b.site(SiteKind::Hidden, plain_error, self.b.pos, "");
        let boxed = Rvalue::MakeInterface {
            site,
            ty: TyId::EMPTY_INTERFACE,
            value,
        };
        let boxed = Operand::local(self.b.eval(TyId::EMPTY_INTERFACE, boxed));
        self.b.terminate(TerminatorKind::Panic(boxed));
        self.b.switch_to(ok);
    }

    fn plain_error(&mut self) -> Option<TyId> {
        let runtime = self.prog.package_by_path("runtime")?;
        let name = Symbol::intern("plainError");
        let object = *self.prog.package(runtime).scope.get(&name)?;
        matches!(self.prog.object(object).kind, ObjectKind::TypeName { .. })
            .then(|| self.object_ty(object))
    }
}
