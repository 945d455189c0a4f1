//! What is declared before any package: types, `true`, `false`, `nil`, `iota`, built-in functions, package unsafe.

use mini_diagnostics::Pos;
use mini_syntax::Symbol;

use crate::constant::Constant;
use crate::info::Info;
use crate::object::{Builtin, ObjId, Object, ObjectKind};
use crate::program::{Package, PkgId, Program};
use crate::types::{Basic, Interface, Method, Param, Signature, TypeId};

/// Fills packages 0 and 1 of a new program.
pub(super) fn declare(program: &mut Program) {
    let mut universe = Universe { program };
    universe.package(PkgId::UNIVERSE, "", "");
    universe.package(PkgId::UNSAFE, "unsafe", "unsafe");
    // Object 0 and function 0 are none.
    universe.object(PkgId::UNIVERSE, "", ObjectKind::Nil, TypeId::INVALID);

    for &basic in Basic::ALL {
        let is_declared = basic != Basic::Invalid && !basic.is_untyped();
        if is_declared && basic != Basic::UnsafePointer {
            let is_alias = matches!(basic, Basic::Byte | Basic::Rune);
            let kind = ObjectKind::TypeName { is_alias };
            universe.name(basic.name(), kind, TypeId(basic as u32));
        }
    }
    let pointer = ObjectKind::TypeName { is_alias: false };
    universe.in_unsafe("Pointer", pointer, TypeId::UNSAFE_POINTER);

    for value in [false, true] {
        let id = universe.program.constants.add(Constant::Bool(value));
        let name = if value { "true" } else { "false" };
        universe.name(name, ObjectKind::Const(id), TypeId::UNTYPED_BOOL);
    }
    let zero = universe.program.constants.add(Constant::int(0));
    universe.name("iota", ObjectKind::Const(zero), TypeId::UNTYPED_INT);
    universe.name("nil", ObjectKind::Nil, TypeId::UNTYPED_NIL);

    for &builtin in Builtin::ALL {
        let kind = ObjectKind::Builtin(builtin);
        match builtin.is_unsafe() {
            true => universe.in_unsafe(builtin.name(), kind, TypeId::INVALID),
            false => universe.name(builtin.name(), kind, TypeId::INVALID),
        };
    }
    universe.any();
    universe.error();
    universe.comparable();
}

struct Universe<'a> {
    program: &'a mut Program,
}

impl Universe<'_> {
    fn package(&mut self, id: PkgId, name: &str, path: &str) {
        let (name, path) = (Symbol::intern(name), Symbol::intern(path));
        self.program
            .types
            .set_package_name(id, name, path, Vec::new());
        self.program.packages.push(Package {
            id,
            path,
            name,
            imports: Vec::new(),
            files: Vec::new(),
            scope: Default::default(),
            info: Info::default(),
            is_lazy: true,
            is_root: false,
            has_syntax_errors: false,
            inits: Vec::new(),
            funcs: Vec::new(),
            init_order: Vec::new(),
        });
        self.program.state.packages.push(Default::default());
    }

    fn object(&mut self, pkg: PkgId, name: &str, kind: ObjectKind, ty: TypeId) -> ObjId {
        self.program.add_object(Object {
            kind,
            name: Symbol::intern(name),
            pos: Pos::NONE,
            pkg,
            ty,
        })
    }

    fn name(&mut self, name: &str, kind: ObjectKind, ty: TypeId) -> ObjId {
        let obj = self.object(PkgId::UNIVERSE, name, kind, ty);
        self.program
            .state
            .universe
            .insert(Symbol::intern(name), obj);
        obj
    }

    fn in_unsafe(&mut self, name: &str, kind: ObjectKind, ty: TypeId) -> ObjId {
        let obj = self.object(PkgId::UNSAFE, name, kind, ty);
        self.program.packages[PkgId::UNSAFE.index()]
            .scope
            .insert(Symbol::intern(name), obj);
        obj
    }

    /// `type any = interface{}`
    fn any(&mut self) {
        let name = Symbol::intern("any");
        let obj = self.name(
            "any",
            ObjectKind::TypeName { is_alias: true },
            TypeId::INVALID,
        );
        let types = &mut self.program.types;
        let any = types.new_alias(name, PkgId::UNIVERSE, obj);
        let empty = types.empty_interface;
        types.set_actual(any, empty);
        types.any = any;
        self.program.objects[obj.index()].ty = any;
    }

    /// `type error interface{ Error() string }`
    fn error(&mut self) {
        let result = Param {
            name: None,
            ty: TypeId::STRING,
        };
        let sig = self.program.types.func(Signature {
            results: vec![result],
            ..Signature::default()
        });
        let method = Method {
            name: Symbol::intern("Error"),
            pkg: PkgId::UNIVERSE,
            sig,
        };
        let error = self.interface("error", vec![method]);
        self.program.types.error = error;
    }

    /// `comparable`, which only constraints may use.
    fn comparable(&mut self) {
        let comparable = self.interface("comparable", Vec::new());
        self.program.types.set_comparable(comparable);
        // It embeds itself, in order to differ from the empty interface.
        self.program.state.sized_types.insert(comparable);
    }

    fn interface(&mut self, name: &str, methods: Vec<Method>) -> TypeId {
        let symbol = Symbol::intern(name);
        let kind = ObjectKind::TypeName { is_alias: false };
        let obj = self.name(name, kind, TypeId::INVALID);
        let types = &mut self.program.types;
        let named = types.new_named(symbol, PkgId::UNIVERSE, obj, 0);
        let rhs = types.interface(Interface {
            methods,
            embeds: Vec::new(),
            pkg: PkgId::UNIVERSE,
            is_implicit: false,
        });
        types.set_rhs(named, rhs);
        types.complete_interface(named);
        self.program.objects[obj.index()].ty = named;
        named
    }
}
