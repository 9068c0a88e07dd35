//! Names of registries, repositories, tags, platforms and templates. Nothing asks for a password, and what fails or
//! takes too long offers nothing.

use std::ffi::OsStr;
use std::time::Duration;

use registry_ls::name::Registry;
use registry_ls::registry::ManifestKind;
use tokio::time::{Instant, timeout};

use super::hosts::Places;
use super::kind::Kind;
use super::line::Line;
use super::lookup::Lookup;
use super::name::Name;
use super::recent::Recent;
use crate::args::{self, Cli};
use crate::config::{Environment, File, Settings};
use crate::help::Topic;

/// A slower completion gets in the way.
const LIMIT: Duration = Duration::from_secs(1);
/// The time for requests: what was received until then is offered.
const REQUESTS: Duration = Duration::from_millis(800);

/// Common platforms, where the image is not known.
const PLATFORMS: [&str; 8] = [
    "linux/amd64",
    "linux/arm64",
    "linux/arm/v7",
    "linux/arm/v6",
    "linux/386",
    "linux/ppc64le",
    "linux/s390x",
    "windows/amd64",
];

/// What `current` may become; `described` if the shell shows descriptions.
pub fn names(kind: Kind, current: &OsStr, line: &Line, described: bool) -> Vec<Name> {
    let Some(current) = current.to_str() else { return Vec::new() };
    let Ok(runtime) = tokio::runtime::Builder::new_current_thread().enable_all().build() else { return Vec::new() };
    let names = runtime.block_on(async {
        let request = Request { current, line, described, deadline: Instant::now() + REQUESTS };
        timeout(LIMIT, request.names(kind)).await.ok().flatten().unwrap_or_default()
    });
    // A look-up that hangs is abandoned.
    runtime.shutdown_timeout(Duration::ZERO);
    names.into_iter().filter(|name| name.text.starts_with(current)).collect()
}

/// A word that is being completed.
struct Request<'a> {
    current: &'a str,
    line: &'a Line,
    described: bool,
    deadline: Instant,
}

/// The parts of a word that names a repository.
#[derive(Debug, PartialEq, Eq)]
struct Word<'a> {
    /// Scheme and host, as typed, with the slash after it; or empty.
    host: &'a str,
    /// What comes after it.
    path: &'a str,
}

impl Request<'_> {
    async fn names(&self, kind: Kind) -> Option<Vec<Name>> {
        match kind {
            Kind::Topic => return Some(topics()),
            Kind::Artifact => {
                return Some(ManifestKind::ALL.into_iter().map(|kind| Name::new(kind.as_str())).collect());
            }
            Kind::Program => return Some(["docker-ls", "docker-rm"].into_iter().map(Name::new).collect()),
            Kind::File => return None,
            _ => {}
        }
        let environment = Environment::of_process().ok()?;
        let named = self.line.config.as_deref().or(environment.config.as_deref());
        let file = File::load(named).await.ok()?;
        if kind == Kind::Template {
            let templates = file.templates.into_iter();
            return Some(templates.map(|(name, template)| Name::with(format!("@{name}"), template)).collect());
        }
        let of_line = self.line.named.last().map(String::as_str);
        let word = match kind {
            Kind::Platform | Kind::Tag => of_line.unwrap_or_default(),
            _ => self.current,
        };
        let word = Word::read(word, self.line.global.registry.as_deref());
        let settings = Settings::resolve(&self.cli(word.host)?, environment, file.clone()).ok()?;
        let recent = Recent::of_user();
        let hosts = || Places {
            file: &file,
            default: settings.requested_registry().or(settings.default_registry()),
            root: settings.root(),
            recent: recent.clone(),
        };
        let open = async |registry| Lookup::open(&settings, registry, recent.clone(), self.deadline).await;
        Some(match kind {
            Kind::Registry => hosts().hosts().await,
            Kind::Platform => {
                let named = of_line.and_then(|reference| settings.reference(reference).ok());
                let found = match named {
                    Some((registry, reference)) => open(registry).await?.platforms(&reference).await,
                    None => Vec::new(),
                };
                if found.is_empty() { PLATFORMS.map(Name::new).to_vec() } else { found }
            }
            Kind::Tag => {
                let (registry, repository) = settings.repository(of_line?).ok()?;
                open(registry).await?.tags(&repository, self.current, self.described).await
            }
            Kind::Reference | Kind::Place if word.tag().is_some() => {
                let (path, tag) = word.tag()?;
                let before = format!("{}{path}", word.host);
                let (registry, repository) = settings.repository(&before).ok()?;
                let tags = open(registry).await?.tags(&repository, tag, self.described).await;
                tags.into_iter().map(|name| name.between(&format!("{before}:"), "")).collect()
            }
            _ => {
                let registry = if word.host.is_empty() {
                    settings.requested_registry().or(settings.default_registry()).cloned()
                } else {
                    Some(settings.repository(&format!("{}x", word.host)).ok()?.0)
                };
                let mut names = Vec::new();
                // Without a registry it is Docker Hub, whose repositories are known only from before.
                let is_hub = registry.is_none();
                if let Some(lookup) = open(registry.unwrap_or_else(Registry::docker_hub)).await {
                    let end = if kind == Kind::Reference { ":" } else { "" };
                    let found = lookup.repositories(word.path, !is_hub).await;
                    names.extend(found.into_iter().map(|name| name.between(word.host, end)));
                }
                if word.host.is_empty() && settings.requested_registry().is_none() {
                    // A registry is what may come first; where there is another one, its repositories are meant.
                    let hosts = hosts().hosts().await.into_iter().map(|host| host.between("", "/"));
                    names.extend(hosts.filter(|_| is_hub || !self.current.is_empty()));
                }
                names
            }
        })
    }

    /// A command line with the options of this one, that names the registry of the word alone: user name and password
    /// are sent there or not as by the command itself.
    fn cli(&self, host: &str) -> Option<Cli> {
        let host = Some(host.trim_end_matches('/')).filter(|host| !host.is_empty() && *host != "docker:");
        let named = host.filter(|_| self.line.global.registry.is_none());
        let mut cli = args::parse(["rls", "repos"].into_iter().chain(named)).ok()?;
        cli.global = self.line.global.clone();
        Some(cli)
    }
}

