//! `rls doctor --explain`: what an error text of another client means, and the command that shows why.

use registry_ls::name::{Located, Reference, Registry};

use super::known_errors::{KNOWN_ERRORS, KnownError};
use crate::commands::context::Context;
use crate::input;
use crate::output::{ExplanationRecord, ExplanationView};
use crate::report::CommandError;
use crate::usage::Usage;

/// The largest text on standard input, in bytes.
const MAX_TEXT: u64 = 1 << 20;

/// `rls doctor --explain TEXT`; `-` is standard input.
pub(super) async fn run(text: &str, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output_for_people(ExplanationView)?;
    let text = match text {
        "-" => {
            let bytes = context.until_shutdown(input::read_stdin("the text", MAX_TEXT)).await??;
            String::from_utf8_lossy(&bytes).into_owned()
        }
        text => text.to_owned(),
    };
    let Some(explanation) = explanation(&text) else {
        return Err(Usage::new("the text contains no known error")
            .hint("rls doctor HOST/REPO checks a registry; the README lists the known errors")
            .into());
    };
    output.write(&explanation)?;
    Ok(output.finish()?)
}

/// The registry, and the repository, that a text is about.
#[derive(Debug, Default, PartialEq, Eq)]
struct Subject {
    registry: Option<String>,
    /// With its registry.
    repository: Option<String>,
}

/// The explanation of the error in a text. Clients wrap one error in others: the entry that says most comes first.
fn explanation(text: &str) -> Option<ExplanationRecord> {
    let lower = text.to_lowercase();
    let known = KNOWN_ERRORS.iter().find(|known| known.is_in(&lower))?;
    Some(record(known, &Subject::of(text)))
}

impl KnownError {
    /// Whether one of its texts is in a text in lower case.
    fn is_in(&self, lower: &str) -> bool {
        let is_in = |known: &&str| {
            let known = known.to_lowercase();
            // Only what is the same in every such text counts.
            !known.contains('…') && lower.contains(&known)
        };
        self.texts.iter().chain(self.more).any(is_in)
    }
}

fn record(known: &KnownError, subject: &Subject) -> ExplanationRecord {
    ExplanationRecord {
        registry: subject.registry.clone(),
        reference: subject.repository.clone(),
        error: known.texts.join(", "),
        meaning: subject
            .fill(known.meaning)
            .replace('`', "'")
            .replace("[docs/registries.md](docs/registries.md)", "docs/registries.md"),
        command: subject.fill(known.command),
    }
}

impl Subject {
    /// Finds the registry and the repository in a text: in URLs of the API, then in names of images.
    fn of(text: &str) -> Self {
        let words = || text.split(|char: char| char.is_whitespace() || "\"'`()[]<>,=".contains(char));
        let words = || words().map(|word| word.trim_end_matches([':', ';', '.'])).filter(|word| !word.is_empty());
        let reference = |word: &str| {
            let located = Located::<Reference>::read(word).ok()?;
            let registry = located.registry.clone()?;
            Some((located.scheme, registry, located.name))
        };
        let is_api = |word: &&str| word.contains("://") && word.contains("/v2/");
        let is_image = |word: &&str| !word.contains("://") || word.starts_with("docker://");
        let names_image = |word: &&str| {
            word.trim_start_matches("docker://")
                .split_once('/')
                .is_some_and(|(host, path)| host.contains(['.', ':']) && !host.starts_with('.') && !path.is_empty())
        };
        let found = words().filter(is_api).find_map(reference).or_else(|| {
            words()
                .filter(is_image)
                .filter(names_image)
                .find_map(|word| reference(word.trim_start_matches("docker://")))
        });
        if let Some((_, registry, name)) = found {
            let repository = registry.qualify(name.repository());
            return Self { registry: Some(registry.to_string()), repository: Some(repository) };
        }
        let registry = words().filter(|word| word.contains("://")).find_map(|word| Registry::read(word).ok());
        let registry = registry.or_else(|| word_after(text, "lookup ")?.parse().ok());
        let repository = word_after(text, "access denied for ").and_then(|word| {
            let located = word.parse::<Located<Reference>>().ok()?;
            let (registry, name) = located.within(&Registry::docker_hub());
            Some((registry.to_string(), registry.qualify(name.repository())))
        });
        match repository {
            Some((registry, repository)) => Self { registry: Some(registry), repository: Some(repository) },
            None => Self { registry: registry.map(|registry| registry.to_string()), repository: None },
        }
    }

