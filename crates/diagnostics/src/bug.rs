//! `bug!`: we are wrong, not the user's program.

/// Ends the process with an internal error: for states that the passes before should have made impossible.
///
/// Takes what `format!` takes. The message says where it happened and how to report it.
#[macro_export]
macro_rules! bug {
    ($($arg:tt)*) => {
        $crate::report_bug(format_args!($($arg)*), file!(), line!())
    };
}

/// The function behind [`bug!`](crate::bug). Panics, so that a host that embeds the compiler may catch it.
#[cold]
#[track_caller]
pub fn report_bug(message: std::fmt::Arguments<'_>, file: &str, line: u32) -> ! {
    panic!(
        "mini: internal error: {message} ({file}:{line})\n\
         This is a mistake in mini, not in your program. Please report it with the program that showed it\n\
         and the output of the same command under RUST_BACKTRACE=1."
    );
}