impl<'a> Word<'a> {
    /// Reads a word. With `--registry`, which is `requested`, it is a path, whatever it looks like, unless it begins
    /// with that registry.
    fn read(word: &'a str, requested: Option<&str>) -> Self {
        let scheme = word.find("://").map_or(0, |at| at + "://".len());
        let end = word[scheme..].find('/').map(|at| scheme + at + 1);
        let is_host = |host: &str| match requested {
            Some(requested) => requested.split("://").last() == Some(host),
            None => scheme > 0 || is_host(host),
        };
        match end.filter(|end| is_host(&word[scheme..end - 1])) {
            Some(end) => Self { host: &word[..end], path: &word[end..] },
            None => Self { host: "", path: word },
        }
    }

    /// The repository and the beginning of its tag, if the word has got there. `registry.corp:50` is a host.
    fn tag(&self) -> Option<(&'a str, &'a str)> {
        let (path, tag) = self.path.rsplit_once(':')?;
        let may_be_host = self.host.is_empty() && !path.contains('/') && is_host(path);
        (!tag.contains('/') && !may_be_host && !path.contains("://")).then_some((path, tag))
    }
}

/// Whether the first component of a name is a host.
fn is_host(component: &str) -> bool {
    component.contains(['.', ':']) || component == "localhost" || component.contains(|c: char| c.is_ascii_uppercase())
}

/// What `rls help` explains.
fn topics() -> Vec<Name> {
    let commands = args::names_of_commands().into_iter().map(Name::new);
    let topics = Topic::ALL.iter().map(|(name, _)| Name::with(*name, "reference"));
    commands.chain(topics).chain([Name::with("schema", "JSON Schemas of records")]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hidden_commands_are_not_offered() {
        let topics = topics();
        let has = |text: &str| topics.iter().any(|topic| topic.text == text);
        assert!(has("tags") && has("output") && !has("docker-cli-plugin-metadata"), "{topics:?}");
    }

    #[test]
    fn words_have_a_host_and_a_path() {
        let read = |word: &'static str, requested| {
            let word = Word::read(word, requested);
            (word.host, word.path)
        };
        assert_eq!(read("registry.corp:5000/te", None), ("registry.corp:5000/", "te"));
        assert_eq!(read("http://localhost:5000/te/a", None), ("http://localhost:5000/", "te/a"));
        assert_eq!(read("docker://ghcr.io/te", None), ("docker://ghcr.io/", "te"));
        assert_eq!(read("team/app", None), ("", "team/app"));
        assert_eq!(read("registry.corp:50", None), ("", "registry.corp:50"));
        assert_eq!(read("ghcr.io/owner/app", Some("mirror.corp")), ("", "ghcr.io/owner/app"));
        assert_eq!(read("mirror.corp/app", Some("http://mirror.corp")), ("mirror.corp/", "app"));
    }

    #[test]
    fn a_colon_begins_a_tag_or_a_port() {
        let tag = |word: &'static str| Word::read(word, None).tag();
        assert_eq!(tag("team/app:1.4"), Some(("team/app", "1.4")));
        assert_eq!(tag("alpine:"), Some(("alpine", "")));
        assert_eq!(tag("registry.corp:5000/team/app:"), Some(("team/app", "")));
        for host in ["registry.corp:50", "localhost:", "registry.corp:5000/team", "http://localhost", "team/app"] {
            assert_eq!(tag(host), None, "{host}");
        }
    }
}
