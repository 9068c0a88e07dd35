//! Adds a CA to the `registries.yaml` of k3s and rke2.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use super::setting::Edit;

/// The key for all registries without one of their own.
const ANY: &str = "*";

/// A new file.
pub(super) fn fresh(name: &str, ca_file: &Path) -> String {
    nested("", "  ", &["configs", &quoted(name), "tls"], ca_file)
}

/// The setting on one line.
pub(super) fn line(name: &str, ca_file: &Path) -> String {
    format!("configs: {{{}: {{tls: {{ca_file: {}}}}}}}", quoted(name), quoted(&ca_file.display().to_string()))
}

/// The change that makes a file name a CA for the registry. The error says why that is not possible.
pub(super) fn edit(text: &str, name: &str, ca_file: &Path) -> Result<Edit, String> {
    let former = parse(text)?;
    let config = &former["configs"][name];
    if let Some(named) = config["tls"]["ca_file"].as_str().filter(|path| !path.is_empty()) {
        return Ok(Edit::Named(PathBuf::from(named)));
    }
    if config.is_null() && !former["configs"][ANY].is_null() {
        return Err(format!("its settings for \"{ANY}\" would no longer apply to {name}"));
    }
    let changed = insert(text, name, ca_file);
    let mut expected = if former.is_null() { json!({}) } else { former };
    if set(&mut expected, name, ca_file).is_some() && parse(&changed).is_ok_and(|changed| changed == expected) {
        Ok(Edit::Text(changed))
    } else {
        Err("its layout is not supported".to_owned())
    }
}

fn parse(text: &str) -> Result<Value, String> {
    let documents: Vec<Value> = serde_saphyr::from_multiple(text).map_err(|_| "it is not valid YAML".to_owned())?;
    Ok(documents.into_iter().next().unwrap_or_default())
}

/// Adds the setting to a document. `None` where a value other than a mapping is in its path.
fn set(document: &mut Value, name: &str, ca_file: &Path) -> Option<()> {
    let mut at = document;
    for key in ["configs", name, "tls"] {
        at = at.as_object_mut()?.entry(key).or_insert(Value::Null);
        if at.is_null() {
            *at = json!({});
        }
    }
    at.as_object_mut()?.insert("ca_file".to_owned(), Value::from(ca_file.display().to_string()));
    Some(())
}

/// Inserts the setting in block style, below the existing keys of its path.
fn insert(text: &str, name: &str, ca_file: &Path) -> String {
    let keys = ["configs", name, "tls"];
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let (mut found, mut after, mut indent) = (0, lines.len(), 0);
    for (number, line) in lines.iter().enumerate() {
        let Some(depth) = depth(line) else { continue };
        if found > 0 && depth < indent {
            break;
        }
        if found < keys.len() && (found == 0 && depth == 0 || found > 0 && depth == indent) && opens(line, keys[found])
        {
            found += 1;
            after = number + 1;
            // New keys have the indentation of the first existing one.
            let below = lines[after..].iter().find_map(|line| self::depth(line)).filter(|below| *below > depth);
            indent = below.unwrap_or(depth + 2);
        }
    }
    let quoted = quoted(name);
    let missing: Vec<&str> = keys[found..].iter().map(|key| if *key == name { quoted.as_str() } else { key }).collect();
    let addition = nested(&" ".repeat(indent), "  ", &missing, ca_file);
    let before = lines[..after].concat();
    let line_end = if before.is_empty() || before.ends_with('\n') { "" } else { "\n" };
    format!("{before}{line_end}{addition}{}", lines[after..].concat())
}

/// The indentation of a line, unless it is empty or a comment.
fn depth(line: &str) -> Option<usize> {
    let words = line.trim_start();
    let is_content = !words.is_empty() && !words.starts_with('#') && !words.starts_with("---");
    is_content.then(|| line.len() - words.len())
}

/// Whether a line is a key whose mapping begins on the next line.
fn opens(line: &str, key: &str) -> bool {
    let words = line.split(" #").next().unwrap_or(line).trim();
    [format!("{key}:"), format!("\"{key}\":"), format!("'{key}':")].iter().any(|spelling| words == spelling)
}

