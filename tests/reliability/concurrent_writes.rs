//! Many processes write one `config.json` at once: readers always find a whole file, and no write is lost.

use std::collections::BTreeSet;
use std::net::Ipv4Addr;
use std::path::Path;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

use registry_fixture::{Auth, Registry, Running};
use serde_json::Value;
use tempfile::TempDir;
use test_support::Rls;

use crate::scale;

/// What one of them does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Work {
    Login,
    Logout,
    Read,
}

/// Five of ten log in, three read, two log out.
const WORK: [Work; 10] = {
    use Work::{Login, Logout, Read};
    [Login, Read, Login, Logout, Login, Read, Login, Logout, Login, Read]
};

/// `127.0.X.Y:PORT`: all of them are this machine, and each is another registry to credential stores.
fn host(registry: &Running, number: u64) -> String {
    format!("{}:{}", Ipv4Addr::new(127, 0, (number / 200) as u8, (number % 200) as u8 + 1), registry.port())
}

fn config(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or_else(|error| panic!("{error}: {text}"))
}

/// The hosts with an entry.
fn kept(document: &Value) -> BTreeSet<String> {
    document["auths"].as_object().expect("entries").keys().cloned().collect()
}

#[test]
fn concurrent_processes_leave_one_whole_file() {
    let count = scale::of("PROCESSES", 40);
    let registry = Registry::builder()
        .auth(Auth::Basic)
        .listen((Ipv4Addr::UNSPECIFIED, 0).into())
        .seed("1x1".parse().expect("a seed"))
        .start();
    let work = |number: u64| WORK[number as usize % WORK.len()];
    let those = |which: Work| (0..count).filter(move |number| work(*number) == which);
    // Those who read or log out are logged in.
    let entries = those(Work::Read).chain(those(Work::Logout));
    let entries =
        entries.map(|number| format!("\t\t\"{}\": {{\"auth\": \"YW5uOnNlY3JldA==\"}}", host(&registry, number)));
    let before = format!(
        "{{\n\t\"HttpHeaders\": {{\"X\":  \"y\"}},\n\t\"auths\": {{\n{}\n\t}},\n\t\"psFormat\": \"x\"\n}}\n",
        entries.collect::<Vec<_>>().join(",\n")
    );
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("config.json");
    std::fs::write(&file, &before).expect("written");

    let done = AtomicBool::new(false);
    let start = Barrier::new(count as usize);
    let reads = std::thread::scope(|scope| {
        let reader = scope.spawn(|| read_until(&done, &file));
        let processes: Vec<_> = (0..count)
            .map(|number| {
                scope.spawn({
                    let (start, registry, folder) = (&start, &registry, &folder);
                    move || {
                        start.wait();
                        run(work(number), &host(registry, number), folder);
                    }
                })
            })
            .collect();
        let failed = processes.into_iter().filter_map(|process| process.join().err()).count();
        done.store(true, Ordering::Relaxed);
        assert_eq!(failed, 0, "processes that failed, of {count}");
        reader.join().expect("a reader always finds a whole file")
    });
    scale::say(&format!("{count} processes; the file was whole {reads} times in between"));

    let text = std::fs::read_to_string(&file).expect("there");
    let expected = those(Work::Read).chain(those(Work::Login)).map(|number| host(&registry, number)).collect();
    assert_eq!(kept(&config(&text)), expected);
    assert!(
        text.starts_with("{\n\t\"HttpHeaders\": {\"X\":  \"y\"},\n") && text.ends_with("\n\t\"psFormat\": \"x\"\n}\n")
    );
    let left: Vec<_> =
        std::fs::read_dir(folder.path()).expect("there").map(|entry| entry.expect("an entry").file_name()).collect();
    assert_eq!(left, ["config.json"]);
}

fn run(work: Work, host: &str, folder: &TempDir) {
    let address = format!("http://{host}");
    let rls = Rls::new().env("DOCKER_CONFIG", folder.path());
    let (rls, expected) = match work {
        Work::Login => (rls.user("ann", "secret").words("login -q").arg(address), String::new()),
        Work::Logout => (rls.words("logout -q").arg(address), String::new()),
        Work::Read => (rls.words("repos -q").arg(address), "grid/repo-000\n".to_owned()),
    };
    let outcome = rls.run();
    let is_right = outcome.code == Some(0) && outcome.stderr.is_empty();
    assert!(is_right && (work != Work::Read || *outcome.stdout == expected), "{work:?} {host}: {outcome}");
}

/// Reads the file again and again; how often.
fn read_until(done: &AtomicBool, file: &Path) -> u64 {
    let mut reads = 0;
    while !done.load(Ordering::Relaxed) {
        let text = std::fs::read_to_string(file).expect("it is always there");
        assert!(!kept(&config(&text)).is_empty(), "{text}");
        reads += 1;
        std::thread::sleep(std::time::Duration::from_millis(1));
    }
    reads
}
