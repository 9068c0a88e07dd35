//! What `rls files` lists.

use insta::assert_snapshot;
use tar::EntryType;

use super::{Tar, gzip, zstd};
use crate::custom_manifests::App;
use crate::registries::seeded;
use test_support::Rls;

/// Two layers: the upper one removes, replaces and hides what the lower one has.
fn stacked() -> App {
    let app = App::new();
    let lower = Tar::new()
        .folder("etc/")
        .file("etc/passwd", "root")
        .file("etc/removed", "x")
        .folder("opt/old/")
        .file("opt/old/a", "a")
        .file("opt/old/b", "b")
        .folder("var/cache/")
        .file("var/cache/one", "1")
        .file("var/cache/deep/two", "2")
        .folder("srv/")
        .file("srv/data", "data");
    let upper = Tar::new()
        .file("etc/.wh.removed", "")
        .file("opt/.wh.old", "")
        .folder("var/cache/")
        .file("var/cache/.wh..wh..opq", "")
        .file("var/cache/new", "new")
        .file("srv", "a file now")
        .file("etc/passwd", "root and more")
        .file(".wh..wh.plnk/1.2", "");
    app.layers("1", &[gzip(&lower.bytes()), gzip(&upper.bytes())]);
    app
}

#[test]
fn whiteouts_and_replacements_hide_what_is_below() {
    let app = stacked();
    assert_snapshot!(app.rls("files app:1 -l").succeeds(), @"
    drwxr-xr-x→0:0→-→2023-11-14T22:13:20Z→/etc
    -rw-r--r--→0:0→13→2023-11-14T22:13:20Z→/etc/passwd
    drwxr-xr-x→0:0→-→-→/opt
    -rw-r--r--→0:0→10→2023-11-14T22:13:20Z→/srv
    drwxr-xr-x→0:0→-→-→/var
    drwxr-xr-x→0:0→-→2023-11-14T22:13:20Z→/var/cache
    -rw-r--r--→0:0→3→2023-11-14T22:13:20Z→/var/cache/new
    ");
}

#[test]
fn a_whiteout_does_not_hide_its_own_layer() {
    let app = App::new();
    let lower = Tar::new().file("a/x", "1").file("b/y", "1");
    let upper = Tar::new().file("a/new", "2").file(".wh.a", "").file("b/.wh..wh..opq", "").file("b/z", "2");
    app.layers("1", &[gzip(&lower.bytes()), gzip(&upper.bytes())]);
    assert_eq!(&*app.rls("files app:1").succeeds(), "/a\n/a/new\n/b\n/b/z\n");
}

#[test]
fn every_format_says_the_same() {
    let app = App::new();
    let layer = Tar::new()
        .folder("bin/")
        .add(EntryType::Regular, "bin/su", 0o4755, "", b"\x7fELF")
        .symlink("bin/sh", "busybox")
        .hardlink("bin/ln", "bin/su")
        .add(EntryType::Fifo, "run/pipe", 0o600, "", b"")
        .add(EntryType::Char, "dev/null", 0o666, "", b"")
        .add(EntryType::Directory, "tmp/", 0o1777, "", b"");
    app.layers("1", &[layer.bytes()]);
    assert_snapshot!(app.rls("files app:1 -o table").succeeds(), @"
    MODE        OWNER  SIZE  MODIFIED              PATH
    drwxr-xr-x  0:0    -     2023-11-14 22:13 UTC  /bin
    -rw-r--r--  0:0    -     2023-11-14 22:13 UTC  /bin/ln link to /bin/su
    lrwxrwxrwx  0:0    -     2023-11-14 22:13 UTC  /bin/sh -> busybox
    -rwsr-xr-x  0:0    4 B   2023-11-14 22:13 UTC  /bin/su
    drwxr-xr-x  0:0    -     -                     /dev
    crw-rw-rw-  0:0    -     2023-11-14 22:13 UTC  /dev/null
    drwxr-xr-x  0:0    -     -                     /run
    prw-------  0:0    -     2023-11-14 22:13 UTC  /run/pipe
    drwxrwxrwt  0:0    -     2023-11-14 22:13 UTC  /tmp
    ");
    assert_snapshot!(app.rls("files app:1 -l").succeeds(), @"
    drwxr-xr-x→0:0→-→2023-11-14T22:13:20Z→/bin
    -rw-r--r--→0:0→-→2023-11-14T22:13:20Z→/bin/ln link to /bin/su
    lrwxrwxrwx→0:0→-→2023-11-14T22:13:20Z→/bin/sh -> busybox
    -rwsr-xr-x→0:0→4→2023-11-14T22:13:20Z→/bin/su
    drwxr-xr-x→0:0→-→-→/dev
    crw-rw-rw-→0:0→-→2023-11-14T22:13:20Z→/dev/null
    drwxr-xr-x→0:0→-→-→/run
    prw-------→0:0→-→2023-11-14T22:13:20Z→/run/pipe
    drwxrwxrwt→0:0→-→2023-11-14T22:13:20Z→/tmp
    ");
    assert_snapshot!(app.rls("files app:1 /bin -o json").succeeds(), @r#"
    [
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","path":"/bin","type":"directory","mode":"0755","uid":0,"gid":0,"size":null,"modified":"2023-11-14T22:13:20Z","layer":"sha256:2de88474eb1bc04bff1643dfcb7665c9d302033e83c00f5e8114574a490973f2","link":null},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","path":"/bin/ln","type":"hardlink","mode":"0644","uid":0,"gid":0,"size":null,"modified":"2023-11-14T22:13:20Z","layer":"sha256:2de88474eb1bc04bff1643dfcb7665c9d302033e83c00f5e8114574a490973f2","link":"/bin/su"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","path":"/bin/sh","type":"symlink","mode":"0777","uid":0,"gid":0,"size":null,"modified":"2023-11-14T22:13:20Z","layer":"sha256:2de88474eb1bc04bff1643dfcb7665c9d302033e83c00f5e8114574a490973f2","link":"busybox"},
      {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","path":"/bin/su","type":"file","mode":"4755","uid":0,"gid":0,"size":4,"modified":"2023-11-14T22:13:20Z","layer":"sha256:2de88474eb1bc04bff1643dfcb7665c9d302033e83c00f5e8114574a490973f2","link":null}
    ]
    "#);
    assert_snapshot!(app.rls("files app:1 /bin/su -o yaml").succeeds(), @r#"
    - registry: http://REGISTRY
      reference: http://REGISTRY/app:1
      path: /bin/su
      type: file
      mode: "4755"
      uid: 0
      gid: 0
      size: 4
      modified: "2023-11-14T22:13:20Z"
      layer: sha256:2de88474eb1bc04bff1643dfcb7665c9d302033e83c00f5e8114574a490973f2
      link: null
    "#);
    let template = app.rls("files app:1 /bin --depth 1").args(["--format", "{{ path }} {{ size }}"]);
    assert_snapshot!(template.succeeds(), @"
    /bin -
    /bin/ln -
    /bin/sh -
    /bin/su 4
    ");
}

#[test]
fn compression_is_detected_by_the_bytes() {
    let app = App::new();
    let layer = |name: &str| Tar::new().file(name, "x").bytes();
    let members = [gzip(&layer("gzip")[..1024]), gzip(&layer("gzip")[1024..])].concat();
    let frames = [zstd(&layer("zstd")[..700]), b"\x50\x2a\x4d\x18\x03\0\0\0abc".to_vec(), zstd(&layer("zstd")[700..])];
    app.layers("1", &[layer("plain"), members, frames.concat()]);
    assert_eq!(&*app.rls("files app:1").succeeds(), "/gzip\n/plain\n/zstd\n");
}

#[test]
fn paths_choose_files_and_what_is_below_directories() {
    let app = App::new();
    let lower =
        Tar::new().symlink("bin", "usr/bin").folder("usr/bin/").file("usr/bin/sh", "#").file("usr/lib/x/y", "y");
    app.layers("1", &[gzip(&lower.bytes()), gzip(&Tar::new().file("usr/bin/new", "n").bytes())]);
    let list = |words: &str| String::from(&*app.rls("files app:1").words(words).succeeds());
    assert_eq!(list("usr/lib"), "/usr/lib\n/usr/lib/x\n/usr/lib/x/y\n");
    assert_eq!(list("/usr/bin/sh ./usr/lib/"), "/usr/bin/sh\n/usr/lib\n/usr/lib/x\n/usr/lib/x/y\n");
    // A link is shown, and followed.
    assert_eq!(list("/bin"), "/bin\n/usr/bin\n/usr/bin/new\n/usr/bin/sh\n");
    assert_eq!(list("/bin/sh"), "/usr/bin/sh\n");
    assert_eq!(list("/usr --depth 1"), "/usr\n/usr/bin\n/usr/lib\n");
    assert_eq!(list("--depth 1"), "/bin\n/usr\n");
    assert_eq!(list("/usr/bin --sort size --reverse"), "/usr/bin/sh\n/usr/bin/new\n/usr/bin\n");
    assert_snapshot!(app.rls("files app:1 /usr/lib /nowhere").run(), @"
    exit 6
    --- stdout
    /usr/lib
    /usr/lib/x
    /usr/lib/x/y
    --- stderr
    error: /nowhere not found in app:1
    hint:  run 'rls files http://REGISTRY/app:1' to list its files
    ");
}

#[test]
fn only_the_layers_that_are_needed_are_read() {
    let app = App::new();
    let lower = Tar::new().folder("opt/").file("opt/a", "1").file("etc/b", "1");
    let upper = Tar::new().file("etc/b", "2").folder("opt/").file("opt/.wh..wh..opq", "").file("opt/c", "2");
    let layers = app.layers("1", &[gzip(&lower.bytes()), gzip(&upper.bytes())]);
    assert_eq!(&*app.rls("files app:1 /etc/b").succeeds(), "/etc/b\n");
    assert_eq!(&*app.rls("files app:1 /opt").succeeds(), "/opt\n/opt/c\n");
    assert_eq!([app.reads(&layers[0]), app.reads(&layers[1])], [0, 2]);
    assert_eq!(&*app.rls("files app:1").succeeds(), "/etc\n/etc/b\n/opt\n/opt/c\n");
    assert_eq!(app.reads(&layers[0]), 1);
}

#[test]
fn names_cannot_control_the_terminal() {
    let app = App::new();
    let hostile = "a\x1b[2J\u{202e}b\u{9b}31m\r\nc\td";
    app.layers("1", &[gzip(&Tar::new().file(hostile, "x").symlink("link", hostile).bytes())]);
    assert_snapshot!(app.rls("files app:1").succeeds(), @r"
    /a\x1b[2J\u{202e}b\x9b31m\r\nc\td
    /link
    ");
    assert_snapshot!(app.rls("files app:1 -o table").succeeds(), @r"
    MODE        OWNER  SIZE  MODIFIED              PATH
    -rw-r--r--  0:0    1 B   2023-11-14 22:13 UTC  /a\x1b[2J\u{202e}b\x9b31m\r\nc\td
    lrwxrwxrwx  0:0    -     2023-11-14 22:13 UTC  /link -> a\x1b[2J\u{202e}b\x9b31m\r\nc\td
    ");
    assert_snapshot!(app.rls("files app:1 -o jsonl").succeeds(), @r#"
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","path":"/a\u001b[2J\u202eb\u009b31m\r\nc\td","type":"file","mode":"0644","uid":0,"gid":0,"size":1,"modified":"2023-11-14T22:13:20Z","layer":"sha256:17a2bcfb0912769a930844a58680e2363e9abda7e1e81baab68775c5ee96e425","link":null}
    {"registry":"http://REGISTRY","reference":"http://REGISTRY/app:1","path":"/link","type":"symlink","mode":"0777","uid":0,"gid":0,"size":null,"modified":"2023-11-14T22:13:20Z","layer":"sha256:17a2bcfb0912769a930844a58680e2363e9abda7e1e81baab68775c5ee96e425","link":"a\u001b[2J\u202eb\u009b31m\r\nc\td"}
    "#);
}

#[test]
fn long_names_have_headers_of_their_own() {
    let app = App::new();
    let long = format!("{}/file", ["directory"; 30].join("/"));
    app.layers("1", &[gzip(&Tar::new().file(&long, "x").symlink("l", &long).bytes())]);
    let listed = app.rls("files app:1").succeeds();
    assert_eq!(listed.lines().skip(30).collect::<Vec<_>>(), [&format!("/{long}"), "/l"]);
    let records = app.rls("files app:1 /l -o jsonl").succeeds();
    assert!(records.contains(r#""path":"/l","type":"symlink","mode":"0777","uid":0,"gid":0,"size":null,"modified":"2023-11-14T22:13:20Z""#), "{records}");
    assert!(records.contains(&format!(r#""link":"{long}""#)), "{records}");
}

#[test]
fn an_index_is_read_for_one_platform() {
    let registry = seeded("demo");
    let files = |words: &str| Rls::at(&registry).words("files team/app").words(words).run();
    assert_eq!(
        files("--platform linux/arm64").result(),
        (Some(0), "/etc\n/etc/os-release\n/usr\n/usr/bin\n/usr/bin/app\n/usr/lib\n/usr/lib/app.so\n")
    );
    assert_snapshot!(files("--platform windows/amd64"), @"
    exit 3
    --- stderr
    error: team/app has no image for windows/amd64
    cause: available platforms: linux/amd64, linux/arm64, linux/arm/v7
    ");
}

#[test]
fn schema_1_layers_are_gzipped_archives() {
    let registry = seeded("kinds");
    assert_snapshot!(Rls::at(&registry).words("files kinds/schema1").run(), @"
    exit 0
    --- stdout
    /etc
    /etc/os-release
    /usr
    /usr/bin
    /usr/bin/app
    ");
}

#[test]
fn files_in_the_order_of_the_layers_are_not_held() {
    let app = stacked();
    let unsorted = app.rls("files app:1 --sort none").succeeds();
    assert!(unsorted.starts_with("/var/cache\n/var/cache/new\n/srv\n/etc/passwd\n"), "{unsorted}");
}

#[test]
fn directories_without_entries_are_listed() {
    let app = App::new();
    let lower = Tar::new().add(EntryType::Directory, "var/", 0o700, "", b"").file("var/lib/x/db", "d");
    let middle = Tar::new().file("srv/www/index.html", "i").file("opt/.wh.gone", "").file("etc/deep/er/conf", "c");
    let upper = Tar::new().file("var/lib/new", "n").file("etc/.wh.deep", "");
    app.layers("1", &[gzip(&lower.bytes()), gzip(&middle.bytes()), gzip(&upper.bytes())]);
    let list = |words: &str| String::from(&*app.rls("files app:1").words(words).succeeds());
    assert_eq!(
        list(""),
        "/etc\n/opt\n/srv\n/srv/www\n/srv/www/index.html\n/var\n/var/lib\n/var/lib/new\n/var/lib/x\n/var/lib/x/db\n"
    );
    assert_eq!(list("--depth 1"), "/etc\n/opt\n/srv\n/var\n");
    assert_eq!(list("/srv --depth 1"), "/srv\n/srv/www\n");
    assert_eq!(list("/opt"), "/opt\n");
    // The entry of a lower layer counts, as when the layers are put on top of each other.
    assert_snapshot!(app.rls("files app:1 /var /srv --depth 0 -o table").succeeds(), @"
    MODE        OWNER  SIZE  MODIFIED              PATH
    drwxr-xr-x  0:0    -     -                     /srv
    drwx------  0:0    -     2023-11-14 22:13 UTC  /var
    ");
    assert_eq!(app.rls("files app:1 /etc/deep").run().code, Some(3));
}
