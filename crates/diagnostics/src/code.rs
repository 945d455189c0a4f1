//! The kinds of diagnostics. Checker codes carry the names of Go's (`internal/types/errors`), so that a reader of Go
//! knows what each is about; ours come first.

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident,)*) => {
        /// What a diagnostic is about, for tests and for looking it up; the message is for people.
        #[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
        pub enum Code {
            $($(#[$meta])* $name,)*
        }

        impl Code {
            pub const ALL: &[Code] = &[$(Code::$name,)*];

            pub fn name(self) -> &'static str {
                match self {
                    $(Code::$name => stringify!($name),)*
                }
            }
        }
    };
}

codes! {
    /// The text does not follow the grammar.
    Syntax,
    /// A form that the parser accepts and that means nothing where it stands.
    InvalidSyntaxTree,
    /// Part of the language, not built yet.
    Unsupported,
    /// A decision of escape analysis (`-m`).
    Escape,
    /// A decision of the inliner (`-m`).
    Inline,

    BlankPkgName,
    MismatchedPkgName,
    InvalidPkgUse,
    BadImportPath,
    BrokenImport,
    ImportCRenamed,
    UnusedImport,
    InvalidInitCycle,
    DuplicateDecl,
    InvalidDeclCycle,
    InvalidTypeCycle,
    InvalidConstInit,
    InvalidConstVal,
    InvalidConstType,
    UntypedNilUse,
    WrongAssignCount,
    UnassignableOperand,
    NoNewVar,
    MultiValAssignOp,
    InvalidIfaceAssign,
    InvalidChanAssign,
    IncompatibleAssign,
    UnaddressableFieldAssign,
    NotAType,
    InvalidArrayLen,
    BlankIfaceMethod,
    IncomparableMapKey,
    InvalidPtrEmbed,
    BadRecv,
    InvalidRecv,
    DuplicateFieldAndMethod,
    DuplicateMethod,
    InvalidBlank,
    InvalidIota,
    MissingInitBody,
    InvalidInitSig,
    InvalidInitDecl,
    InvalidMainDecl,
    TooManyValues,
    NotAnExpr,
    TruncatedFloat,
    NumericOverflow,
    UndefinedOp,
    MismatchedTypes,
    DivByZero,
    NonNumericIncDec,
    UnaddressableOperand,
    InvalidIndirection,
    NonIndexableOperand,
    InvalidIndex,
    SwappedSliceIndices,
    NonSliceableOperand,
    InvalidSliceExpr,
    InvalidShiftCount,
    InvalidShiftOperand,
    InvalidReceive,
    InvalidSend,
    DuplicateLitKey,
    MissingLitKey,
    InvalidLitIndex,
    OversizeArrayLit,
    MixedStructLit,
    InvalidStructLit,
    MissingLitField,
    DuplicateLitField,
    UnexportedLitField,
    InvalidLitField,
    UntypedLit,
    InvalidLit,
    AmbiguousSelector,
    UndeclaredImportedName,
    UnexportedName,
    UndeclaredName,
    MissingFieldOrMethod,
    BadDotDotDotSyntax,
    NonVariadicDotDotDot,
    InvalidDotDotDot,
    UncalledBuiltin,
    InvalidAppend,
    InvalidCap,
    InvalidClose,
    InvalidCopy,
    InvalidComplex,
    InvalidDelete,
    InvalidImag,
    InvalidLen,
    SwappedMakeArgs,
    InvalidMake,
    InvalidReal,
    InvalidAssert,
    ImpossibleAssert,
    InvalidConversion,
    InvalidUntypedConversion,
    BadOffsetofSyntax,
    InvalidOffsetof,
    UnusedExpr,
    UnusedVar,
    MissingReturn,
    WrongResultCount,
    OutOfScopeResult,
    InvalidCond,
    InvalidPostDecl,
    InvalidIterVar,
    InvalidRangeExpr,
    MisplacedBreak,
    MisplacedContinue,
    MisplacedFallthrough,
    DuplicateCase,
    DuplicateDefault,
    BadTypeKeyword,
    InvalidTypeSwitch,
    InvalidExprSwitch,
    InvalidSelectCase,
    UndeclaredLabel,
    DuplicateLabel,
    MisplacedLabel,
    UnusedLabel,
    JumpOverDecl,
    JumpIntoBlock,
    InvalidMethodExpr,
    WrongArgCount,
    InvalidCall,
    UnusedResults,
    InvalidDefer,
    InvalidGo,
    BadDecl,
    RepeatedDecl,
    InvalidUnsafeAdd,
    InvalidUnsafeSlice,
    UnsupportedFeature,
    NotAGenericType,
    WrongTypeArgCount,
    CannotInferTypeArgs,
    InvalidTypeArg,
    InvalidInstanceCycle,
    InvalidUnion,
    MisplacedConstraintIface,
    InvalidMethodTypeParams,
    MisplacedTypeParam,
    InvalidUnsafeSliceData,
    InvalidUnsafeString,
    InvalidClear,
    TypeTooLarge,
    InvalidMinMaxOperand,
    TooNew,
}

impl std::fmt::Display for Code {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}
