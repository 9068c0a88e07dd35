//! `rls doctor --explain`: what an error text of another client means, and the command that shows why.

use registry_ls::name::{Located, Reference, Registry};

use super::known_errors::{KNOWN_ERRORS, KnownError};
use crate::command_line::rls;
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
            .hint(format!("{} checks a registry; docs/errors.md lists the known errors", rls("doctor HOST/REPO")))
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
    // As if it were wrapped: some patterns begin with the end of the error around theirs.
    let lower = format!(": {}", text.to_lowercase());
    let known = KNOWN_ERRORS.iter().find(|known| known.is_in(&lower))?;
    Some(record(known, &Subject::of(text)))
}

impl KnownError {
    /// Whether one of its texts is in a text in lower case.
    fn is_in(&self, lower: &str) -> bool {
        self.texts.iter().chain(self.more).any(|known| occurs(&known.to_lowercase(), lower))
    }
}

/// Whether the parts of a pattern between `…` are in a text, in this order.
fn occurs(pattern: &str, text: &str) -> bool {
    let mut parts = pattern.split('…').map(str::trim).filter(|part| !part.is_empty());
    parts.try_fold(text, |rest, part| Some(&rest[rest.find(part)? + part.len()..])).is_some()
}

fn record(known: &KnownError, subject: &Subject) -> ExplanationRecord {
    ExplanationRecord {
        registry: subject.registry.clone(),
        reference: subject.repository.clone(),
        error: known.texts.join(", "),
        meaning: typed_here(&subject.fill(known.meaning))
            .replace('`', "'")
            .replace("[docs/registries.md](docs/registries.md)", "docs/registries.md"),
        command: command_here(&subject.fill(known.command)),
    }
}

/// A text in Markdown, with the commands in it as they are typed here.
fn typed_here(text: &str) -> String {
    text.split('`').map(command_here).collect::<Vec<_>>().join("`")
}

/// A command of rls as it is typed here. Any other text stays as it is.
fn command_here(command: &str) -> String {
    command.strip_prefix("rls ").map_or_else(|| command.to_owned(), rls)
}

