//! Whether a type has the methods of an interface.

use mini_syntax::Symbol;

use super::{Member, Method, TypeId, Types};
use crate::object::ObjId;

/// The first method that keeps a type from being an interface.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Missing {
    NotFound(Method),
    /// The method exists with another signature.
    WrongType {
        want: Method,
        have: TypeId,
    },
    /// The method is declared on the pointer.
    PointerReceiver(Method),
    /// A name that differs in case only.
    WrongName {
        want: Method,
        have: Symbol,
    },
    /// A field has the name.
    Field(Method),
}

impl Types {
    /// The first method of interface `iface` that `ty` does not have. With `is_static` unset and an interface `ty`,
    /// methods may be absent (the dynamic type may have them) but must not contradict.
    ///
    /// `signature` gives the type of a method's object, resolving it if need be.
    pub fn missing_method(
        &self,
        ty: TypeId,
        iface: TypeId,
        is_static: bool,
        signature: &mut dyn FnMut(ObjId) -> (TypeId, bool),
    ) -> Option<Missing> {
        let wanted = self.methods_of_interface(iface);
        if self.is_interface(ty) {
            let have = self.methods_of_interface(ty);
            for want in wanted.iter() {
                let found = have
                    .iter()
                    .find(|have| have.name == want.name && have.pkg == want.pkg);
                match found {
                    Some(have) if !self.identical(have.sig, want.sig) => {
                        return Some(Missing::WrongType {
                            want: *want,
                            have: have.sig,
                        });
                    }
                    None if is_static => return Some(Missing::NotFound(*want)),
                    _ => {}
                }
            }
            return None;
        }
        for want in wanted.iter() {
            let found = self.lookup(ty, want.pkg, want.name);
            match found.map(|found| (found.member, found.is_indirect)) {
                Ok((Member::Method(obj), is_indirect)) => {
                    let (have, has_pointer_recv) = signature(obj);
                    if !self.identical(have, want.sig) {
                        return Some(Missing::WrongType { want: *want, have });
                    }
                    if has_pointer_recv && !is_indirect {
                        return Some(Missing::PointerReceiver(*want));
                    }
                }
                Ok((Member::InterfaceMethod { sig, .. }, _)) => {
                    if !self.identical(sig, want.sig) {
                        return Some(Missing::WrongType {
                            want: *want,
                            have: sig,
                        });
                    }
                }
                Ok((Member::Field { .. }, _)) => return Some(Missing::Field(*want)),
                Err(_) => {
                    return Some(match self.lookup_folded(ty, want.pkg, want.name) {
                        Some(have) if have != want.name => Missing::WrongName { want: *want, have },
                        _ => Missing::NotFound(*want),
                    });
                }
            }
        }
        None
    }
}
