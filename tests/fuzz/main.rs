//! Every parser of foreign input, on known inputs and on mutations of them.
//!
//! One test per target. Each reads its seeds, which are made of `fixtures/vectors`; the inputs in `found`, which once
//! failed; and as many more inputs as `FUZZ_INPUTS` says. These are numbered, and the same in every run:
//! a failure names its number, and `FUZZ_FIRST` begins there. `make fuzz` has libFuzzer look for more, beginning with
//! what `FUZZ_CORPUS` has this write into a folder.

use std::ops::Range;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use libtest_mimic::{Arguments, Failed, Trial};

#[allow(dead_code, reason = "what the module below stands on")]
#[path = "../../src/bin/rls/command_line.rs"]
mod command_line;
mod mutation;
#[allow(dead_code, unused_imports, reason = "the program's own module, of which two functions are meant")]
#[path = "../../src/bin/rls/output/mod.rs"]
mod output;
#[allow(dead_code, unused_imports, reason = "what the module above stands on")]
#[path = "../../src/bin/rls/spelling.rs"]
mod spelling;
mod targets;
#[allow(dead_code, unused_imports, reason = "what the module above stands on")]
#[path = "../../src/bin/rls/usage.rs"]
mod usage;

use targets::{ALL, Target};

/// Inputs for each target by default.
const INPUTS: u64 = 5_000;

/// What a program's main thread has, on which all of this is read.
const STACK: usize = 8 << 20;

fn main() {
    let trial = |target: &'static Target| Trial::test(target.name, || on_a_stack(|| check(*target)));
    let mut trials: Vec<_> = ALL.iter().map(trial).collect();
    trials.push(Trial::test("a_target_that_fails_is_noticed", a_target_that_fails_is_noticed));
    trials.push(Trial::test("libfuzzer_has_every_target", libfuzzer_has_every_target));
    libtest_mimic::run(&Arguments::from_args(), trials).exit();
}

fn on_a_stack<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    let thread = std::thread::Builder::new().stack_size(STACK).spawn(work).expect("a thread");
    thread.join().expect("panics are caught where they are expected")
}

/// Reads all known inputs and mutations of them.
fn check(target: Target) -> Result<(), Failed> {
    let seeds = known(target.name, (target.seeds)());
    if seeds.len() < 5 {
        return Err(format!("only {} inputs to begin with", seeds.len()).into());
    }
    if let Some(folder) = std::env::var_os("FUZZ_CORPUS") {
        write(&Path::new(&folder).join(target.name), &seeds)?;
    }
    let first = number("FUZZ_FIRST").unwrap_or_default();
    read(target, &seeds, first..first + number("FUZZ_INPUTS").unwrap_or(INPUTS))
}

/// Reads the seeds, and their mutations under these numbers.
fn read(target: Target, seeds: &[Vec<u8>], numbers: Range<u64>) -> Result<(), Failed> {
    for (number, seed) in seeds.iter().enumerate() {
        holds(target, seed).map_err(|()| format!("seed {number}: {}", shown(seed)))?;
    }
    for number in numbers {
        let input = mutation::input(seeds, number);
        holds(target, &input).map_err(|()| format!("input {number}: {}", shown(&input)))?;
    }
    Ok(())
}

/// Whether a target takes an input; a panic has said why not.
fn holds(target: Target, input: &[u8]) -> Result<(), ()> {
    catch_unwind(AssertUnwindSafe(|| (target.run)(input))).map_err(drop)
}

/// The seeds, and what was found by looking for more.
fn known(name: &str, mut seeds: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/found").join(name);
    let mut files: Vec<_> =
        std::fs::read_dir(folder).into_iter().flatten().map(|entry| entry.expect("an entry").path()).collect();
    files.sort();
    seeds.extend(files.iter().map(|file| std::fs::read(file).expect("an input")));
    seeds
}

/// Writes inputs, each in a file of its own.
fn write(folder: &Path, inputs: &[Vec<u8>]) -> std::io::Result<()> {
    std::fs::create_dir_all(folder)?;
    inputs
        .iter()
        .enumerate()
        .try_for_each(|(number, input)| std::fs::write(folder.join(format!("seed-{number}")), input))
}

fn number(variable: &str) -> Option<u64> {
    let value = std::env::var(variable).ok()?;
    Some(value.replace('_', "").parse().unwrap_or_else(|_| panic!("{variable} is a number, not {value:?}")))
}

/// As it can be pasted into a test.
fn shown(input: &[u8]) -> String {
    format!("b\"{}\"", input.escape_ascii())
}

fn a_target_that_fails_is_noticed() -> Result<(), Failed> {
    let broken = Target {
        name: "broken",
        // A panic of which nothing is printed.
        run: |input| {
            if input.get(1) == Some(&b'x') {
                std::panic::resume_unwind(Box::new(()));
            }
        },
        seeds: || (0..5).map(|_| b"axb".to_vec()).collect(),
    };
    let failed = read(broken, &(broken.seeds)(), 0..1).expect_err("the first seed is enough");
    assert!(failed.message().is_some_and(|message| message == "seed 0: b\"axb\""), "{failed:?}");
    let later = Target { seeds: || vec![b"abb".to_vec(); 5], ..broken };
    let failed = read(later, &(later.seeds)(), 0..INPUTS).expect_err("some input has an x there");
    assert!(failed.message().is_some_and(|message| message.starts_with("input ")), "{failed:?}");
    Ok(())
}

/// Compiling `guided` takes too long for every test run; this finds a forgotten target without compiling it.
fn libfuzzer_has_every_target() -> Result<(), Failed> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fuzz/guided");
    let manifest = std::fs::read_to_string(folder.join("Cargo.toml"))?;
    for Target { name, .. } in ALL {
        let path = format!("fuzz_targets/{name}.rs");
        assert!(manifest.contains(&format!("path = \"{path}\"")), "{name} is no program of guided/Cargo.toml");
        let program = std::fs::read_to_string(folder.join(&path)).map_err(|error| format!("{path}: {error}"))?;
        assert!(program.contains(&format!("run(\"{name}\"")), "{path} runs another");
    }
    Ok(())
}
