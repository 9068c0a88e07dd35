//! The registries, each in a process of its own: the benchmark's memory stays small, so that it does
//! not hide that of the programs it starts.

use std::fmt;
use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::time::Duration;

use registry_fixture::client::{Http, basic, token};
use registry_fixture::content::{ArtifactSpec, ImageSpec, Layer};
use registry_fixture::{Auth, Personality, Registry};
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};
use test_support::{Conditions, Link};

use crate::network::Path;

/// The benchmark's first argument when it runs as a registry.
pub const WORD: &str = "serve";
/// The size of the lower layer of [`Server::content`], in bytes.
pub const LOWER_LAYER: usize = 256 << 20;
/// Repositories for each token, about as many as rls puts into one.
const TOGETHER: usize = 20;

/// The size of a registry: the number of repositories, and of tags in each.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grid {
    pub repositories: usize,
    pub tags: usize,
}

/// How a registry is reached.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    Plain,
    Tls,
    /// By TLS, and with a token server.
    Token,
}

/// A registry that runs until dropped.
pub struct Server {
    pub grid: Grid,
    pub way: Way,
    /// The embedded registry's latency in milliseconds; `None` for docker-registry.
    pub latency: Option<u64>,
    pub host: String,
    pub ca_file: Option<String>,
    /// The environment of rls.
    pub environment: Vec<(&'static str, String)>,
    /// `Bearer …`: the first for the catalog, each further one for the next [`TOGETHER`] repositories.
    pub tokens: Vec<String>,
    child: Child,
    stdin: Option<ChildStdin>,
}

impl Grid {
    pub fn repository(self, number: usize) -> String {
        format!("team/r{number:04}")
    }

    pub fn tag(self, number: usize) -> String {
        format!("t{number:04}")
    }

    pub fn names(self) -> impl Iterator<Item = String> {
        (0..self.repositories).map(move |number| self.repository(number))
    }

    /// The number of tags of each repository, with a thousands separator.
    pub fn thousands(self) -> String {
        with_comma(self.tags)
    }

    /// The index of a repository's token.
    pub fn token(number: usize) -> usize {
        1 + number / TOGETHER
    }
}

impl fmt::Display for Grid {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} x {}", with_comma(self.repositories), self.tags)
    }
}

fn with_comma(number: usize) -> String {
    match (number / 1000, number % 1000) {
        (0, rest) => rest.to_string(),
        (thousands, rest) => format!("{thousands},{rest:03}"),
    }
}

impl Way {
    fn word(self) -> &'static str {
        match self {
            Self::Plain => "plain",
            Self::Tls => "tls",
            Self::Token => "token",
        }
    }
}

impl Server {
    /// Debian's docker-registry.
    pub fn docker(way: Way, grid: Grid) -> Self {
        Self::start(way, grid, &["docker", way.word(), &grid.repositories.to_string(), &grid.tags.to_string()])
    }

    /// The embedded registry with this latency in milliseconds.
    pub fn embedded(grid: Grid, latency: u64) -> Self {
        let numbers = [grid.repositories.to_string(), grid.tags.to_string(), latency.to_string()];
        let mut server = Self::start(Way::Plain, grid, &["embedded", &numbers[0], &numbers[1], &numbers[2]]);
        server.latency = Some(latency);
        server
    }

    /// The embedded registry with a million tags in the repository `many`: in one body, or in pages of a thousand.
    pub fn million(in_pages: bool) -> Self {
        let grid = Grid { repositories: 1, tags: 1_000_000 };
        Self::start(Way::Plain, grid, &["million", if in_pages { "pages" } else { "body" }])
    }

    /// The embedded registry with this many tags on this many images in the repository `team/app`. It can untag.
    pub fn repository(tags: usize, images: usize) -> Self {
        let grid = Grid { repositories: 1, tags };
        Self::start(Way::Plain, grid, &["repository", &tags.to_string(), &images.to_string()])
    }

    /// The embedded registry with the image `team/app:1`: a large layer, above it one with `/etc/motd`. A signature and
    /// an SBOM refer to it.
    pub fn content() -> Self {
        Self::start(Way::Plain, Grid { repositories: 1, tags: 1 }, &["content"])
    }