    /// A command with the names in place of `HOST` and `REPO`, as far as they are known.
    fn fill(&self, command: &str) -> String {
        match (&self.repository, &self.registry) {
            (Some(repository), Some(registry)) => command.replace("HOST/REPO", repository).replace("HOST", registry),
            // The registry alone can be checked, too.
            (None, Some(registry)) if command == "rls doctor HOST/REPO" => format!("rls doctor {registry}"),
            (None, Some(registry)) => command.replace("HOST", registry),
            _ => command.to_owned(),
        }
    }
}

/// The word that follows a phrase.
fn word_after<'a>(text: &'a str, phrase: &str) -> Option<&'a str> {
    let rest = &text[text.find(phrase)? + phrase.len()..];
    let word = rest.split(|char: char| char.is_whitespace() || char == ',').next()?;
    Some(word.trim_matches(['"', '\'', ':'])).filter(|word| !word.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn explained(text: &str) -> (String, String) {
        let record = explanation(text).unwrap_or_else(|| panic!("no explanation of {text}"));
        (record.error, record.command)
    }

    #[test]
    fn the_readme_has_the_same_table() {
        let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
        let quoted = |texts: &[&str]| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
        for known in KNOWN_ERRORS {
            let row = format!("| {} | {} | `{}` |\n", quoted(known.texts), known.meaning, known.command);
            assert!(readme.contains(&row), "README.md lacks the row\n{row}");
        }
        let rows = readme.lines().skip_while(|line| !line.starts_with("| error ")).skip(2);
        assert_eq!(rows.take_while(|line| line.starts_with('|')).count(), KNOWN_ERRORS.len());
    }

    #[test]
    fn every_error_is_found_by_each_of_its_texts() {
        for known in KNOWN_ERRORS {
            for text in known.texts.iter().chain(known.more).filter(|text| !text.contains('…')) {
                assert!(explanation(text).is_some(), "{text}");
            }
        }
    }

    #[test]
    fn texts_of_clients_are_explained_with_their_own_names() {
        for (text, error, command) in [
            (
                "Error response from daemon: Get \"https://registry.corp:5000/v2/\": x509: certificate signed by unknown authority",
                "x509: certificate signed by unknown authority",
                "rls doctor registry.corp:5000",
            ),
            (
                "Error response from daemon: Get \"https://10.1.2.3:5000/v2/\": http: server gave HTTP response to HTTPS client",
                "http: server gave HTTP response to HTTPS client",
                "rls doctor 10.1.2.3:5000",
            ),
            (
                "Error response from daemon: pull access denied for alpin, repository does not exist or may require 'docker login': denied: requested access to the resource is denied",
                "pull access denied … may require 'docker login'",
                "rls doctor docker.io/library/alpin",
            ),
            (
                "Failed to pull image \"registry.corp:5000/team/app:1.0\": rpc error: code = NotFound desc = failed to pull and unpack image \"registry.corp:5000/team/app:1.0\": failed to resolve reference \"registry.corp:5000/team/app:1.0\": registry.corp:5000/team/app:1.0: not found",
                "manifest unknown",
                "rls tags registry.corp:5000/team/app",
            ),
            (
                "FATA[0000] Error parsing image name \"docker://reg.corp/team/app:1\": reading manifest 1 in reg.corp/team/app: manifest unknown",
                "manifest unknown",
                "rls tags reg.corp/team/app",
            ),
            (
                "Error: GET https://reg.corp/v2/team/app/manifests/1.0: UNAUTHORIZED: authentication required; [map[Action:pull]]",
                "unauthorized: authentication required, 401 Unauthorized",
                "rls doctor reg.corp/team/app",
            ),
            (
                "Error: initializing source docker://reg.corp/app:1: pinging container registry reg.corp: Get \"https://reg.corp/v2/\": dial tcp: lookup reg.corp on 10.0.0.2:53: no such host",
                "no such host",
                "rls doctor reg.corp/app",
            ),
            ("no basic auth credentials", "no basic auth credentials", "rls login HOST"),
            (
                "Back-off pulling image \"reg.corp/app:1\" ErrImagePull",
                "ErrImagePull, ImagePullBackOff",
                "rls doctor reg.corp/app",
            ),
        ] {
            let (found, shown) = explained(text);
            assert_eq!(found, error, "{text}");
            assert!(shown.starts_with(command) || command.starts_with(&shown), "{text}: {shown}");
        }
        assert!(explanation("everything is fine").is_none());
    }
}
