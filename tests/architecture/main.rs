//! The layers of the library, read from its sources: imports go down only, no two files import each other, and the
//! library knows nothing of command lines, tables and terminals. Tests are left out there. Comments are not
//! wider than code, in tests either.

mod sources;

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use sources::{Crate, Import, Imports, Module};

/// The modules of the library and their layers. A module imports from its own layer and from those below.
const LAYERS: &[(&str, usize)] = &[
    ("documents", 0),
    ("encoding", 0),
    ("error", 0),
    ("name", 0),
    ("encoding", 0),
    ("replace", 0),
    ("auth", 1),
    ("keychain", 1),
    ("trust", 1),
    ("http", 2),
    ("registry", 3),
    ("cache", 3),
    ("retention", 4),
    ("removal", 4),
    ("diagnosis", 4),
    ("analysis", 4),
    ("layers", 4),
];

/// `error` carries facts of these modules, which use it themselves.
const FACTS_IN_ERRORS: &[&str] = &["name", "auth"];

/// Crates that only the program may use.
const PROGRAM_CRATES: &[&str] = &[
    "anstream",
    "anstyle",
    "clap",
    "clap_complete",
    "indicatif",
    "minijinja",
    "ratatui",
    "rpassword",
    "tabled",
    "terminal_size",
    "tracing_subscriber",
];

/// The widest line of code and of comments, as in `rustfmt.toml`; rustfmt leaves comments alone.
const MAX_WIDTH: usize = 120;

/// Modules of the program that may print: records, errors, and the progress and questions that these interrupt.
const PRINTING_MODULES: &[&str] = &["output", "report"];

/// The module at the top of its crate that a file belongs to; empty for `lib.rs`, `main.rs` and what is beside the
/// latter.
fn top_module(file: &Path) -> String {
    let below = file.strip_prefix("src/bin/rls").or_else(|_| file.strip_prefix("src")).expect("a source");
    let is_program = file.starts_with("src/bin");
    let mut names = below.iter().map(|name| name.to_string_lossy().into_owned());
    let first = names.next().expect("a name");
    match first.strip_suffix(".rs") {
        Some(_) if is_program => String::new(),
        Some("lib") => String::new(),
        Some(name) => name.to_owned(),
        None => first,
    }
}

fn layer(module: &str) -> Option<usize> {
    LAYERS.iter().find(|(name, _)| *name == module).map(|(_, layer)| *layer)
}

/// Whether `error` and a module whose facts it carries use each other here.
fn is_error_with_its_facts(one: &Path, other: &Path) -> bool {
    let (one, other) = (top_module(one), top_module(other));
    let is_allowed = |error: &str, facts: &str| error == "error" && FACTS_IN_ERRORS.contains(&facts);
    is_allowed(&one, &other) || is_allowed(&other, &one)
}

/// Files from which each of the others can be reached: cycles, and several that share files.
fn cycles(imports: &Imports) -> Vec<BTreeSet<PathBuf>> {
    let reachable = |from: &PathBuf| {
        let mut reached = BTreeSet::new();
        let mut next = vec![from];
        while let Some(file) = next.pop() {
            next.extend(imports.get(file).into_iter().flatten().filter(|import| reached.insert((*import).clone())));
        }
        reached
    };
    let reach: BTreeMap<_, _> = imports.keys().map(|file| (file.clone(), reachable(file))).collect();
    let cycle_of = |(file, reached): (&PathBuf, &BTreeSet<PathBuf>)| {
        let cycle: BTreeSet<_> = reached.iter().filter(|other| reach[*other].contains(file)).cloned().collect();
        (!cycle.is_empty()).then_some(cycle)
    };
    reach.iter().filter_map(cycle_of).collect::<BTreeSet<_>>().into_iter().collect()
}

/// The imports between files of one module.
fn within_modules(imports: &Imports) -> Imports {
    let within = |(file, imported): (&PathBuf, &BTreeSet<PathBuf>)| {
        let imported = imported.iter().filter(|other| top_module(file) == top_module(other)).cloned().collect();
        (file.clone(), imported)
    };
    imports.iter().map(within).collect()
}

/// Fails with all that was found.
fn assert_none(what: &str, found: impl IntoIterator<Item = String>) {
    let found: BTreeSet<_> = found.into_iter().collect();
    assert!(found.is_empty(), "{what}:\n{}", found.into_iter().collect::<Vec<_>>().join("\n"));
}

fn show(imports: &Imports, cycle: &BTreeSet<PathBuf>) -> String {
    let inner = |file: &PathBuf| {
        let others: Vec<_> = imports[file].iter().filter(|other| cycle.contains(*other)).collect();
        let others: Vec<_> = others.into_iter().map(|other| other.display().to_string()).collect();
        format!("  {} imports {}", file.display(), others.join(", "))
    };
    let module = cycle.first().map(|file| top_module(file)).unwrap_or_default();
    format!("{module}:\n{}", cycle.iter().map(inner).collect::<Vec<_>>().join("\n"))
}