impl Subject {
    /// Finds the registry and the repository in a text: in URLs of the API, then in names of images.
    fn of(text: &str) -> Self {
        let words = || text.split(|char: char| char.is_whitespace() || "\"'`()[]<>,=".contains(char));
        let words = || words().map(|word| word.trim_end_matches([':', ';', '.'])).filter(|word| !word.is_empty());
        let reference = |word: &str| {
            let located = Located::<Reference>::read(word).ok()?;
            Some((located.registry?, located.name))
        };
        let names_image = |word: &str| {
            word.split_once('/').is_some_and(|(host, path)| {
                host.contains(['.', ':']) && !host.starts_with('.') && !path.is_empty() && !path.starts_with('/')
            })
        };
        let image = |word: &str| word.trim_start_matches("docker://").trim_start_matches("oci://").to_owned();
        let found = words()
            .filter_map(tags_endpoint)
            .find_map(|url| reference(&url))
            .or_else(|| words().map(image).filter(|word| names_image(word)).find_map(|word| reference(&word)));
        if let Some((registry, name)) = found {
            let repository = registry.qualify(name.repository());
            return Self { registry: Some(registry.to_string()), repository: Some(repository) };
        }
        // Other addresses are of documentation, such as https://aka.ms/acr/authorization.
        let requested = words().zip(words().skip(1)).filter(|(method, _)| is_method(method)).map(|(_, url)| url);
        let registry = words().filter(|word| is_root(word)).chain(requested).find_map(|url| origin(url)?.parse().ok());
        let registry = registry.or_else(|| word_after(text, "lookup ")?.parse::<Registry>().ok());
        let registry = registry.or_else(|| word_after(text, "from host ")?.parse().ok());
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

/// The address of the list of tags beside an endpoint of the API: for a manifest, a blob or an upload, whose digest may
/// be shortened.
fn tags_endpoint(url: &str) -> Option<String> {
    let (_, name) = url.split_once("://")?.1.split_once("/v2/")?;
    let end = ["/manifests/", "/blobs/", "/referrers/", "/tags/"].iter().find_map(|endpoint| name.find(endpoint))?;
    let start = url.len() - name.len();
    Some(format!("{}/tags/list", &url[..start + end]))
}

/// Whether a word is the address of a registry: of a server, or of `/v2/` there.
fn is_root(word: &str) -> bool {
    let path = word.split_once("://").map(|(_, rest)| rest.split_once('/').map_or("", |(_, path)| path));
    path.is_some_and(|path| matches!(path, "" | "v2" | "v2/"))
}

/// Whether a word is the method of the request that failed.
fn is_method(word: &str) -> bool {
    ["get", "head", "post", "put", "patch", "delete"].iter().any(|method| word.eq_ignore_ascii_case(method))
}

/// The scheme and host of an address.
fn origin(url: &str) -> Option<&str> {
    let (scheme, rest) = url.split_once("://")?;
    Some(&url[..scheme.len() + 3 + rest.find('/').unwrap_or(rest.len())])
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
    fn the_documentation_has_the_same_table() {
        let page = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/docs/errors.md"));
        let readme = include_str!(concat!(env!("CARGO_MANIFEST_DIR"), "/README.md"));
        let rows = |text: &str| {
            let table = text.lines().skip_while(|line| !line.starts_with("| error ")).skip(2);
            table.take_while(|line| line.starts_with('|')).map(str::to_owned).collect::<Vec<_>>()
        };
        let quoted = |texts: &[&str]| texts.iter().map(|text| format!("`{text}`")).collect::<Vec<_>>().join(", ");
        let row = |known: &KnownError| format!("| {} | {} | `{}` |", quoted(known.texts), known.meaning, known.command);
        let known: Vec<_> = KNOWN_ERRORS.iter().map(row).collect();
        assert_eq!(rows(page), known);
        let frequent = rows(readme);
        assert!(!frequent.is_empty() && frequent.iter().all(|row| known.contains(row)), "{frequent:?}");
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
                "rls doctor reg.corp",
            ),
            (
                "failed to pull and unpack image \"reg.corp/team/app:1\": failed to resolve reference \"reg.corp/team/app:1\": failed to do request: Head \"https://reg.corp/v2/team/app/manifests/1\": dial tcp: lookup reg.corp on 10.43.0.10:53: no such host",
                "no such host",
                "rls doctor reg.corp",
            ),
            (
                "failed to resolve reference \"reg.corp/team/app:1\": failed to do request: Head \"https://reg.corp/v2/team/app/manifests/1\": dial tcp 10.1.2.3:443: connect: connection refused",
                "connection refused",
                "rls doctor reg.corp",
            ),
            (
                "Error: initializing source docker://reg.corp/app:1: reading manifest 1 in reg.corp/app: received unexpected HTTP status: 502 Bad Gateway",
                "502 Bad Gateway, 503 Service Unavailable",
                "rls doctor reg.corp",
            ),
            (
                "failed to resolve reference \"reg.corp/app:1\": unexpected EOF",
                "connection reset by peer, unexpected EOF",
                "rls doctor reg.corp/app",
            ),
            (
                "Error response from daemon: no matching manifest for linux/arm64/v8 in the manifest list entries: no match for platform in manifest: not found",
                "no matching manifest for linux/arm64",
                "rls manifest HOST/REPO",
            ),
            (
                "proxyconnect tcp: tls: first record does not look like a TLS handshake",
                "proxyconnect tcp, 407 Proxy Authentication Required",
                "rls doctor HOST",
            ),
            (
                "checking push permission for \"reg.corp/team/app\": POST https://reg.corp/v2/team/app/blobs/uploads/: UNAUTHORIZED: authentication required; [map[Action:pull]]",
                "unauthorized: authentication required, 401 Unauthorized",
                "rls doctor reg.corp/team/app",
            ),
            (
                "failed to push reg.corp/app:1: failed to do request: Head \"https://reg.corp/v2/app/blobs/sha256:aa\": http: server gave HTTP response to HTTPS client",
                "http: server gave HTTP response to HTTPS client",
                "rls doctor reg.corp",
            ),
            (
                "HEAD \"https://reg.corp/v2/team/app/manifests/sha256:ca05\": unauthorized: authentication required, visit https://aka.ms/acr/authorization for more information",
                "unauthorized: authentication required, 401 Unauthorized",
                "rls doctor reg.corp/team/app",
            ),
            (
                "unauthorized: authentication required, visit https://aka.ms/acr/authorization",
                "unauthorized: authentication required, 401 Unauthorized",
                "rls doctor HOST/REPO",
            ),
            (
                "error pulling image configuration: Get https://cdn.example/registry-v2/docker/registry/v2/blobs/sha256/f8/f8c: x509: certificate signed by unknown authority",
                "x509: certificate signed by unknown authority",
                "rls doctor cdn.example",
            ),
            (
                "alpine: pulling from host registry-1.docker.io failed with status code [manifests 3.19]: 401 Unauthorized",
                "unauthorized: authentication required, 401 Unauthorized",
                "rls doctor docker.io",
            ),
            (
                "Error response from daemon: unknown: artifact team/app:1.0 not found",
                "manifest unknown",
                "rls tags HOST/REPO",
            ),
            (
                "error parsing HTTP 408 response body: invalid character '<' looking for beginning of value: \"<html><body><h1>408 Request Time-out</h1>\"",
                "502 Bad Gateway, 503 Service Unavailable",
                "rls doctor HOST",
            ),
            (
                "PUT https://reg.corp/v2/team/app/manifests/1: MANIFEST_INVALID: manifest invalid; mediaType in manifest should be 'application/vnd.docker.distribution.manifest.v2+json' not ''",
                "manifest invalid, 415 Unsupported Media Type",
                "rls doctor reg.corp/team/app --need push",
            ),
            (
                "dial tcp: lookup reg.corp on 127.0.0.53:53: server misbehaving",
                "server misbehaving, Temporary failure in name resolution",
                "rls doctor reg.corp",
            ),
            (
                "denied: installation not allowed to Create organization package",
                "denied: requested access to the resource is denied, 403 Forbidden",
                "rls doctor HOST/REPO",
            ),
            (
                "dial unix /var/run/docker.sock: connect: permission denied",
                "Cannot connect to the Docker daemon, docker.sock … permission denied",
                "rls tags HOST/REPO",
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
            assert_eq!(shown, command, "{text}");
        }
        assert!(explanation("everything is fine").is_none());
    }
}
