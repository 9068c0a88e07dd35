//! Threads and processes that write to one archive at the same time.

use std::process::Command;
use std::time::{Duration, Instant};

use super::*;

/// Writes a run while others do the same, in an archive that always exceeds its limit.
fn crowd(folder: &Path, who: usize) -> Run {
    let archive = Archive::at(folder, Limits { bytes: 32 * KIB, ..Limits::default() });
    // Short runs first, which the others drop.
    for number in 0..5 {
        keep(&archive.begin_run().expect("a run"), "app", Some("x"), &manifest(&format!("{who} {number}"), 8 * 1024));
    }
    let run = archive.begin_run().expect("a run");
    for number in 0..30 {
        // All writers share half of them.
        let name = if number % 2 == 0 { format!("{number}") } else { format!("{who} {number}") };
        keep(&run, &format!("app{who}"), Some(&number.to_string()), &manifest(&name, 2048));
    }
    run
}

/// Every removal of these runs can be undone.
fn assert_whole(folder: &Path, ids: &[RunId]) {
    for id in ids {
        let entries: Vec<_> = archive(folder).entries(id).expect("the entries of a run").collect();
        assert_eq!(entries.len(), 30);
        for entry in entries {
            archive(folder).manifest(&entry).expect("the copy of an entry");
        }
    }
}

#[test]
fn concurrent_runs_in_threads_keep_each_others_entries() {
    let (_home, folder) = home();
    let folder = &folder;
    let runs: Vec<_> = std::thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|who| scope.spawn(move || crowd(folder, who))).collect();
        threads.into_iter().map(|thread| thread.join().expect("a thread without a panic")).collect()
    });
    assert_whole(folder, &runs.iter().map(|run| run.id().clone()).collect::<Vec<_>>());
}

#[test]
fn threads_share_a_run() {
    let (_home, folder) = home();
    let run = archive(&folder).begin_run().expect("a run");
    std::thread::scope(|scope| {
        for who in 0..4 {
            let run = run.clone();
            scope.spawn(move || {
                for number in 0..25 {
                    keep(&run, "app", Some(&format!("{who}-{number}")), &manifest(&(number % 5).to_string(), 0));
                }
            });
        }
    });
    let mut names = names(&archive(&folder), run.id());
    names.sort();
    names.dedup();
    assert_eq!(names.len(), 100);
    assert_eq!(archive(&folder).summary(run.id()).expect("a summary")[0].manifests, 5);
}

/// The runs that are through, whose processes say so in files.
fn done(folder: &Path) -> Vec<RunId> {
    let names =
        fs::read_dir(folder).expect("a readable folder").map(|entry| entry.expect("an entry of a folder").path());
    let done = names.filter(|path| path.extension().is_some_and(|end| end == "done"));
    done.filter_map(|path| RunId::parse(&fs::read_to_string(path).expect("a readable file"))).collect()
}

/// The test runs itself as other processes.
#[test]
fn processes_drop_nothing_that_another_is_writing() {
    const FOLDER: &str = "RLS_TEST_ARCHIVE";
    if let Some(folder) = std::env::var_os(FOLDER) {
        let run = crowd(Path::new(&folder), std::process::id() as usize);
        fs::write(Path::new(&folder).join(format!("{}.done", std::process::id())), run.id().as_str())
            .expect("a writable folder");
        // Waits until both have finished, or the other has failed.
        let until = Instant::now() + Duration::from_secs(60);
        while done(Path::new(&folder)).len() < 2 && Instant::now() < until {
            std::thread::sleep(Duration::from_millis(1));
        }
        return;
    }
    let (_home, folder) = home();
    let name = "removal::archive::tests::concurrency::processes_drop_nothing_that_another_is_writing";
    let start = || {
        let mut command = Command::new(std::env::current_exe().expect("this program"));
        command
            .args(["--exact", name])
            .env(FOLDER, &folder)
            .stdout(std::process::Stdio::null())
            .spawn()
            .expect("a program that starts")
    };
    for mut child in [start(), start()] {
        assert!(child.wait().expect("a child").success());
    }
    assert_whole(&folder, &done(&folder));
}

#[test]
fn handles_can_be_sent_to_other_threads() {
    fn shareable<T: Clone + Send + Sync + 'static>() {}
    shareable::<Archive>();
    shareable::<Run>();
}
