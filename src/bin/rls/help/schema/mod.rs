//! `rls help schema COMMAND`: the JSON Schema of a command's records, as in `docs/schema/`. `make generated` writes
//! these files from the types of the records.

/// Each command with records, and the schema of a record.
macro_rules! schemas {
    ($($command:literal),* $(,)?) => {
        &[$(($command, include_str!(concat!("../../../../../docs/schema/", $command, ".json")))),*]
    };
}

const SCHEMAS: &[(&str, &str)] = schemas![
    "cache",
    "check",
    "diff",
    "digest",
    "doctor",
    "drift",
    "du",
    "files",
    "find",
    "login",
    "logout",
    "manifest",
    "prune",
    "referrers",
    "repos",
    "rm",
    "snapshot",
    "tags",
    "trust",
    "undo",
    "wait",
];

/// The commands that have a schema.
pub fn commands() -> impl Iterator<Item = &'static str> {
    SCHEMAS.iter().map(|(command, _)| *command)
}

/// The schema of a record of this command. `None` if it prints no records.
pub fn schema_of(command: &str) -> Option<&'static str> {
    SCHEMAS.iter().find(|(known, _)| *known == command).map(|(_, schema)| *schema)
}

#[cfg(test)]
mod tests;
