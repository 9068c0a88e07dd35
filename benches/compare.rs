//! `make bench`: rls beside the bare requests, and beside the other clients on the PATH.
//!
//! Whole processes are timed, the two of a pair in turn, so that a ratio holds when the machine's speed drifts. A row gives the median
//! of each and the median of the ratios pair by pair with their range.

#![expect(clippy::print_stdout, reason = "its table is what a benchmark is for")]

use std::fs;
use std::io::{BufWriter, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use registry_fixture::content::ImageSpec;
use registry_fixture::{Personality, Registry};

#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/real/server.rs"]
mod server;
#[expect(dead_code, reason = "the tests use more of it")]
#[path = "../tests/real/storage.rs"]
mod storage;

use server::Real;

/// Pairs that are timed, after one that is not counted.
const RUNS: usize = 11;

/// Requests that curl sends at once: rls's own default.
const PARALLEL: &str = "16";

fn main() {
    let rls = std::env::var_os("RLS").map_or_else(|| PathBuf::from("target/release/rls"), PathBuf::from);
    assert!(rls.exists(), "no release build of rls at {}; make bench makes one", rls.display());
    let scratch = tempfile::tempdir().expect("a folder for scratch files");
    let bench = Bench { rls, scratch: scratch.path().to_owned() };
    println!("{:<44} {:>9} {:>9} {:>7}  range of the ratio", "what", "rls", "other", "ratio");
    bench.start();
    bench.docker_registry();
    bench.round_trips();
    bench.million();
}

struct Bench {
    rls: PathBuf,
    scratch: PathBuf,
}

impl Bench {
    /// How long it takes to say the version, and to make one request.
    fn start(&self) {
        let version = self.median(&self.rls(&["--version"]));
        println!("{:<44} {:>9}", "rls --version", milliseconds(version));
        let registry = Registry::builder().seed("demo".parse().expect("a seed")).start();
        let digest = self.rls_at(&registry.url(), &["digest", "team/app:latest"]);
        let url = format!("{}/v2/team/app/manifests/latest", registry.url());
        let accept = "Accept: application/vnd.oci.image.index.v1+json";
        self.pair("one request over HTTP, by curl", &digest, &plan("curl", &["-sI", "-H", accept, &url]));
    }

    /// Debian's docker-registry with 200 repositories of 20 tags and one of 500.
    fn docker_registry(&self) {
        let registry = Real::builder().start();
        let pusher = registry.pusher();
        for repository in 0..200 {
            let image = ImageSpec::new(&format!("team/r{repository:03}")).build();
            for tag in 0..20 {
                pusher.push(&format!("team/r{repository:03}"), &format!("t{tag:02}"), &image);
            }
        }
        for tag in 0..500 {
            pusher.push("big", &format!("t{tag:03}"), &ImageSpec::new(&format!("big {tag}")).build());
        }
        let url = registry.url();
        let lists = (0..200).map(|repository| format!("{url}/v2/team/r{repository:03}/tags/list"));
        let lists = lists.chain([format!("{url}/v2/_catalog?n=1000"), format!("{url}/v2/big/tags/list")]);
        let tags = self.rls_at(&url, &["repos", "--tags"]);
        self.pair("repos --tags, 200 x 20, by curl -Z", &tags, &self.curl(lists, &[]));
        self.against("docker-ls repositories", "docker-ls", &tags, &["repositories", "-r", &url, "--recursion", "1"]);
        let digests = (0..500).map(|tag| format!("{url}/v2/big/manifests/t{tag:03}"));
        let digests = digests.chain([format!("{url}/v2/big/tags/list")]);
        let accept = "Accept: application/vnd.oci.image.manifest.v1+json";
        let with_digests = self.rls_at(&url, &["tags", "big", "-d"]);
        self.pair("tags -d, 500 tags, by curl -Z", &with_digests, &self.curl(digests, &["-I", "-H", accept]));
        self.against("docker-ls tags", "docker-ls", &with_digests, &["tags", "-r", &url, "--recursion", "1", "big"]);
    }

    /// The embedded registry with 25 ms to each answer: time beside that of the round trips that cannot be saved.
    fn round_trips(&self) {
        let latency = Duration::from_millis(25);
        let registry = Registry::builder().seed("200x20".parse().expect("a seed")).latency(latency).start();
        let tags = self.rls_at(&registry.url(), &["repos", "--tags"]);
        let least = latency * (1 + 200_u32.div_ceil(16));
        let time = self.median(&tags);
        let ratio = time.as_secs_f64() / least.as_secs_f64();
        println!(
            "{:<44} {:>9} {:>9} {ratio:>7.2}",
            "repos --tags, 200 x 20, 25 ms, by round trips",
            milliseconds(time),
            milliseconds(least)
        );
    }

    /// A million tags in one body: time beside downloading it, and memory.
    fn million(&self) {
        let registry = Registry::builder()
            .personality(Personality::Distribution28)
            .seed("many:1000000".parse().expect("a seed"))
            .start();
        let repository = registry.repositories().into_iter().next().expect("a repository");
        let tags = self.rls_at(&registry.url(), &["tags", &repository, "--sort", "none"]);
        let url = format!("{}/v2/{repository}/tags/list", registry.url());
        self.pair("a million tags in one body, by curl", &tags, &plan("curl", &["-s", &url]));
        println!("{:<44} {:>5.1} MiB", "  peak memory", peak_memory(&tags));
    }

    fn rls(&self, arguments: &[&str]) -> Plan {
        let mut plan = plan(&self.rls.to_string_lossy(), arguments);
        plan.environment = vec![("HOME".into(), self.scratch.display().to_string())];
        plan
    }

    fn rls_at(&self, url: &str, arguments: &[&str]) -> Plan {
        let mut plan = self.rls(arguments);
        plan.environment.push(("RLS_REGISTRY".into(), url.to_owned()));
        plan
    }

    /// curl with a list of addresses in a file, many at once.
    fn curl(&self, urls: impl Iterator<Item = String>, flags: &[&str]) -> Plan {
        let file = self.scratch.join(format!("urls-{}", flags.len()));
        let mut list = BufWriter::new(fs::File::create(&file).expect("a scratch file"));
        for url in urls {
            writeln!(list, "url = \"{url}\"\noutput = \"/dev/null\"").expect("a scratch file");
        }
        drop(list);
        let file = file.to_string_lossy();
        plan("curl", &[flags, &["-sZ", "--parallel-max", PARALLEL, "-K", &file]].concat())
    }

    /// A pair with a client that may not be there.
    fn against(&self, what: &str, program: &str, rls: &Plan, arguments: &[&str]) {
        let path = std::env::var_os("PATH").unwrap_or_default();
        if std::env::split_paths(&path).any(|folder| folder.join(program).is_file()) {
            self.pair(what, rls, &plan(program, arguments));
        } else {
            println!("{what:<44} {program} is not on the PATH");
        }
    }

    fn pair(&self, what: &str, rls: &Plan, other: &Plan) {
        let (mut ours, mut theirs, mut ratios) = (Vec::new(), Vec::new(), Vec::new());
        for run in 0..=RUNS {
            let (our, their) = (rls.time(), other.time());
            if run > 0 {
                ratios.push(our.as_secs_f64() / their.as_secs_f64());
                ours.push(our);
                theirs.push(their);
            }
        }
        ours.sort();
        theirs.sort();
        ratios.sort_by(f64::total_cmp);
        println!(
            "{what:<44} {:>9} {:>9} {:>7.2}  {:.2} to {:.2}",
            milliseconds(ours[RUNS / 2]),
            milliseconds(theirs[RUNS / 2]),
            ratios[RUNS / 2],
            ratios[0],
            ratios[RUNS - 1],
        );
    }

    fn median(&self, plan: &Plan) -> Duration {
        let mut times: Vec<_> = (0..=RUNS).map(|_| plan.time()).skip(1).collect();
        times.sort();
        times[RUNS / 2]
    }
}

/// A command to run.
struct Plan {
    program: PathBuf,
    arguments: Vec<String>,
    environment: Vec<(String, String)>,
}

fn plan(program: &str, arguments: &[&str]) -> Plan {
    Plan {
        program: Path::new(program).to_owned(),
        arguments: arguments.iter().map(|argument| (*argument).to_owned()).collect(),
        environment: Vec::new(),
    }
}

impl Plan {
    fn command(&self) -> Command {
        let mut command = Command::new(&self.program);
        command.args(&self.arguments).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command.envs(self.environment.iter().map(|(name, value)| (name, value)));
        command
    }

    fn time(&self) -> Duration {
        let begin = Instant::now();
        let status = self.command().status().unwrap_or_else(|error| panic!("{}: {error}", self.program.display()));
        let time = begin.elapsed();
        assert!(status.success(), "{} {:?} failed: {status}", self.program.display(), self.arguments);
        time
    }
}

/// The most memory that a run had resident, in MiB, as the kernel counts it while it runs.
fn peak_memory(plan: &Plan) -> f64 {
    let mut child = plan.command().spawn().expect("the command");
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    while child.try_wait().expect("the command").is_none() {
        let text = fs::read_to_string(&status).unwrap_or_default();
        let line = text.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap_or_default();
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").parse().unwrap_or_default();
        peak = peak.max(kibibytes / 1024.0);
        std::thread::sleep(Duration::from_millis(2));
    }
    peak
}

fn milliseconds(time: Duration) -> String {
    format!("{:.1} ms", time.as_secs_f64() * 1000.0)
}