    /// Debian's docker-registry behind a link.
    pub fn over(path: Path, way: Way, grid: Grid) -> Self {
        let numbers = [grid.repositories.to_string(), grid.tags.to_string(), path.round_trip.to_string()];
        let stalls = path.stalls.to_string();
        Self::start(way, grid, &["docker", way.word(), &numbers[0], &numbers[1], &numbers[2], &stalls])
    }

    /// The embedded registry behind a link, with this many tags, each on an image of its own.
    pub fn repository_over(path: Path, tags: usize) -> Self {
        let numbers = [tags.to_string(), path.round_trip.to_string(), path.stalls.to_string()];
        let grid = Grid { repositories: 1, tags };
        Self::start(Way::Plain, grid, &["repository", &numbers[0], &numbers[0], &numbers[1], &numbers[2]])
    }

    fn start(way: Way, grid: Grid, what: &[&str]) -> Self {
        let program = std::env::current_exe().expect("this program");
        let mut child = Command::new(program)
            .arg(WORD)
            .args(what)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .expect("another one of this program");
        let mut lines = BufReader::new(child.stdout.take().expect("it is piped")).lines().map_while(Result::ok);
        let host = lines.next().unwrap_or_else(|| panic!("the registry {what:?} does not start"));
        let ca_file = lines.next().filter(|file| !file.is_empty());
        let tokens = lines.take_while(|line| !line.is_empty()).collect();
        let scheme = if way == Way::Plain { "http" } else { "https" };
        let mut environment = vec![("RLS_REGISTRY", format!("{scheme}://{host}"))];
        environment.extend(ca_file.iter().map(|file| ("RLS_CA_FILE", file.clone())));
        if way == Way::Token {
            environment.extend([("RLS_USERNAME", USER.to_owned()), ("RLS_PASSWORD", PASSWORD.to_owned())]);
        }
        let stdin = child.stdin.take();
        Self { grid, way, latency: None, host, ca_file, environment, tokens, child, stdin }
    }

    /// Scheme and host.
    pub fn url(&self) -> &str {
        &self.environment[0].1
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // The server stops at the end of its input.
        drop(self.stdin.take());
        let _ = self.child.wait();
    }
}

/// Runs the given registry until the end of standard input, and prints its address.
pub fn serve(what: &[&str]) {
    let way = |word: &str| [Way::Plain, Way::Tls, Way::Token].into_iter().find(|way| way.word() == word);
    let number = |word: &str| word.parse::<usize>().expect("a number");
    let link = |path: &[&str]| match *path {
        [round_trip, stalls] => {
            Some(Path { round_trip: number(round_trip) as u64, stalls: stalls == "true" }.conditions())
        }
        _ => None,
    };
    match *what {
        ["docker", word, repositories, tags, ref path @ ..] => {
            let grid = Grid { repositories: number(repositories), tags: number(tags) };
            docker(way(word).expect("a way"), grid, link(path));
        }
        ["embedded", repositories, tags, latency] => {
            let grid = Grid { repositories: number(repositories), tags: number(tags) };
            embedded(grid, Duration::from_millis(number(latency) as u64));
        }
        ["million", form] => million(form == "pages"),
        ["content"] => content(),
        ["repository", tags, images, ref path @ ..] => repository(number(tags), number(images), link(path)),
        _ => panic!("{what:?} is no registry"),
    }
}

fn docker(way: Way, grid: Grid, link: Option<Conditions>) {
    let auth = if way == Way::Token { Auth::Token } else { Auth::None };
    let registry = DockerRegistry::builder().auth(auth).tls(way != Way::Plain).start();
    let (first, tag) = (grid.repository(0), grid.tag(0));
    registry.push(&first, &tag, &ImageSpec::new("the only one").build());
    registry.storage().tags(&first, (1..grid.tags).map(|number| grid.tag(number)), &tag);
    registry.storage().repositories(grid.names().skip(1), &first);
    let tokens = match way {
        Way::Token => tokens(&registry.http(), &registry.url(), grid),
        Way::Plain | Way::Tls => Vec::new(),
    };
    let file = registry.companion().ca_file().display().to_string();
    let link = link.map(|link| link.to(port(registry.host())));
    let host = link.as_ref().map_or_else(|| registry.host().to_owned(), Link::host);
    wait(&host, if way == Way::Plain { "" } else { &file }, &tokens);
}

