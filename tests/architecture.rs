//! The layers of the library, read from its sources: imports go down only, no two files import each other, and the
//! library knows nothing of command lines, tables and terminals.
//!
//! An import is a `use` or a path in code, resolved to the file that defines the item: through re-exports, aliases and
//! globs. Paths within macros count too. A re-export that its own file does not use is no import, and tests are left
//! out.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use proc_macro2::{TokenStream, TokenTree};
use syn::visit::{self, Visit};
use syn::{Attribute, Item, ItemMod, ItemUse, Macro, UseTree, Visibility};

/// The modules of the library and their layers. A module imports from its own layer and from those below.
const LAYERS: &[(&str, usize)] = &[
    ("documents", 0),
    ("error", 0),
    ("name", 0),
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

/// Modules of the program that may print: records, errors, and the progress and questions that these interrupt.
const PRINTING_MODULES: &[&str] = &["output", "report"];

/// The files that import a file, by the file.
type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// An absolute path in a crate: the names after `crate::`.
type ModulePath = Vec<String>;

/// A `use`, or a path in code.
struct Import {
    path: Vec<String>,
    /// The name it is imported by; `None` for a path in code and for a glob.
    name: Option<String>,
    is_glob: bool,
    is_reexport: bool,
}

#[derive(Default)]
struct Module {
    file: PathBuf,
    children: BTreeSet<String>,
    /// Names of items that are defined here.
    items: BTreeSet<String>,
    imports: Vec<Import>,
    /// Names that are used in code here.
    names: BTreeSet<String>,
    macros: BTreeSet<String>,
}

/// The modules of the library or of the program, without tests.
struct Crate {
    modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    fn library() -> Self {
        Self::read(&root().join("src/lib.rs"))
    }

    fn program() -> Self {
        Self::read(&root().join("src/bin/rls/main.rs"))
    }

    fn read(file: &Path) -> Self {
        let mut modules = BTreeMap::new();
        read_file(file, Vec::new(), &mut modules);
        Self { modules }
    }

    /// The file that defines the item at `path`, resolved from `module`. `None` for modules and for items of other
    /// crates.
    fn resolve(&self, module: &ModulePath, path: &[String]) -> Option<PathBuf> {
        let visited = RefCell::default();
        let (first, rest) = path.split_first()?;
        let (mut start, mut rest) = match first.as_str() {
            "crate" => (Vec::new(), rest),
            "self" => (module.clone(), rest),
            "super" => (module[..module.len().checked_sub(1)?].to_vec(), rest),
            _ => (module.clone(), path),
        };
        while rest.first().is_some_and(|name| name == "super") {
            start.pop()?;
            rest = &rest[1..];
        }
        self.find(&start, rest, &visited)
    }

    /// The file that defines the item at `path` below `module`.
    fn find(
        &self,
        at: &ModulePath,
        path: &[String],
        visited: &RefCell<BTreeSet<(ModulePath, Vec<String>)>>,
    ) -> Option<PathBuf> {
        // Globs can form cycles.
        if !visited.borrow_mut().insert((at.clone(), path.to_vec())) {
            return None;
        }
        let module = self.modules.get(at)?;
        let (first, rest) = path.split_first()?;
        if module.children.contains(first) {
            let child = [at.as_slice(), std::slice::from_ref(first)].concat();
            if let Some(found) = self.find(&child, rest, visited) {
                return Some(found);
            }
        }
        if module.items.contains(first) {
            return Some(module.file.clone());
        }
        let follow = |import: &Import, rest: &[String]| {
            let whole = [import.path.as_slice(), rest].concat();
            match whole[0].as_str() {
                "crate" => self.find(&Vec::new(), &whole[1..], visited),
                "self" => self.find(at, &whole[1..], visited),
                "super" => {
                    let up = whole.iter().take_while(|name| *name == "super").count();
                    self.find(&at[..at.len().checked_sub(up)?].to_vec(), &whole[up..], visited)
                }
                _ => self.find(at, &whole, visited),
            }
        };
        // `use clap::builder as clap;` leads to another crate.
        let is_named = |import: &&Import| import.name.as_ref() == Some(first) && import.path[0] != *first;
        let named = module.imports.iter().find(is_named);
        named.and_then(|import| follow(import, rest)).or_else(|| {
            let globs = module.imports.iter().filter(|import| import.is_glob && module.knows(&import.path[0]));
            globs.filter(|import| import.path[0] != *first).find_map(|import| follow(import, path))
        })
    }

    fn imports(&self) -> Imports {
        let mut imports = Imports::new();
        for (path, module) in &self.modules {
            let used = imports.entry(module.file.clone()).or_default();
            let counts = |import: &&Import| {
                !import.is_reexport || import.name.as_ref().is_some_and(|name| module.names.contains(name))
            };
            let paths = module.imports.iter().filter(counts).map(|import| import.path.as_slice());
            // What a glob brings in has a name in code alone.
            let has_glob = module.imports.iter().any(|import| import.is_glob);
            let names = module.names.iter().filter(|_| has_glob).map(std::slice::from_ref);
            let files = paths.chain(names).filter_map(|name| self.resolve(path, name));
            used.extend(files.filter(|file| *file != module.file));
        }
        imports
    }

    fn files(&self) -> BTreeSet<&Path> {
        self.modules.values().map(|module| module.file.as_path()).collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

fn read_file(file: &Path, path: ModulePath, modules: &mut BTreeMap<ModulePath, Module>) {
    let text = std::fs::read_to_string(file).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    let parsed = syn::parse_file(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()));
    read_items(file, path, &parsed.items, modules);
}

fn read_items(file: &Path, path: ModulePath, items: &[Item], modules: &mut BTreeMap<ModulePath, Module>) {
    let mut module = Module { file: file.strip_prefix(root()).unwrap_or(file).to_owned(), ..Module::default() };
    let mut inline = Vec::new();
    for item in items {
        match item {
            Item::Mod(item) if !is_test(&item.attrs) => {
                let name = item.ident.to_string();
                let child = [path.as_slice(), std::slice::from_ref(&name)].concat();
                match &item.content {
                    Some((_, items)) => inline.push((child, items)),
                    None => read_file(&file_of(file, &path, &name), child, modules),
                }
                module.children.insert(name);
            }
            item => module.visit_item(item),
        }
    }
    modules.insert(path, module);
    for (child, items) in inline {
        read_items(file, child, items, modules);
    }
}

/// The file of the module that is declared in this one.
fn file_of(parent: &Path, path: &ModulePath, name: &str) -> PathBuf {
    let folder = parent.parent().expect("a folder");
    let is_root = path.is_empty() || parent.ends_with("mod.rs");
    let folder = if is_root { folder.to_owned() } else { parent.with_extension("") };
    let file = folder.join(format!("{name}.rs"));
    if file.exists() { file } else { folder.join(name).join("mod.rs") }
}

fn is_test(attributes: &[Attribute]) -> bool {
    attributes.iter().any(|attribute| match attribute.path().get_ident().map(ToString::to_string).as_deref() {
        Some("cfg") => attribute.meta.require_list().is_ok_and(|list| list.tokens.to_string() == "test"),
        name => name == Some("test"),
    })
}

impl<'a> Visit<'a> for Module {
    fn visit_item(&mut self, item: &'a Item) {
        let (name, attributes) = match item {
            Item::Const(item) => (Some(&item.ident), &item.attrs),
            Item::Enum(item) => (Some(&item.ident), &item.attrs),
            Item::Fn(item) => (Some(&item.sig.ident), &item.attrs),
            Item::Static(item) => (Some(&item.ident), &item.attrs),
            Item::Struct(item) => (Some(&item.ident), &item.attrs),
            Item::Trait(item) => (Some(&item.ident), &item.attrs),
            Item::Type(item) => (Some(&item.ident), &item.attrs),
            Item::Union(item) => (Some(&item.ident), &item.attrs),
            Item::Macro(item) => (item.ident.as_ref(), &item.attrs),
            Item::Impl(item) => (None, &item.attrs),
            Item::Use(item) => (None, &item.attrs),
            _ => (None, &Vec::new()),
        };
        if is_test(attributes) {
            return;
        }
        self.items.extend(name.map(ToString::to_string));
        // An item that a macro defines is named in its arguments.
        if let Item::Macro(item) = item
            && item.ident.is_none()
        {
            paths(item.mac.tokens.clone(), &mut |path| self.items.extend(path.into_iter().next()));
        }
        visit::visit_item(self, item);
    }

    fn visit_item_mod(&mut self, _: &'a ItemMod) {}

    fn visit_item_use(&mut self, item: &'a ItemUse) {
        let is_reexport = !matches!(item.vis, Visibility::Inherited);
        flatten(&item.tree, &mut Vec::new(), &mut |path, name| {
            let is_glob = name.is_none();
            self.imports.push(Import { path, name, is_glob, is_reexport });
        });
    }

    fn visit_visibility(&mut self, _: &'a Visibility) {}

    fn visit_path(&mut self, path: &'a syn::Path) {
        self.add(path.segments.iter().map(|segment| segment.ident.to_string()).collect());
        visit::visit_path(self, path);
    }

    fn visit_macro(&mut self, used: &'a Macro) {
        self.macros.extend(used.path.segments.last().map(|segment| segment.ident.to_string()));
        paths(used.tokens.clone(), &mut |path| self.add(path));
    }
}

impl Module {
    /// Whether a path that begins with this name leads to a module of this crate, rather than to another crate.
    fn knows(&self, first: &str) -> bool {
        let is_named = |import: &Import| import.name.as_deref() == Some(first) && import.path[0] != first;
        matches!(first, "crate" | "self" | "super")
            || self.children.contains(first)
            || self.imports.iter().any(is_named)
    }

    /// Adds a path in code.
    fn add(&mut self, path: Vec<String>) {
        self.names.insert(path[0].clone());
        if path.len() > 1 {
            self.imports.push(Import { path, name: None, is_glob: false, is_reexport: false });
        }
    }
}

/// The paths and names of a `use`; a glob has no name.
fn flatten(tree: &UseTree, before: &mut Vec<String>, add: &mut impl FnMut(Vec<String>, Option<String>)) {
    let with = |name: &syn::Ident| before.iter().cloned().chain([name.to_string()]).collect::<Vec<_>>();
    match tree {
        UseTree::Path(path) => {
            before.push(path.ident.to_string());
            flatten(&path.tree, before, add);
            before.pop();
        }
        UseTree::Name(name) if name.ident == "self" => add(before.clone(), before.last().cloned()),
        UseTree::Name(name) => add(with(&name.ident), Some(name.ident.to_string())),
        UseTree::Rename(rename) => add(with(&rename.ident), Some(rename.rename.to_string())),
        UseTree::Glob(_) => add(before.clone(), None),
        UseTree::Group(group) => group.items.iter().for_each(|tree| flatten(tree, before, add)),
    }
}

/// The paths among the tokens of a macro: names, and names with `::` between them.
fn paths(tokens: TokenStream, add: &mut impl FnMut(Vec<String>)) {
    let mut path: Vec<String> = Vec::new();
    let mut colons = 0;
    for token in tokens {
        match token {
            TokenTree::Ident(name) => {
                if colons != 2 && !path.is_empty() {
                    add(std::mem::take(&mut path));
                }
                path.push(name.to_string());
                colons = 0;
            }
            TokenTree::Punct(punct) if punct.as_char() == ':' && !path.is_empty() => colons += 1,
            other => {
                if !path.is_empty() {
                    add(std::mem::take(&mut path));
                }
                colons = 0;
                if let TokenTree::Group(group) = other {
                    paths(group.stream(), add);
                }
            }
        }
    }
    if !path.is_empty() {
        add(path);
    }
}

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

/// Writes these files, and returns what they import.
fn imports_of(files: &[(&str, &str)]) -> Vec<(String, String)> {
    let folder = tempfile::tempdir().expect("a temporary folder");
    for (name, text) in files {
        let file = folder.path().join(name);
        std::fs::create_dir_all(file.parent().expect("a folder")).expect("created");
        std::fs::write(file, text).expect("written");
    }
    let imports = Crate::read(&folder.path().join("lib.rs")).imports();
    let name = |file: &Path| file.strip_prefix(folder.path()).expect("one of them").display().to_string();
    let pairs = imports.iter().flat_map(|(file, imported)| imported.iter().map(move |other| (name(file), name(other))));
    pairs.collect()
}

#[test]
fn imports_are_resolved_to_the_files_that_define_the_items() {
    let lib = ("lib.rs", "mod a; mod b; mod c;");
    let b = ("b/mod.rs", "mod x; pub use self::x::{X, y}; pub(crate) struct B;");
    let x = ("b/x.rs", "pub struct X; pub fn y() {}");
    let c = ("c.rs", "pub use crate::b::X as Renamed; pub mod inner { pub struct I; }");
    let expected =
        |file: &str, of: &[&str]| of.iter().map(|to| (file.to_owned(), (*to).to_owned())).collect::<Vec<_>>();
    for (code, imported) in [
        ("use crate::b::X;", &["b/x.rs"][..]),
        ("use super::b::{B, X};", &["b/mod.rs", "b/x.rs"]),
        ("use crate::b; fn f() { b::y() }", &["b/x.rs"]),
        ("use crate::b;", &[]),
        ("use crate::c::Renamed;", &["b/x.rs"]),
        ("use crate::b::*; use crate::c::*; fn f(_: Renamed) -> X { B::new() }", &["b/mod.rs", "b/x.rs"]),
        ("fn f() { println!(\"{:?}\", crate::b::y()) }", &["b/x.rs"]),
        ("fn f(_: crate::c::inner::I) {}", &["c.rs"]),
        ("pub(in crate::b) use crate::b::X; fn f(_: X) {}", &["b/x.rs"]),
        ("pub use crate::b::X;", &[]),
        ("#[cfg(test)] mod tests { use crate::b::X; } #[cfg(test)] use crate::b::B;", &[]),
        ("// use crate::b::X;\n/// [`crate::b::X`]\nfn f() {}", &[]),
    ] {
        let found = imports_of(&[lib, ("a.rs", code), b, x, c]);
        assert_eq!(found, expected("a.rs", imported), "{code}");
    }
    let parent = ("b/mod.rs", "mod x; pub use self::x::{X, y}; pub(crate) struct B(X);");
    let found = imports_of(&[lib, ("a.rs", ""), parent, ("b/x.rs", "pub struct X; pub fn y(_: super::B) {}"), c]);
    assert_eq!(found, [("b/mod.rs".to_owned(), "b/x.rs".to_owned()), ("b/x.rs".to_owned(), "b/mod.rs".to_owned())]);
}
