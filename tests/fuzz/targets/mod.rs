//! Fuzz targets, one for each parser of foreign input, with its property and first inputs.
//!
//! They run in two ways: by `cargo test --test fuzz`, on known inputs and on mutations that are the same in
//! every run, and by `guided`, which lets libFuzzer look for inputs that reach more of the code.

use std::cell::RefCell;
use std::path::Path;

use tempfile::TempDir;

mod archive;
mod artifact_config;
mod cache_entry;
mod challenge;
mod config_change;
mod config_json;
mod digest;
mod error_body;
mod escape;
mod helper;
mod hosts_toml;
mod layer;
mod link;
mod list;
mod manifest;
mod named_images;
mod pem;
mod pull_secret;
mod reference;
mod referrers;
mod registries_yaml;
mod retry_after;
mod scope;
mod snapshot;
mod storage;
mod table;
mod template;
mod token;
mod used_images;
mod vectors;
mod warning;

/// One parser of foreign input.
#[derive(Clone, Copy)]
pub struct Target {
    /// Its name, which is that of its module.
    pub name: &'static str,
    /// Reads an input and panics when the property does not hold.
    pub run: fn(&[u8]),
    /// Inputs to begin with.
    pub seeds: fn() -> Vec<Vec<u8>>,
}

/// The module of each, taken apart.
macro_rules! targets {
    ($($name:ident),* $(,)?) => {
        &[$(Target { name: stringify!($name), run: $name::run, seeds: $name::seeds }),*]
    };
}

/// All targets.
pub const ALL: &[Target] = targets![
    archive,
    artifact_config,
    cache_entry,
    challenge,
    config_change,
    config_json,
    digest,
    error_body,
    escape,
    helper,
    hosts_toml,
    layer,
    link,
    list,
    manifest,
    named_images,
    pem,
    pull_secret,
    reference,
    referrers,
    registries_yaml,
    retry_after,
    scope,
    snapshot,
    storage,
    table,
    template,
    token,
    used_images,
    warning,
];

/// Two inputs in one: what stands before the first NUL and what stands after it.
fn halves(input: &[u8]) -> (&[u8], &[u8]) {
    match input.iter().position(|&byte| byte == 0) {
        Some(at) => (&input[..at], &input[at + 1..]),
        None => (input, b""),
    }
}

/// The two as one.
fn joined(first: impl AsRef<[u8]>, second: impl AsRef<[u8]>) -> Vec<u8> {
    [first.as_ref(), b"\0", second.as_ref()].concat()
}

/// What a terminal would obey or hide. Written down here once more, so that the program's own list is not its own
/// judge.
fn is_hostile(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{ad}' | '\u{61c}' | '\u{180e}')
        || ('\u{200b}'..='\u{200f}').contains(&c)
        || ('\u{202a}'..='\u{202e}').contains(&c)
        || ('\u{2060}'..='\u{206f}').contains(&c)
        || ('\u{e0000}'..='\u{e007f}').contains(&c)
}

/// Creates a folder for this thread, in memory where possible.
fn with_folder<T>(work: impl FnOnce(&Path) -> T) -> T {
    thread_local! {
        static FOLDER: RefCell<Option<TempDir>> = const { RefCell::new(None) };
    }
    FOLDER.with_borrow_mut(|folder| {
        let make = || {
            let memory = Path::new("/dev/shm");
            let place = if memory.is_dir() { memory.to_owned() } else { std::env::temp_dir() };
            tempfile::tempdir_in(place).expect("a temporary folder")
        };
        work(folder.get_or_insert_with(make).path())
    })
}

/// Runs a future that is asynchronous only because it may read a file or run a helper.
fn wait<T>(work: impl Future<Output = T>) -> T {
    thread_local! {
        static RUNTIME: tokio::runtime::Runtime =
            tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    }
    RUNTIME.with(|runtime| runtime.block_on(work))
}
