use std::fs::{self, File};
use std::sync::Barrier;
use std::thread;
use std::time::{Duration, SystemTime};

use bytes::Bytes;

use super::*;
use crate::name::Algorithm;

fn cache(limit: u64) -> (tempfile::TempDir, Cache) {
    let folder = tempfile::tempdir().expect("a folder");
    let cache = Cache::new(folder.path().join("rls"), limit);
    (folder, cache)
}

fn content(text: &str) -> (Digest, CachedContent) {
    let bytes = Bytes::copy_from_slice(text.as_bytes());
    (Digest::of(Algorithm::Sha256, &bytes), CachedContent { media_type: Some("text/plain".to_owned()), bytes })
}

fn get(cache: &Cache, scope: &Scope, digest: &Digest) -> Option<CachedContent> {
    cache.get(scope, digest, |content| digest.matches(&content.bytes).then_some(content))
}

fn ann() -> Scope {
    Scope::new("https://reg", "team/app", "ann")
}

#[test]
fn entries_are_found_in_their_own_scope_only() {
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    let (digest, one) = content("one");
    cache.put(&ann(), &digest, &one);
    assert_eq!(get(&cache, &ann(), &digest), Some(one));
    for (registry, repository, user) in [
        ("http://reg", "team/app", "ann"),
        ("https://reg", "team/web", "ann"),
        ("https://reg", "team/app", "bob"),
        ("https://reg", "team/app", ""),
    ] {
        assert_eq!(get(&cache, &Scope::new(registry, repository, user), &digest), None);
    }
}

#[test]
fn a_damaged_entry_is_removed() {
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    let (digest, one) = content("one");
    let path = cache.folder().join(ann().to_string()).join(format!("sha256-{}", digest.encoded()));
    for damage in
        [&b"cache-entry-1 text/plain\ntwo"[..], b"cache-entry-1 text/plain\n", b"", b"one", b"cache-entry-1 \x1b\none"]
    {
        cache.put(&ann(), &digest, &one);
        fs::write(&path, damage).expect("it is written");
        assert_eq!(get(&cache, &ann(), &digest), None, "{damage:?}");
        assert!(!path.exists(), "{damage:?}");
    }
}

#[test]
fn what_is_not_a_regular_file_is_not_opened() {
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    let (digest, one) = content("one");
    cache.put(&ann(), &digest, &one);
    let path = cache.folder().join(ann().to_string()).join(format!("sha256-{}", digest.encoded()));
    fs::remove_file(&path).expect("it was there");
    fs::create_dir(&path).expect("it is made");
    assert_eq!(get(&cache, &ann(), &digest), None);
    // A failed write is ignored, too.
    cache.put(&ann(), &digest, &one);
    assert_eq!(get(&cache, &ann(), &digest), None);
}

#[cfg(unix)]
#[test]
fn folders_and_entries_are_private() {
    use std::os::unix::fs::PermissionsExt;
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    fs::create_dir(cache.folder()).expect("it is made");
    fs::set_permissions(cache.folder(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    let (digest, one) = content("one");
    cache.put(&ann(), &digest, &one);
    let mode = |path: &Path| fs::metadata(path).expect("it is there").permissions().mode() & 0o777;
    let scope = cache.folder().join(ann().to_string());
    assert_eq!((mode(cache.folder()), mode(&scope)), (0o700, 0o700));
    assert_eq!(mode(&scope.join(format!("sha256-{}", digest.encoded()))), 0o600);
}

#[test]
fn the_least_recently_used_go_first() {
    let (_folder, cache) = cache(1000);
    let texts: Vec<_> = (0..10).map(|number| format!("{number}").repeat(100)).collect();
    let age = |text: &str, minutes: u64| {
        let digest = content(text).0;
        let path = cache.folder().join(ann().to_string()).join(format!("sha256-{}", digest.encoded()));
        let used = SystemTime::now() - Duration::from_secs(minutes * 60);
        File::options().append(true).open(path).and_then(|file| file.set_modified(used)).expect("it is there");
    };
    for (number, text) in texts[..7].iter().enumerate() {
        let (digest, content) = content(text);
        cache.put(&ann(), &digest, &content);
        age(text, 600 - number as u64);
    }
    // Reading the oldest makes it the newest.
    assert!(get(&cache, &ann(), &content(&texts[0]).0).is_some());
    for text in &texts[7..] {
        let (digest, content) = content(text);
        cache.put(&ann(), &digest, &content);
    }
    let kept: Vec<_> = texts.iter().map(|text| get(&cache, &ann(), &content(text).0).is_some()).collect();
    assert!(kept[0] && kept[9], "{kept:?}");
    assert!(!kept[1] && !kept[2], "{kept:?}");
    assert!(cache.info().expect("it is readable").size <= 1000);
}

#[test]
fn a_file_that_a_process_left_behind_is_removed() {
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    let (digest, one) = content("one");
    cache.put(&ann(), &digest, &one);
    let old = cache.folder().join(ann().to_string()).join(".tmpabc");
    File::create(&old).and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH)).expect("it is made");
    let again = Cache::new(cache.folder().to_owned(), DEFAULT_LIMIT);
    let (digest, two) = content("two");
    again.put(&ann(), &digest, &two);
    assert!(!old.exists());
    assert_eq!(again.info().expect("it is readable").entries, 2);
}

