//! What a value on the command line names.

/// What a value names, by its name in the help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// A registry, and what is in it where the value may go on: `REGISTRY[/PREFIX]`.
    Place,
    /// A registry alone.
    Registry,
    /// A repository.
    Repository,
    /// A repository with a tag.
    Reference,
    /// A platform.
    Platform,
}

impl Kind {
    /// The kind of a value that has this name in the help.
    pub fn of(value_name: &str) -> Option<Self> {
        match value_name {
            "REGISTRY" => Some(Self::Registry),
            "REPO" => Some(Self::Repository),
            "REF" => Some(Self::Reference),
            "OS/ARCH[/VARIANT]" => Some(Self::Platform),
            name if name.starts_with("REGISTRY") => Some(Self::Place),
            _ => None,
        }
    }
}
