//! A command line of docker-ls or docker-rm, with its settings.

use super::template::GoTemplate;

/// What is to be done, and how it is printed.
#[derive(Debug, Clone)]
pub struct Invocation {
    /// What is to be done.
    pub operation: Operation,
    /// How it is printed.
    pub encoding: Encoding,
}

/// What is to be done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Operation {
    /// `docker-ls repositories`
    Repositories {
        /// With the tags of each.
        tags: bool,
    },
    /// `docker-ls tags REPO`
    Tags {
        /// The repository.
        repository: String,
        /// With digest and layers of each tag.
        details: bool,
    },
    /// `docker-ls tag REPO:TAG`
    Tag {
        /// The repository.
        repository: String,
        /// A tag or a digest.
        tag: String,
        /// The manifest as stored.
        raw: bool,
        /// With the history of a schema 1 manifest parsed.
        history: bool,
        /// Whether the manifest has to be of schema 1.
        schema1: bool,
    },
    /// `docker-rm REPO:DIGEST`
    Remove {
        /// The repository.
        repository: String,
        /// A digest; a tag is refused.
        tag: String,
        /// Whether several tags on the manifest may go.
        with_siblings: bool,
    },
}

/// How a response is printed.
#[derive(Debug, Clone)]
pub enum Encoding {
    /// The default.
    Yaml,
    /// `--json`
    Json,
    /// `--table`
    Table,
    /// `--template`, `--template-source`
    Template(GoTemplate),
}