/// The setting in nested mappings.
fn nested(indent: &str, step: &str, keys: &[&str], ca_file: &Path) -> String {
    let mut text = String::new();
    let mut depth = indent.to_owned();
    for key in keys {
        text += &format!("{depth}{key}:\n");
        depth += step;
    }
    text + &format!("{depth}ca_file: {}\n", quoted(&ca_file.display().to_string()))
}

/// Quotes a scalar as JSON, which is valid YAML.
fn quoted(text: &str) -> String {
    Value::from(text).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAME: &str = "reg.corp:5000";

    fn edited(text: &str) -> Result<String, String> {
        match edit(text, NAME, Path::new("/ca.crt"))? {
            Edit::Text(text) => Ok(text),
            Edit::Named(path) => Ok(format!("names {}", path.display())),
        }
    }

    const FRESH: &str = "configs:\n  \"reg.corp:5000\":\n    tls:\n      ca_file: \"/ca.crt\"\n";

    #[test]
    fn a_new_file_has_the_one_setting() {
        assert_eq!(fresh(NAME, Path::new("/ca.crt")), FRESH);
        for nothing in ["", "\n"] {
            assert_eq!(edited(nothing).expect("an edited file").trim_start(), FRESH);
        }
        assert_eq!(edited("# ours\n").expect("an edited file"), format!("# ours\n{FRESH}"));
    }

    #[test]
    fn the_setting_is_inserted_below_existing_keys() {
        for (text, changed) in [
            (
                "mirrors:\n  docker.io:\n",
                "mirrors:\n  docker.io:\nconfigs:\n  \"reg.corp:5000\":\n    tls:\n      ca_file: \"/ca.crt\"\n",
            ),
            (
                "configs: # ours\n    other:\n        tls:\n            ca_file: /x\nmirrors: {}",
                "configs: # ours\n    \"reg.corp:5000\":\n      tls:\n        ca_file: \"/ca.crt\"\n    other:\n        tls:\n            ca_file: /x\nmirrors: {}",
            ),
            (
                "configs:\n  other: {}\n  reg.corp:5000:\n    # who\n    auth:\n      username: ann\n  last: {}\n",
                "configs:\n  other: {}\n  reg.corp:5000:\n    tls:\n      ca_file: \"/ca.crt\"\n    # who\n    auth:\n      username: ann\n  last: {}\n",
            ),
            (
                "configs:\n  'reg.corp:5000':\n    auth: {username: ann}\n    tls:\n      insecure_skip_verify: true\n",
                "configs:\n  'reg.corp:5000':\n    auth: {username: ann}\n    tls:\n      ca_file: \"/ca.crt\"\n      insecure_skip_verify: true\n",
            ),
            ("configs:\n", "configs:\n  \"reg.corp:5000\":\n    tls:\n      ca_file: \"/ca.crt\"\n"),
            ("configs:", "configs:\n  \"reg.corp:5000\":\n    tls:\n      ca_file: \"/ca.crt\"\n"),
        ] {
            assert_eq!(edited(text).as_deref(), Ok(changed), "{text}");
        }
    }

    #[test]
    fn a_ca_that_is_named_is_the_one() {
        assert_eq!(
            edited("configs: {\"reg.corp:5000\": {tls: {ca_file: corp.pem}}}").expect("an edited file"),
            "names corp.pem"
        );
    }

    #[test]
    fn a_file_that_cannot_be_changed_safely_is_left() {
        for (text, why) in [
            ("a: [", "it is not valid YAML"),
            ("configs: {other: {}}", "its layout is not supported"),
            ("configs: []", "its layout is not supported"),
            ("[]", "its layout is not supported"),
            (
                "configs:\n  '*':\n    auth: {username: ann}\n",
                "its settings for \"*\" would no longer apply to reg.corp:5000",
            ),
            ("mirrors:\n  a:\n    configs:\n      x: {}\nconfigs: {y: {}}\n", "its layout is not supported"),
        ] {
            assert_eq!(edited(text).expect_err("it is refused"), why, "{text}");
        }
    }
}
