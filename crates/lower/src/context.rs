//! What lowering knows about the whole program: the MIR made so far, and what is still to be done.

use std::collections::{HashMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use foldhash::fast::FixedState;
use mini_diagnostics::{Code, Diagnostic, Pos, Span};
use mini_frontend::{self as front, ObjId, Program, Subst, TypeId};
use mini_mir::{
    Func, FuncId, FuncKind, FuncSig, Global, GlobalId, IndexVec, InlineCost, TyId, TyKind, TyTable,
};
use mini_syntax::ast;

use crate::cost::Cost;
use crate::method_sets::Reached;
use crate::names;
use crate::selector::{MethodRef, MethodTarget};

pub(crate) type Map<K, V> = HashMap<K, V, FixedState>;

/// A body that is to be lowered.
pub(crate) enum Work<'ast> {
    /// A declared function or method, or an instance of one.
    Declared {
        func: FuncId,
        source: front::FuncId,
        subst: Rc<Subst>,
    },
    /// A function literal.
    Literal {
        func: FuncId,
        source: front::FuncId,
        lit: &'ast ast::FuncLit,
        captures: Vec<Captured>,
        subst: Rc<Subst>,
    },
}

/// A variable that a literal captures.
#[derive(Clone)]
pub(crate) struct Captured {
    pub(crate) var: ObjId,
    pub(crate) ty: TyId,
    pub(crate) by_ref: bool,
}

/// How many literals and wrappers a function has so far, for their names.
#[derive(Default, Clone, Copy)]
pub(crate) struct Generation {
    pub(crate) literals: u32,
    pub(crate) go_defer: u32,
    pub(crate) loop_bodies: u32,
}

/// What a function of the compiler's own does with a method. Names would not do: types of different functions share them.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(crate) enum Wrapper {
    /// `x.m`: calls it on the receiver in its context.
    Value {
        receiver: TyId,
        target: MethodTarget,
    },
    /// `T.m`, of this function type: calls it on its first argument.
    Expr { ty: TyId, method: MethodRef },
    /// Calls it as interfaces do, on a receiver of this type.
    Entry { receiver: TyId, method: MethodRef },
}

/// The checker refuses cycles of instances that never end; this is for those that end too late.
const MAX_INSTANCES: usize = 50_000;

pub(crate) struct Context<'ast> {
    pub(crate) asts: &'ast front::Asts,
    pub(crate) types: TyTable,
    pub(crate) funcs: IndexVec<FuncId, Func>,
    pub(crate) globals: IndexVec<GlobalId, Global>,
    /// By canonical frontend type.
    pub(crate) ty_of: Map<TypeId, TyId>,
    /// The way back, for method sets.
    pub(crate) source_ty: Map<TyId, TypeId>,
    /// By function and type arguments, which are canonical and free of type parameters.
    pub(crate) func_of: Map<(front::FuncId, Box<[TypeId]>), FuncId>,
    pub(crate) global_of: Map<ObjId, GlobalId>,
    /// Initialisers of library variables that are reached, by the first variable.
    pub(crate) library_inits: Map<ObjId, FuncId>,
    /// Library variables met, whose initialisers are to be looked for.
    pub(crate) new_library_vars: Vec<ObjId>,
    pub(crate) generations: Map<FuncId, Generation>,
    /// Wrappers of methods.
    pub(crate) wrappers: Map<Wrapper, FuncId>,
    /// How many instances of generic functions `func_of` has.
    n_instances: usize,
    pub(crate) todo: VecDeque<Work<'ast>>,
    /// `runtime.raise`, which makes the panics of failed checks.
    pub(crate) raise: Option<FuncId>,
    pub(crate) reached: Reached,
    /// Whether variables that are assigned more than once can be copied into literals ([`crate::captures`]).
    pub(crate) settled: Map<ObjId, bool>,
    /// What inlining would cost, before costs of callees are known.
    pub(crate) costs: Map<FuncId, Cost>,
    /// See [`crate::Options::explain`].
    pub(crate) explain: u8,
    /// See [`mini_mir::Program::sources`].
    pub(crate) sources: HashMap<FuncId, String>,
    pub(crate) diagnostics: Vec<Diagnostic>,
}

