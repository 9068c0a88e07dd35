use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, symlink};

use super::*;

fn replace(path: &Path, bytes: &[u8], access: Access) -> io::Result<()> {
    Replacement::begin(path, access)?.write(bytes)
}

fn mode(path: &Path) -> u32 {
    path.metadata().expect("a file").mode() & 0o7777
}

fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<_> = fs::read_dir(folder)
        .expect("a readable folder")
        .map(|entry| entry.expect("an entry of a folder").file_name().into_string().expect("a name in UTF-8"))
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_is_made_with_its_folders_and_leaves_nothing_beside_it() {
    let home = tempfile::tempdir().expect("a temporary folder");
    for (access, folder, file) in [(Access::Owner, 0o700, 0o600), (Access::Everybody, 0o755, 0o644)] {
        let path = home.path().join(format!("{access:?}/b/config.json"));
        let begun = Replacement::begin(&path, access).expect("a file that can be replaced");
        assert_eq!(begun.read().expect("a readable file"), None);
        begun.write(b"{}").expect("a writable folder");
        drop(begun);
        assert_eq!((mode(path.parent().expect("a folder")), mode(&path)), (folder, file));
        assert_eq!(names(path.parent().expect("a folder")), ["config.json"]);
        assert_eq!(fs::read(&path).expect("a readable file"), b"{}");
    }
}

#[test]
fn readers_keep_the_old_contents() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("config.json");
    fs::write(&path, "former").expect("a writable folder");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o644)).expect("an own folder");
    let mut reader = File::open(&path).expect("a readable file");
    replace(&path, b"now", Access::Owner).expect("a file that can be replaced");
    let mut seen = String::new();
    reader.read_to_string(&mut seen).expect("a readable file");
    assert_eq!(
        (seen.as_str(), fs::read(&path).expect("a readable file"), mode(&path)),
        ("former", b"now".to_vec(), 0o600)
    );
}

#[test]
fn restricted_permissions_are_kept() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("registries.yaml");
    for former in [0o600, 0o640, 0o644] {
        fs::write(&path, "former").expect("a writable folder");
        fs::set_permissions(&path, fs::Permissions::from_mode(former)).expect("an own folder");
        replace(&path, b"now", Access::Everybody).expect("a file that can be replaced");
        assert_eq!(mode(&path), former);
    }
}

#[test]
fn links_are_followed_and_kept() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = |name: &str| home.path().join(name);
    fs::create_dir(path("dotfiles")).expect("a writable folder");
    fs::write(path("dotfiles/real"), "former").expect("a writable folder");
    symlink("dotfiles/real", path("one")).expect("a writable folder");
    symlink(path("one"), path("two")).expect("a writable folder");
    symlink("dotfiles/new/file", path("dangling")).expect("a writable folder");
    for (link, file) in [("two", "dotfiles/real"), ("dangling", "dotfiles/new/file")] {
        replace(&path(link), b"now", Access::Owner).expect("a file that can be replaced");
        assert!(path(link).symlink_metadata().expect("a file").is_symlink());
        assert_eq!(fs::read(path(file)).expect("a readable file"), b"now");
    }
    symlink("loop", path("loop")).expect("a writable folder");
    assert!(
        replace(&path("loop"), b"", Access::Owner).expect_err("it is refused").to_string().contains("leads to itself")
    );
}

#[test]
fn a_read_only_file_is_not_replaced() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("config.json");
    fs::write(&path, "former").expect("a writable folder");
    fs::set_permissions(&path, fs::Permissions::from_mode(0o400)).expect("an own folder");
    assert_eq!(replace(&path, b"now", Access::Owner).expect_err("it is refused").to_string(), "it is read-only");
    assert_eq!(
        (fs::read(&path).expect("a readable file"), names(home.path())),
        (b"former".to_vec(), vec!["config.json".to_owned()])
    );
    assert_eq!(replace(home.path(), b"", Access::Owner).expect_err("it is refused").to_string(), "it is not a file");
    assert_eq!(
        replace(&path.join("below"), b"", Access::Owner).expect_err("it is refused").kind(),
        io::ErrorKind::AlreadyExists
    );
}

#[test]
fn a_file_that_is_too_large_is_not_read() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("huge");
    File::create(&path).expect("a writable folder").set_len(LARGEST_FILE + 1).expect("a file that can grow");
    let begun = Replacement::begin(&path, Access::Owner).expect("a file that can be replaced");
    assert_eq!(begun.read().expect_err("it is refused").to_string(), "it is larger than 1 MiB");
    let length = usize::try_from(LARGEST_FILE).expect("a size that fits");
    assert_eq!(
        begun.write(&vec![b' '; length + 1]).expect_err("it is refused").to_string(),
        "it would be larger than 1 MiB"
    );
    assert_eq!((fs::metadata(&path).expect("a file").len(), names(home.path()).len()), (LARGEST_FILE + 1, 2));
    begun.write(&vec![b' '; length]).expect("a writable folder");
}

#[test]
fn temporary_files_of_killed_processes_are_removed() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("config.json");
    let stay =
        [".config.json-", ".config.json-abcde", ".config.json-abcdefg", ".config.json-ab.def", "config.json-abcdef"];
    for name in stay.iter().chain(&[".config.json-aB3dEf", ".config.json-000000"]) {
        fs::write(home.path().join(name), "s3cret").expect("a writable folder");
    }
    fs::create_dir(home.path().join(".config.json-folder")).expect("a writable folder");
    replace(&path, b"now", Access::Owner).expect("a file that can be replaced");
    let mut expected: Vec<_> = stay.iter().map(|name| (*name).to_owned()).collect();
    expected.extend([".config.json-folder".to_owned(), "config.json".to_owned()]);
    expected.sort();
    assert_eq!(names(home.path()), expected);
}

#[test]
fn concurrent_changes_are_all_kept() {
    let home = tempfile::tempdir().expect("a temporary folder");
    let path = home.path().join("count");
    std::thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..10 {
                    let begun = Replacement::begin(&path, Access::Owner).expect("a file that can be replaced");
                    let mut bytes = begun.read().expect("a readable file").unwrap_or_default();
                    bytes.push(b'x');
                    begun.write(&bytes).expect("a writable folder");
                }
            });
        }
    });
    assert_eq!((fs::read(&path).expect("a readable file").len(), names(home.path())), (80, vec!["count".to_owned()]));
}