fn embedded(grid: Grid, latency: Duration) {
    let registry = Registry::builder().latency(latency).without_journal().start();
    let image = ImageSpec::new("the only one").build();
    for name in grid.names() {
        let digest = registry.push(&name, &grid.tag(0), &image);
        (1..grid.tags).for_each(|number| registry.tag(&name, &grid.tag(number), &digest));
    }
    wait(&registry.host(), "", &[]);
}

fn million(in_pages: bool) {
    let personality = if in_pages { Personality::Distribution3 } else { Personality::Distribution28 };
    let builder = Registry::builder().personality(personality).without_journal();
    let registry = builder.seed("many:1000000".parse().expect("a seed")).start();
    wait(&registry.host(), "", &[]);
}

fn repository(tags: usize, images: usize, link: Option<Conditions>) {
    let registry = Registry::builder().personality(Personality::Distribution3).without_journal().start();
    // The images share their layers: a hundred thousand of them would leave no memory.
    let image = ImageSpec::new("the layers");
    let push = |number: usize| {
        registry.push("team/app", &format!("v{number}"), &image.clone().label("number", &number.to_string()).build())
    };
    let digests: Vec<_> = (0..images).map(push).collect();
    (images..tags).for_each(|number| registry.tag("team/app", &format!("v{number}"), &digests[number % images]));
    let link = link.map(|link| link.to(port(&registry.host())));
    wait(&link.as_ref().map_or_else(|| registry.host(), Link::host), "", &[]);
}

fn content() {
    let registry = Registry::builder().without_journal().start();
    let layers = [Layer::sized("lower", LOWER_LAYER), Layer::file("etc/motd", "hello\n")];
    let image = layers.into_iter().fold(ImageSpec::new("layers"), ImageSpec::layer).build();
    registry.push("team/app", "1", &image);
    for artifact_type in ["application/vnd.cncf.notary.signature", "application/spdx+json"] {
        let referrer = ArtifactSpec::new(artifact_type).layer("application/json", "{}").subject(image.root()).build();
        registry.push_referrer("team/app", &referrer, image.root());
    }
    wait(&registry.host(), "", &[]);
}

fn port(host: &str) -> u16 {
    host.rsplit_once(':').and_then(|(_, port)| port.parse().ok()).expect("a port")
}

/// Tokens for the catalog and for the repositories, as [`Server::tokens`] has them.
fn tokens(http: &Http, url: &str, grid: Grid) -> Vec<String> {
    let challenge = http.get(format!("{url}/v2/")).header("www-authenticate").to_owned();
    let fetch = |scope: &str| token(http, &format!("{challenge},scope=\"{scope}\""), Some(&basic(USER, PASSWORD)));
    let names: Vec<_> = grid.names().collect();
    let scopes = names.chunks(TOGETHER).map(|names| {
        // A token server splits several scopes at spaces too.
        names.iter().map(|name| format!("repository:{name}:pull")).collect::<Vec<_>>().join(" ")
    });
    std::iter::once("registry:catalog:*".to_owned()).chain(scopes).map(|scope| fetch(&scope)).collect()
}

/// Prints address, CA file and tokens, then an empty line, and waits for the end of the input.
fn wait(host: &str, ca_file: &str, tokens: &[String]) {
    let mut out = std::io::stdout();
    let tokens: String = tokens.iter().map(|token| format!("{token}\n")).collect();
    out.write_all(format!("{host}\n{ca_file}\n{tokens}\n").as_bytes()).expect("the benchmark reads it");
    out.flush().expect("the benchmark reads it");
    // The input is only closed.
    let _ = std::io::stdin().read(&mut [0]);
}