impl<'ast> Context<'ast> {
    pub(crate) fn new(asts: &'ast front::Asts) -> Context<'ast> {
        Context {
            asts,
            types: TyTable::new(),
            funcs: IndexVec::new(),
            globals: IndexVec::new(),
            ty_of: Map::default(),
            source_ty: Map::default(),
            func_of: Map::default(),
            global_of: Map::default(),
            library_inits: Map::default(),
            new_library_vars: vec![],
            generations: Map::default(),
            wrappers: Map::default(),
            n_instances: 0,
            todo: VecDeque::new(),
            raise: None,
            reached: Reached::default(),
            settled: Map::default(),
            costs: Map::default(),
            explain: 0,
            sources: HashMap::new(),
            diagnostics: vec![],
        }
    }

    /// Reports a construct that is not built yet.
    pub(crate) fn unsupported(&mut self, span: Span, construct: &str) {
        let message = format!("{construct} not supported yet");
        self.diagnostics
            .push(Diagnostic::error(Code::UnsupportedFeature, span, message));
    }

    /// The MIR function of a declared function or method that is not generic; reached from now on.
    pub(crate) fn func(&mut self, prog: &mut Program, source: front::FuncId) -> FuncId {
        self.instance(prog, source, &[])
    }

    /// The MIR function of a declared function or method with these types for its type parameters, which for a method
    /// are those of the receiver and then its own. Reached from now on.
    pub(crate) fn instance(
        &mut self,
        prog: &mut Program,
        source: front::FuncId,
        args: &[TypeId],
    ) -> FuncId {
        let args: Box<[TypeId]> = args.iter().map(|&arg| canon(prog, arg)).collect();
        let key = (source, args);
        if let Some(&id) = self.func_of.get(&key) {
            return id;
        }
        let decl = prog.func(source).clone();
        let subst = Rc::new(Subst::new(&decl.type_params, &key.1));
        let mut params = vec![];
        if let Some(recv) = decl.recv {
            let recv = prog.object(recv).ty;
            let recv = prog.types.subst(recv, &subst);
            params.push(self.ty(prog, recv));
        }
        let sig = prog.types.subst(decl.sig, &subst);
        let sig = self.sig(prog, sig, params);
        let pos = match decl.origin {
            // Go has methods where their receivers are.
            front::FuncOrigin::Decl { decl: at, .. } if decl.recv.is_some() => {
                let decl = self.asts.func_decl(at);
                decl.map_or(Pos::NONE, |decl| {
                    decl.span.start.offset("func ".len() as u32)
                })
            }
            front::FuncOrigin::Decl { obj, .. } => prog.object(obj).pos,
            front::FuncOrigin::Lit { .. } => Pos::NONE,
        };
        let has_pragma = |text| match decl.origin {
            front::FuncOrigin::Decl { decl, .. } => self
                .asts
                .func_decl(decl)
                .is_some_and(|decl| decl.has_pragma(text)),
            front::FuncOrigin::Lit { .. } => false,
        };
        let no_inline = has_pragma("go:noinline");
        let is_library = !prog.package(decl.pkg).is_root;
        let is_wrapper = is_library && has_pragma("go:wrapper");
        let is_native = prog.is_native(source);
        let id = self.funcs.push(Func {
            short_name: names::short(prog, source, &key.1).into(),
            name: names::declared(prog, source).into(),
            package: names::path(prog, decl.pkg).into(),
            sig,
            kind: if is_native {
                FuncKind::Native
            } else {
                FuncKind::Pending
            },
            pos,
            no_inline,
            is_wrapper,
            is_library,
            parent: None,
            inline_cost: InlineCost::Unknown,
        });
        let is_instance = !key.1.is_empty();
        self.func_of.insert(key, id);
        if is_instance {
            self.n_instances += 1;
            if self.n_instances == MAX_INSTANCES {
                let text = format!("more than {MAX_INSTANCES} instances of generic functions");
                let limit = Diagnostic::error(Code::InvalidInstanceCycle, pos.span(), text);
                self.diagnostics.push(limit);
            }
            if self.n_instances >= MAX_INSTANCES {
                return id;
            }
        }
        if !is_native {
            self.todo.push_back(Work::Declared {
                func: id,
                source,
                subst,
            });
        }
        id
    }

    /// The function type of a signature with further parameters in front.
    pub(crate) fn sig(&mut self, prog: &Program, sig: TypeId, mut params: Vec<TyId>) -> TyId {
        let Some(sig) = prog.types.signature(sig).cloned() else {
            return TyId::FUNC;
        };
        for param in &sig.params {
            params.push(self.ty(prog, param.ty));
        }
        let results = sig.results.iter().map(|r| self.ty(prog, r.ty)).collect();
        self.types.intern(TyKind::Func(FuncSig {
            params,
            results,
            variadic: sig.is_variadic,
        }))
    }

    /// The global of a package variable; reached from now on.
    pub(crate) fn global(&mut self, prog: &Program, var: ObjId) -> GlobalId {
        if let Some(&id) = self.global_of.get(&var) {
            return id;
        }
        let object = prog.object(var);
        let ty = self.ty(prog, object.ty);
        let id = self.globals.push(Global {
            name: format!(
                "{}.{}",
                names::escaped(&names::path(prog, object.pkg)),
                object.name
            )
            .into(),
            ty,
            pos: object.pos,
        });
        self.global_of.insert(var, id);
        if prog.package(object.pkg).is_lazy {
            self.new_library_vars.push(var);
        }
        id
    }

    /// A function of the compiler's own making.
    pub(crate) fn synthetic(
        &mut self,
        name: Arc<str>,
        short_name: Arc<str>,
        package: Arc<str>,
        sig: TyId,
        is_library: bool,
        pos: Pos,
    ) -> FuncId {
        self.funcs.push(Func {
            name,
            package,
            sig,
            kind: FuncKind::Pending,
            pos,
            short_name,
            no_inline: false,
            is_wrapper: true,
            is_library,
            parent: None,
            inline_cost: InlineCost::Unknown,
        })
    }

    pub(crate) fn signature(&self, func_ty: TyId) -> FuncSig {
        match self.types.kind(func_ty) {
            TyKind::Func(sig) => sig.clone(),
            other => mini_diagnostics::bug!("signature of {other:?}"),
        }
    }
}

/// The type that stands for all that are identical.
pub(crate) fn canon(prog: &Program, ty: TypeId) -> TypeId {
    prog.types.canon(prog.types.unalias(ty))
}
