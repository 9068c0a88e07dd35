//! The targets, for libFuzzer to run.

#[allow(dead_code, reason = "what the module below stands on")]
#[path = "../../../src/bin/rls/command_line.rs"]
mod command_line;
#[allow(dead_code, unused_imports, reason = "the program's own module, of which two functions are meant")]
#[path = "../../../src/bin/rls/output/mod.rs"]
mod output;
#[path = "../targets/mod.rs"]
pub mod targets;
#[allow(dead_code, reason = "what the module above stands on")]
#[path = "../../../src/bin/rls/spelling.rs"]
mod spelling;
#[allow(dead_code, reason = "what the module above stands on")]
#[path = "../../../src/bin/rls/usage.rs"]
mod usage;

/// Reads an input with the target of this name, and panics when its property does not hold.
pub fn run(name: &str, input: &[u8]) {
    let target = targets::ALL.iter().find(|target| target.name == name).expect("a target of this name");
    (target.run)(input);
}
