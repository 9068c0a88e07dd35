//! How much is done, less when everything is tested and all of it by `make soak`, and what was counted.

/// `small`, unless the variable says another number.
pub fn of(variable: &str, small: u64) -> u64 {
    match std::env::var(variable) {
        Ok(value) => value.replace('_', "").parse().unwrap_or_else(|_| panic!("{variable} is a number, not {value:?}")),
        Err(_) => small,
    }
}

/// A figure, which is seen with `--nocapture`.
#[expect(clippy::print_stdout, reason = "the harness keeps it to itself otherwise")]
pub fn say(figure: &str) {
    println!("{figure}");
}