#[test]
fn what_is_replaced_while_there_is_no_room_is_kept() {
    const THREADS: usize = 8;
    let contents: Vec<_> = (0..THREADS).map(|number| content(&format!("{number}").repeat(20))).collect();
    for round in 0..30 {
        let (_folder, cache) = cache(DEFAULT_LIMIT);
        contents.iter().for_each(|(digest, content)| cache.put(&ann(), digest, content));
        // Together they are far above the limit. The half of them could be entries.
        for (number, (digest, _)) in contents.iter().enumerate() {
            let path = cache.folder().join(ann().to_string()).join(format!("sha256-{}", digest.encoded()));
            let size = if number % 2 == 0 { 1 << 40 } else { entry::MAX_ENTRY };
            File::create(path).and_then(|file| file.set_len(size)).expect("a sparse file");
        }
        let again = Cache::new(cache.folder().to_owned(), 3 * entry::MAX_ENTRY);
        let barrier = Barrier::new(THREADS);
        thread::scope(|scope| {
            for (digest, content) in &contents {
                scope.spawn(|| {
                    barrier.wait();
                    again.put(&ann(), digest, content);
                });
            }
        });
        for (number, (digest, content)) in contents.iter().enumerate() {
            assert_eq!(get(&again, &ann(), digest).as_ref(), Some(content), "{number} in round {round}");
        }
    }
}

#[test]
fn what_is_larger_than_the_limit_is_not_kept() {
    let (_folder, cache) = cache(100);
    let ((small, one), (large, other)) = (content("one"), content(&"x".repeat(100)));
    cache.put(&ann(), &small, &one);
    cache.put(&ann(), &large, &other);
    assert_eq!(get(&cache, &ann(), &small), Some(one));
    assert_eq!(get(&cache, &ann(), &large), None);
}

#[test]
fn processes_share_a_folder() {
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    let barrier = Barrier::new(8);
    thread::scope(|scope| {
        for _ in 0..8 {
            let one = Cache::new(cache.folder().to_owned(), 2000);
            let barrier = &barrier;
            scope.spawn(move || {
                barrier.wait();
                for number in 0..50 {
                    let (digest, content) = content(&format!("{number}").repeat(20));
                    one.put(&ann(), &digest, &content);
                    if let Some(found) = get(&one, &ann(), &digest) {
                        assert_eq!(found, content);
                    }
                }
            });
        }
    });
    for file in fs::read_dir(cache.folder().join(ann().to_string())).expect("the scope").flatten() {
        assert!(!file.file_name().to_string_lossy().starts_with(".tmp"));
    }
}

#[test]
fn clearing_removes_everything_and_an_absent_folder_is_empty() {
    let (_folder, cache) = cache(DEFAULT_LIMIT);
    assert_eq!(cache.info().expect("nothing").entries, 0);
    let (digest, one) = content("one");
    cache.put(&ann(), &digest, &one);
    assert_eq!(cache.clear().expect("it is removed").entries, 1);
    assert_eq!((cache.info().expect("nothing").entries, get(&cache, &ann(), &digest)), (0, None));
}

#[test]
fn an_unwritable_folder_is_ignored() {
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("file");
    fs::write(&file, "").expect("it is written");
    let cache = Cache::new(file, DEFAULT_LIMIT);
    let (digest, one) = content("one");
    cache.put(&ann(), &digest, &one);
    assert_eq!(get(&cache, &ann(), &digest), None);
}
