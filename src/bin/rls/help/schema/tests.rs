//! The schemas are those of the record types, and `docs/output.md` explains what they have.

use std::collections::BTreeSet;
use std::path::Path;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, SchemaGenerator};
use serde_json::{Value, json};

use super::*;
use crate::output::{
    CacheRecord, CheckRecord, DifferenceRecord, DigestRecord, DriftRecord, ExplanationRecord, FileRecord, FindRecord,
    InspectionRecord, IntegrityRecord, LoginRecord, LogoutRecord, ManifestRecord, PruneRecord, ReferrerRecord,
    RemovalRecord, RepositoryRecord, TagRecord, TrustRecord, UndoRunRecord, UsageRecord,
};

/// The commands that print something other than records.
const WITHOUT_RECORDS: &[&str] =
    &["browse", "cat", "compat", "completions", "docker-cli-plugin-metadata", "help", "man", "version"];

fn generator() -> SchemaGenerator {
    SchemaSettings::draft2020_12().for_serialize().into_generator()
}

fn one<T: JsonSchema>() -> Value {
    generator().into_root_schema_for::<T>().to_value()
}

/// Of a command that prints either of two records, depending on its options.
fn either<A: JsonSchema, B: JsonSchema>() -> Value {
    let mut generator = generator();
    let records = [generator.subschema_for::<A>(), generator.subschema_for::<B>()];
    json!({ "anyOf": records, "$defs": generator.take_definitions(true) })
}

/// The schema of a command's records by their types.
fn of_types(command: &str) -> Value {
    let mut schema = match command {
        "cache" => one::<CacheRecord>(),
        "check" => one::<IntegrityRecord>(),
        "diff" => one::<DifferenceRecord>(),
        "digest" | "snapshot" | "wait" => one::<DigestRecord>(),
        "doctor" => either::<CheckRecord, ExplanationRecord>(),
        "drift" => one::<DriftRecord>(),
        "du" => one::<UsageRecord>(),
        "files" => one::<FileRecord>(),
        "find" => one::<FindRecord>(),
        "login" => one::<LoginRecord>(),
        "logout" => one::<LogoutRecord>(),
        "manifest" => one::<ManifestRecord>(),
        "prune" => one::<PruneRecord>(),
        "referrers" => one::<ReferrerRecord>(),
        "repos" => one::<RepositoryRecord>(),
        "rm" => one::<RemovalRecord>(),
        "tags" => one::<TagRecord>(),
        "trust" => either::<TrustRecord, InspectionRecord>(),
        "undo" => either::<RemovalRecord, UndoRunRecord>(),
        other => panic!("no record is known of rls {other}"),
    };
    tidy(&mut schema);
    let mut titled = json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": format!("A record of rls {command} -o json"),
    });
    for (name, value) in
        schema.as_object().into_iter().flatten().filter(|(name, _)| !["$schema", "title"].contains(&name.as_str()))
    {
        titled[name] = value.clone();
    }
    titled
}

/// Removes what only Rust knows: formats of numbers, which validators reject as unknown, and the `null` of an absent
/// error, which records omit.
fn tidy(schema: &mut Value) {
    match schema {
        Value::Array(items) => items.iter_mut().for_each(tidy),
        Value::Object(members) => {
            if members.get("format").and_then(Value::as_str).is_some_and(|format| format.starts_with("uint")) {
                members.remove("format");
            }
            let failure = json!({ "$ref": "#/$defs/Failure" });
            if members.get("anyOf").and_then(Value::as_array).is_some_and(|any| any.contains(&failure)) {
                members.remove("anyOf");
                members.insert("$ref".to_owned(), failure["$ref"].clone());
            }
            members.values_mut().for_each(tidy);
        }
        _ => {}
    }
}

/// Writes the files instead if `UPDATE_SCHEMAS` is set.
#[test]
fn each_file_is_the_schema_of_its_types() {
    for (command, written) in SCHEMAS {
        let mut current = serde_json::to_string_pretty(&of_types(command)).expect("JSON");
        current.push('\n');
        if std::env::var_os("UPDATE_SCHEMAS").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/schema");
            std::fs::write(folder.join(command).with_extension("json"), current).expect("a writable folder");
        } else {
            assert!(current == *written, "docs/schema/{command}.json is not up to date: run 'make generated'");
        }
    }
}

#[test]
fn each_command_that_prints_records_has_a_schema() {
    let known: BTreeSet<_> = commands().chain(WITHOUT_RECORDS.iter().copied()).collect();
    for command in crate::args::names_of_commands() {
        assert!(known.contains(&*command), "rls {command} has no schema, and is not listed as one without records");
    }
}

