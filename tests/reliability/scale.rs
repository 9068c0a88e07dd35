//! The scale of the long tests: small in `cargo test`, full in `make soak`; and the figures they print.

/// The number in the variable, else `small`.
pub fn of(variable: &str, small: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.replace('_', "").parse().unwrap_or_else(|_| panic!("{variable} is a number, not {value:?}")),
        Err(_) => small,
    }
}

/// Prints a figure, visible with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the harness keeps it to itself otherwise")]
pub fn say(figure: &str) {
    println!("{figure}");
}
