//! The command lines of rls, of the load generator, of curl, and of other clients on the PATH.

use std::cell::Cell;
use std::fs;
use std::path::{Path, PathBuf};

use test_support::docker_registry::{PASSWORD, USER};

use crate::load_generator::{self, Request, Requests};
use crate::run::Plan;
use crate::servers::{Grid, Server, Way};

/// The concurrency where rls does not report one.
const JOBS: usize = 16;
const ACCEPT: &str = "application/vnd.oci.image.manifest.v1+json";

/// What a client reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Job {
    /// All repositories with their tags.
    Tags,
    /// The digest of each tag of one repository.
    Digests,
    /// The manifest of one tag.
    Manifest,
}

/// A client that may be installed, and its command lines for a job.
pub struct Peer {
    pub name: &'static str,
    pub plan: Option<Plan>,
}

/// The path of rls, and a folder for files.
pub struct Clients {
    rls: PathBuf,
    scratch: PathBuf,
    files: Cell<usize>,
}

impl Clients {
    pub fn new(rls: PathBuf, scratch: &Path) -> Self {
        Self { rls, scratch: scratch.to_owned(), files: Cell::new(0) }
    }

    /// rls, without the configuration of the user who runs this.
    pub fn rls(&self, arguments: &[&str]) -> Plan {
        Plan::new(&self.rls, arguments).environment([("HOME", &self.scratch)])
    }

    pub fn rls_at(&self, server: &Server, arguments: &[&str]) -> Plan {
        self.rls(arguments).environment(server.environment.clone())
    }

    pub fn rls_for(&self, job: Job, server: &Server) -> Plan {
        let (repository, reference) = (server.grid.repository(0), first(server));
        match job {
            Job::Tags => self.rls_at(server, &["repos", "--tags"]),
            Job::Digests => self.rls_at(server, &["tags", "--digests", &repository]),
            Job::Manifest => self.rls_at(server, &["manifest", "--raw", &reference]),
        }
    }

    /// The load generator, with the concurrency that rls reached.
    pub fn limit(&self, requests: &Requests, server: &Server, rls: &Plan) -> Plan {
        let file = self.file();
        requests.write(&server.tokens, &file);
        let jobs = most_at_once(&rls.with("--stats").message()).unwrap_or(JOBS).to_string();
        let file = file.to_string_lossy();
        let mut arguments = vec![load_generator::WORD, &jobs, &file];
        arguments.extend(server.ca_file.as_deref());
        Plan::new(std::env::current_exe().expect("this program"), &arguments)
    }

    /// curl with parallel requests; it has no tokens, and knows all URLs from the start.
    pub fn curl(&self, requests: &Requests, server: &Server) -> Option<Plan> {
        if server.way == Way::Token {
            return None;
        }
        // One run of curl has one method.
        let alike = requests.stages.iter().flatten().filter(|request| requests.method == "GET" || !request.is_get);
        let urls: Vec<_> = alike.map(|request| &request.url).collect();
        let many = if urls.len() > 1 { "-sZ" } else { "-s" };
        let file = self.file();
        let text: String = urls.iter().map(|url| format!("url = \"{url}\"\noutput = \"/dev/null\"\n")).collect();
        fs::write(&file, text).expect("a scratch file");
        let (file, jobs, accept) = (file.to_string_lossy(), JOBS.to_string(), format!("Accept: {}", requests.accept));
        let mut arguments = vec![many, "--fail", "--parallel-max", &jobs, "-H", &accept, "-K", &file];
        if requests.method == "HEAD" {
            arguments.push("-I");
        }
        if let Some(file) = &server.ca_file {
            arguments.extend(["--cacert", file]);
        }
        Some(Plan::new("curl", &arguments))
    }

