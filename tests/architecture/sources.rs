//! The imports between the files of a crate, read from its sources.
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

/// The files that import a file, by the file.
pub type Imports = BTreeMap<PathBuf, BTreeSet<PathBuf>>;

/// An absolute path in a crate: the names after `crate::`.
pub type ModulePath = Vec<String>;

/// A `use`, or a path in code.
pub struct Import {
    pub path: Vec<String>,
    /// The name it is imported by; `None` for a path in code and for a glob.
    name: Option<String>,
    is_glob: bool,
    is_reexport: bool,
}

#[derive(Default)]
pub struct Module {
    pub file: PathBuf,
    children: BTreeSet<String>,
    /// Names of items that are defined here.
    items: BTreeSet<String>,
    pub imports: Vec<Import>,
    /// Names that are used in code here.
    names: BTreeSet<String>,
    pub macros: BTreeSet<String>,
}

/// The modules of the library or of the program, without tests.
pub struct Crate {
    pub modules: BTreeMap<ModulePath, Module>,
}

impl Crate {
    pub fn library() -> Self {
        Self::read(&root().join("src/lib.rs"))
    }

    pub fn program() -> Self {
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

    pub fn imports(&self) -> Imports {
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

    pub fn files(&self) -> BTreeSet<&Path> {
        self.modules.values().map(|module| module.file.as_path()).collect()
    }
}

fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR"))
}

/// The Rust files in a folder of this repository, relative to it.
pub fn rust_files(folder: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(&folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display())) {
            let path = entry.expect("the folder can be read").path();
            if path.is_dir() && !path.ends_with("target") {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path.strip_prefix(root()).expect("a file below").to_owned());
            }
        }
    }
    files
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
