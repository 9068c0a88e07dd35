//! References: `rls help TOPIC`. Their text is that of `docs/`, which the program contains.

mod markdown;
pub mod schema;

use crate::output::Styles;

/// A reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Topic {
    /// Formats, and the fields of every record.
    Output,
    /// The configuration file.
    Config,
    /// Environment variables.
    Environment,
    /// Exit codes.
    ExitCodes,
    /// `--format`.
    Templates,
    /// The options that every command takes; their text is that of the command line's grammar.
    Options,
}

impl Topic {
    /// All of them, by name.
    pub const ALL: [(&'static str, Self); 6] = [
        ("output", Self::Output),
        ("config", Self::Config),
        ("env", Self::Environment),
        ("exit-codes", Self::ExitCodes),
        ("templates", Self::Templates),
        ("options", Self::Options),
    ];

    /// The reference of this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.iter().find(|(known, _)| *known == name).map(|(_, topic)| *topic)
    }

    /// The text, in lines of at most `width` columns where they can be broken. `None` for the options.
    pub fn text(self, width: usize, styles: Styles) -> Option<String> {
        self.source().map(|source| styles.localize(markdown::render(source, width, styles)))
    }

    /// What its tables explain, and the explanations.
    pub fn terms(self) -> Vec<(String, String)> {
        self.source().map(markdown::terms).unwrap_or_default()
    }

    fn source(self) -> Option<&'static str> {
        Some(match self {
            Self::Output => include_str!("../../../../docs/output.md"),
            Self::Config => include_str!("../../../../docs/config.md"),
            Self::Environment => include_str!("../../../../docs/environment.md"),
            Self::ExitCodes => include_str!("../../../../docs/exit-codes.md"),
            Self::Templates => include_str!("../../../../docs/templates.md"),
            Self::Options => return None,
        })
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use super::*;

    /// The code in the first column of a document's tables, below the headings that `wanted` accepts.
    fn documented(source: &str, wanted: impl Fn(&str) -> bool) -> BTreeSet<String> {
        let mut heading = "";
        let mut names = BTreeSet::new();
        for line in source.lines() {
            match line.strip_prefix('#') {
                Some(text) => heading = text,
                None if wanted(heading) && line.starts_with("| `") => {
                    let first = line.split(" | ").next().unwrap_or_default();
                    names.extend(first.split('`').skip(1).step_by(2).map(str::to_owned));
                }
                None => {}
            }
        }
        names
    }

    fn set<'a>(names: impl IntoIterator<Item = &'a str>) -> BTreeSet<String> {
        names.into_iter().map(str::to_owned).collect()
    }

    #[test]
    fn every_key_of_the_configuration_file_is_documented() {
        let source = include_str!("../../../../docs/config.md");
        assert_eq!(documented(source, |_| true), set(crate::config::keys()));
    }

    /// Every source of the program and the library, without tests.
    fn sources(folder: &Path, text: &mut String) {
        for entry in fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("an entry of a folder"))
        {
            let path = entry.path();
            if path.is_dir() {
                sources(&path, text);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                text.push_str(&fs::read_to_string(path).expect("a readable file"));
            }
        }
    }

    #[test]
    fn every_variable_of_the_environment_is_documented() {
        let known = documented(include_str!("../../../../docs/environment.md"), |_| true);
        let mut text = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut text);
        // Read by the crates for requests and for the configuration folder.
        let of_crates = [
            "HTTP_PROXY",
            "HTTPS_PROXY",
            "ALL_PROXY",
            "NO_PROXY",
            "XDG_CONFIG_HOME",
            "XDG_STATE_HOME",
            "SSL_CERT_FILE",
            "SSL_CERT_DIR",
        ];
        for name in known.iter().filter(|name| !of_crates.contains(&&***name)) {
            assert!(text.contains(&format!("\"{name}\"")), "{name} is documented, and nothing reads it");
        }
        let literals = text.split('"').filter(|literal| {
            literal.len() > "RLS_".len()
                && literal.starts_with("RLS_")
                && literal.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'_')
                && !literal.starts_with("RLS_TEST")
        });
        for name in literals {
            assert!(known.contains(name), "{name} is read, and docs/environment.md does not have it");
        }
    }

    #[test]
    fn every_exit_code_is_documented() {
        let source = include_str!("../../../../docs/exit-codes.md");
        let codes: Vec<_> =
            source.lines().filter_map(|line| line.strip_prefix("| ")?.split(' ').next()?.parse::<u8>().ok()).collect();
        assert_eq!(codes, crate::report::EXIT_CODES);
    }

    #[test]
    fn every_filter_of_templates_is_documented() {
        let known = documented(include_str!("../../../../docs/templates.md"), |heading| heading.contains("Filters"));
        for name in &known {
            assert!(crate::output::has_filter(name), "there is no filter {name}");
        }
        let limits = include_str!("../output/template/limits.rs");
        let limited =
            limits.lines().filter_map(|line| line.trim().strip_prefix("(\"")?.split_once("\", Value::from_function"));
        for (name, _) in limited {
            assert!(known.contains(name), "docs/templates.md does not have {name}");
        }
        // This test finds something to compare.
        assert!(known.len() > 40 && !crate::output::has_filter("nosuch"));
    }

    #[test]
    fn every_reference_is_readable_at_any_width() {
        for (name, topic) in Topic::ALL.iter().filter(|(name, _)| *name != "options") {
            for width in [40, 80, 100] {
                let text = topic.text(width, Styles::new(false)).expect("the text of a topic");
                assert!(!text.contains("|--") && !text.contains("]("), "{name}: {text}");
            }
        }
    }
}