/// A field of a record: the names that lead to it.
type Field = Vec<String>;

/// All fields of a schema. Recursive types are followed once.
fn fields(schema: &Value) -> BTreeSet<Field> {
    fn walk(root: &Value, schema: &Value, path: &mut Field, seen: &mut Vec<String>, fields: &mut BTreeSet<Field>) {
        let Some(members) = schema.as_object() else { return };
        if let Some(reference) = members.get("$ref").and_then(Value::as_str)
            && !seen.iter().any(|known| known == reference)
        {
            seen.push(reference.to_owned());
            let definition = root.pointer(&reference[1..]).expect("a definition");
            walk(root, definition, path, seen, fields);
            seen.pop();
        }
        for (name, field) in members.get("properties").and_then(Value::as_object).into_iter().flatten() {
            path.push(name.clone());
            fields.insert(path.clone());
            walk(root, field, path, seen, fields);
            path.pop();
        }
        let alternatives = ["anyOf", "oneOf", "allOf"].into_iter().filter_map(|name| members.get(name)?.as_array());
        for part in alternatives.flatten().chain(members.get("items")) {
            walk(root, part, path, seen, fields);
        }
    }
    let mut found = BTreeSet::new();
    walk(schema, schema, &mut Vec::new(), &mut Vec::new(), &mut found);
    found
}

const OUTPUT: &str = include_str!("../../../../../docs/output.md");

/// What `docs/output.md` says of a command: the part with its heading, and those of the commands whose record it says
/// is the same.
fn explained(command: &str) -> String {
    let named = |heading: &str| heading.split(", ").any(|name| name == format!("rls {command}"));
    let part = OUTPUT.split("\n## ").skip(1).find(|part| named(part.lines().next().unwrap_or_default()));
    let part = part.unwrap_or_else(|| panic!("docs/output.md has no part on rls {command}"));
    let mut text = part.to_owned();
    for words in ["fields of `rls ", "record of `rls "] {
        for other in part.split(words).skip(1).filter_map(|rest| rest.split('`').next()) {
            if other != command && !named(other) && !part.lines().next().unwrap_or_default().contains(other) {
                text.push('\n');
                text.push_str(&explained(other));
            }
        }
    }
    text
}

/// Code in a text.
fn code(text: &str) -> impl Iterator<Item = &str> {
    text.split('`').skip(1).step_by(2)
}

/// The first columns of tables of fields.
fn first_columns(text: &str) -> Vec<&str> {
    let mut columns = Vec::new();
    let mut is_of_fields = false;
    for line in text.lines() {
        match line.strip_prefix("| ") {
            Some(row) if row.starts_with("field |") => is_of_fields = true,
            Some(row) if is_of_fields => columns.push(row.split(" | ").next().unwrap_or_default()),
            Some(_) => {}
            None => is_of_fields = is_of_fields && line.starts_with('|'),
        }
    }
    columns
}

/// The last name of a path as documents write it, such as `.created` or `layers[].size`.
fn last_name(code: &str) -> &str {
    code.rsplit('.').next().unwrap_or_default()
}

#[test]
fn each_field_is_explained_and_each_explained_field_exists() {
    let of_failures = OUTPUT.split("\n## ").next().unwrap_or_default();
    for command in commands() {
        let text = explained(command);
        let columns = first_columns(&text);
        let in_tables: BTreeSet<_> = columns.iter().flat_map(|column| code(column)).collect();
        let anywhere: BTreeSet<_> = code(&text).chain(code(of_failures)).map(last_name).collect();
        for field in fields(&of_types(command)) {
            match &field[..] {
                [name] => assert!(in_tables.contains(&**name), "no table explains {name} of rls {command}"),
                [.., name] => {
                    assert!(anywhere.contains(&**name), "nothing explains {} of rls {command}", field.join("."))
                }
                [] => {}
            }
        }
    }
    for part in OUTPUT.split("\n## rls ").skip(1) {
        let heading = part.lines().next().unwrap_or_default();
        let known: BTreeSet<_> =
            heading.split(", ").flat_map(|name| fields(&of_types(name.trim_start_matches("rls ")))).flatten().collect();
        for name in first_columns(part).iter().flat_map(|column| code(column)).map(last_name) {
            assert!(known.contains(name), "docs/output.md explains {name} of rls {heading}, which has no such field");
        }
    }
}