    /// The other clients. Those that have no such command are run once for each repository or tag, as many at once as
    /// rls begins with.
    pub fn peers(&self, job: Job, server: &Server) -> Vec<Peer> {
        let Server { host, grid, .. } = server;
        let url = server.url();
        let plain = server.way == Way::Plain;
        let on_http = |flag: &'static str| if plain { flag } else { "" };
        let login = |flags: String| if server.way == Way::Token { flags } else { String::new() };
        let (repository, reference) = (grid.repository(0), first(server));
        let each = || match job {
            Job::Tags => grid.names().collect::<Vec<_>>(),
            _ => (0..grid.tags).map(|tag| format!("{repository}:{}", grid.tag(tag))).collect(),
        };
        let docker_ls = login(format!("--user {USER} --password {PASSWORD}"));
        let skopeo = format!("{} {}", on_http("--tls-verify=false"), login(format!("--creds {USER}:{PASSWORD}")));
        let crane = on_http("--insecure");
        let oras = format!("{} {}", on_http("--plain-http"), login(format!("-u {USER} -p {PASSWORD}")));
        let regctl = if plain { format!("--host reg={host},tls=disabled") } else { String::new() };
        let reg = format!("{} {}", on_http("--force-non-ssl"), login(format!("-u {USER} -p {PASSWORD}")));
        let script = |name, command: String| Peer { name, plan: self.script(name, &command, server) };
        let many = |name, command: String| Peer { name, plan: self.many(name, &command, &each(), server) };
        match job {
            Job::Tags => vec![
                script("docker-ls", format!("docker-ls repositories -r {url} {docker_ls} --level 1")),
                many("skopeo", format!("skopeo list-tags {skopeo} docker://{host}/{{}}")),
                many("crane", format!("crane ls {crane} {host}/{{}}")),
                many("regctl", format!("regctl {regctl} tag ls {host}/{{}}")),
                many("oras", format!("oras repo tags {oras} {host}/{{}}")),
                script("reg", format!("reg ls {reg} {host}")),
            ],
            Job::Digests => vec![
                script("docker-ls", format!("docker-ls tags -r {url} {docker_ls} --level 1 {repository}")),
                many("skopeo", format!("skopeo inspect -n {skopeo} --format {{{{.Digest}}}} docker://{host}/{{}}")),
                many("crane", format!("crane digest {crane} {host}/{{}}")),
                many("regctl", format!("regctl {regctl} image digest {host}/{{}}")),
                many("oras", format!("oras resolve {oras} {host}/{{}}")),
            ],
            Job::Manifest => vec![
                script("docker-ls", format!("docker-ls tag -r {url} {docker_ls} --raw-manifest {reference}")),
                script("skopeo", format!("skopeo inspect --raw {skopeo} docker://{host}/{reference}")),
                script("crane", format!("crane manifest {crane} {host}/{reference}")),
                script("regctl", format!("regctl {regctl} manifest get --format raw-body {host}/{reference}")),
                script("oras", format!("oras manifest fetch {oras} {host}/{reference}")),
                script("reg", format!("reg manifest {reg} {host}/{reference}")),
            ],
        }
    }

    /// A command line of a client, if it is installed.
    pub fn script(&self, program: &str, command: &str, server: &Server) -> Option<Plan> {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if !std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
            return None;
        }
        let mut environment = vec![("HOME", self.scratch.display().to_string())];
        // How programs written in Go are given a CA.
        environment.extend(server.ca_file.clone().map(|file| ("SSL_CERT_FILE", file)));
        Some(Plan::new("sh", &["-c", command]).environment(environment))
    }

    fn many(&self, program: &str, command: &str, names: &[String], server: &Server) -> Option<Plan> {
        let file = self.file();
        fs::write(&file, names.join("\n")).expect("a scratch file");
        self.script(program, &format!("xargs -P {JOBS} -I '{{}}' {command} < {}", file.display()), server)
    }

    fn file(&self) -> PathBuf {
        self.files.set(self.files.get() + 1);
        self.scratch.join(self.files.get().to_string())
    }
}

/// The minimal requests of a job.
pub fn requests(job: Job, server: &Server) -> Requests {
    let Server { grid, .. } = server;
    let url = server.url();
    let of = |number: usize, path: &str| Request {
        url: format!("{url}/v2/{}/{path}", grid.repository(number)),
        token: Grid::token(number),
        is_get: false,
    };
    let catalog = |query: String| Request { url: format!("{url}/v2/_catalog?{query}"), token: 0, is_get: true };
    match job {
        Job::Tags => {
            let pages = (0..grid.repositories).step_by(1000).map(|from| {
                let after = from.checked_sub(1).map(|last| grid.repository(last).replace('/', "%2F"));
                catalog(after.map_or_else(|| "n=1000".to_owned(), |last| format!("last={last}&n=1000")))
            });
            // The first page has to be read for its link; the other links are known here.
            let mut pages = pages.map(|page| vec![page]);
            let first = pages.next().unwrap_or_default();
            let lists = (0..grid.repositories).map(|number| of(number, "tags/list?n=1000"));
            let stages = vec![first, pages.flatten().chain(lists).collect()];
            Requests { method: "GET", accept: "application/json", stages }
        }
        Job::Digests => {
            let heads = (0..grid.tags).map(|tag| of(0, &format!("manifests/{}", grid.tag(tag))));
            // docker-registry has no HEAD of a list.
            let list = Request { is_get: true, ..of(0, "tags/list") };
            Requests { method: "HEAD", accept: ACCEPT, stages: vec![vec![list], heads.collect()] }
        }
        Job::Manifest => {
            let manifest = of(0, &format!("manifests/{}", grid.tag(0)));
            Requests { method: "GET", accept: ACCEPT, stages: vec![vec![manifest]] }
        }
    }
}

/// The reference of a tag.
pub fn first(server: &Server) -> String {
    format!("{}:{}", server.grid.repository(0), server.grid.tag(0))
}

/// From `N requests, …` in the output of `--stats`.
pub fn requests_in(stats: &str) -> usize {
    let before = stats.split_once(" requests").map(|(before, _)| before);
    let digits = before.and_then(|before| before.rsplit(char::is_whitespace).next());
    digits
        .and_then(|digits| digits.replace(',', "").parse().ok())
        .unwrap_or_else(|| panic!("no number of requests in {stats}"))
}

/// From `…, max concurrency 16, …` in the output of `--stats`.
fn most_at_once(stats: &str) -> Option<usize> {
    let (_, after) = stats.split_once("max concurrency ")?;
    after.split(',').next()?.parse().ok()
}