#[test]
fn no_files_of_a_module_import_each_other() {
    let found = [Crate::library(), Crate::program()].into_iter().flat_map(|of| {
        let imports = within_modules(&of.imports());
        cycles(&imports).iter().map(|cycle| show(&imports, cycle)).collect::<Vec<_>>()
    });
    assert_none("cycles", found);
}

#[test]
fn no_two_files_of_different_modules_import_each_other() {
    let found = [Crate::library(), Crate::program()].into_iter().flat_map(|of| {
        let imports = of.imports();
        let pairs = imports.iter().flat_map(|(file, imported)| imported.iter().map(move |other| (file, other)));
        let mutual = pairs.filter(|(file, other)| file < other && imports[*other].contains(*file));
        let wrong = mutual
            .filter(|(file, other)| top_module(file) != top_module(other) && !is_error_with_its_facts(file, other));
        wrong.map(|(file, other)| format!("{} and {}", file.display(), other.display())).collect::<Vec<_>>()
    });
    assert_none("files that import each other", found);
}

#[test]
fn modules_import_lower_layers_only() {
    let imports = Crate::library().imports();
    let found = imports.iter().flat_map(|(file, imported)| {
        let importing = top_module(file);
        let is_upward = move |other: &&PathBuf| {
            let imported = top_module(other);
            layer(&importing) < layer(&imported) && !is_error_with_its_facts(file, other)
        };
        let upward = imported.iter().filter(is_upward);
        upward.map(|other| format!("{} imports {}", file.display(), other.display())).collect::<Vec<_>>()
    });
    // `lib.rs` re-exports; it has no layer.
    assert_none("imports of a higher layer", found.filter(|text| !text.starts_with("src/lib.rs ")));
}

#[test]
fn every_module_of_the_library_has_a_layer() {
    let library = Crate::library();
    let modules: BTreeSet<_> = library.files().into_iter().map(top_module).filter(|name| !name.is_empty()).collect();
    assert!(modules.contains("http") && modules.contains("error"), "{modules:?}");
    assert_none("modules without a layer", modules.into_iter().filter(|name| layer(name).is_none()));
}

#[test]
fn the_library_uses_no_crate_of_the_program() {
    let library = Crate::library();
    let found = library.modules.values().flat_map(|module| {
        let crates = module.imports.iter().map(|import| &import.path[0]);
        let wrong = crates.filter(|name| PROGRAM_CRATES.contains(&name.as_str()));
        wrong.map(|name| format!("{} uses {name}", module.file.display())).collect::<Vec<_>>()
    });
    assert_none("crates of the program", found);
}

#[test]
fn comments_are_not_wider_than_code() {
    let folders = ["src", "tests", "fixtures", "examples", "benches"];
    let found = folders.into_iter().flat_map(sources::rust_files).flat_map(|file| {
        let text = std::fs::read_to_string(&file).expect("a source is UTF-8");
        let is_wide = |line: &str| {
            let comment = line.trim_start().strip_prefix("//");
            // Rows of tables cannot be wrapped.
            comment.is_some_and(|comment| !comment.trim_start_matches(['/', '!', ' ']).starts_with('|'))
                && line.chars().count() > MAX_WIDTH
        };
        let wide = text.lines().enumerate().filter(|(_, line)| is_wide(line));
        wide.map(|(number, _)| format!("{}:{}", file.display(), number + 1)).collect::<Vec<_>>()
    });
    assert_none("comments wider than rustfmt's max_width", found);
}

#[test]
fn only_the_output_and_the_report_print() {
    let printing = ["println", "print", "eprintln", "eprint", "dbg"];
    let (library, program) = (Crate::library(), Crate::program());
    let silent = |module: &&Module| !PRINTING_MODULES.contains(&top_module(&module.file).as_str());
    let silent = library.modules.values().chain(program.modules.values().filter(silent));
    let macros = silent.flat_map(|module| {
        let wrong = module.macros.iter().filter(|name| printing.contains(&name.as_str()));
        wrong.map(|name| format!("{} has {name}!", module.file.display())).collect::<Vec<_>>()
    });
    let streams = library.modules.values().flat_map(|module| {
        let is_stream = |import: &&Import| matches!(&*import.path[import.path.len() - 1], "stdout" | "stderr");
        let streams = module.imports.iter().filter(is_stream);
        streams.map(|import| format!("{} has {}", module.file.display(), import.path.join("::"))).collect::<Vec<_>>()
    });
    assert_none("printing", macros.chain(streams));
}
