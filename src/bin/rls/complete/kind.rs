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
    /// A tag of the repository that the command line names.
    Tag,
    /// A platform of the image that the command line names.
    Platform,
    /// A template of the configuration file.
    Template,
    /// A command or a reference: what `rls help` explains.
    Topic,
    /// What a manifest is: `signature`, `sbom`.
    Artifact,
    /// A program in whose place rls runs: docker-ls, docker-rm.
    Program,
    /// A file or a folder of this machine, which shells complete themselves.
    File,
}

impl Kind {
    /// The kind of a value that has this name in the help.
    pub fn of(value_name: &str) -> Option<Self> {
        Some(match value_name {
            "REGISTRY" => Self::Registry,
            "REPO" => Self::Repository,
            "REF" => Self::Reference,
            "TAG" | "TAG|DIGEST" => Self::Tag,
            "OS/ARCH[/VARIANT]" => Self::Platform,
            "TEMPLATE" => Self::Template,
            "COMMAND|TOPIC" => Self::Topic,
            "TYPE" => Self::Artifact,
            "COMMAND" => Self::Program,
            "FILE" | "PEM" | "DIR" => Self::File,
            "REPO|REGISTRY" => Self::Place,
            name if name.starts_with("REGISTRY") => Self::Place,
            _ => return None,
        })
    }

    /// Whether values of this kind name a repository.
    pub fn names_repository(self) -> bool {
        matches!(self, Self::Place | Self::Repository | Self::Reference)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::args;

    /// A value with another name would complete files.
    #[test]
    fn every_value_that_names_something_in_a_registry_has_a_kind() {
        let program = args::command();
        let arguments = program.get_subcommands().flat_map(clap::Command::get_arguments).chain(program.get_arguments());
        for argument in arguments.filter(|argument| argument.get_action().takes_values()) {
            let name = argument.get_value_names().and_then(|names| names.first()).map(|name| name.as_str());
            let name = name.unwrap_or_default();
            let is_named = ["REGISTRY", "REPO", "REF", "TAG", "ARCH"]
                .iter()
                .any(|part| name.split(['|', '/', '[']).any(|word| word == *part));
            assert!(!is_named || Kind::of(name).is_some(), "{name} has no completion");
        }
    }
}
