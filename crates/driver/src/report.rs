//! Words for what goes wrong outside the user's source.

/// The reason of an input or output error without Rust's error number.
pub(crate) fn io_reason(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.split_once(" (os error") {
        Some((reason, _)) => reason.to_lowercase(),
        None => text,
    }
}

/// Makes a panic of the compiler an internal error that says so and how to report it, with status 3.
pub fn install_panic_hook() {
    std::panic::set_hook(Box::new(|info| {
        let message = match info.payload().downcast_ref::<&str>() {
            Some(text) => (*text).to_owned(),
            None => info
                .payload()
                .downcast_ref::<String>()
                .cloned()
                .unwrap_or_default(),
        };
        if message.starts_with("mini: internal error") {
            eprintln!("{message}");
        } else {
            let place = info.location().map(ToString::to_string).unwrap_or_default();
            eprintln!(
                "mini: internal error: {message} ({place})\n\
                 This is a mistake in mini, not in your program. Please report it with the program that showed it."
            );
        }
        if std::env::var_os("RUST_BACKTRACE").is_some() {
            eprintln!("{}", std::backtrace::Backtrace::force_capture());
        }
        std::process::exit(3);
    }));
}
