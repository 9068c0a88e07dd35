//! The .rpm: rpm accepts and installs it.

use insta::assert_snapshot;

use crate::release::{can_chroot, file, folder, sh};

#[test]
fn the_rpm_installs() {
    let package = file(".rpm");
    let query =
        |format: &str| sh("rpm --query --package --queryformat \"$2\" \"$1\"", [package.as_os_str(), format.as_ref()]);
    assert_snapshot!(query("%{NAME} %{LICENSE}\n%{SUMMARY}\n"), @"
    registry-ls MIT OR Apache-2.0
    ls for container registries: list repositories and tags, show manifests, delete tags, explain TLS and login failures
    ");
    let required = "rpm --query --package --requires \"$1\" | grep '^lib' | sed 's/(.*//' | sort -u";
    assert_snapshot!(sh(required, [&package]), @"
    libc.so.6
    libgcc_s.so.1
    libm.so.6
    ");
    sh("rpm --checksig --nosignature \"$1\"", [&package]);

    if !can_chroot("the installation of the .rpm") {
        return;
    }
    let root = tempfile::tempdir().expect("a folder");
    let install = r#"rpm --root "$1" --initdb && rpm --root "$1" --force-debian --install --nodeps "$2" && rpm --root "$1" --verify --nodeps registry-ls"#;
    assert_eq!(sh(install, [root.path(), &package]), "", "every file is as packaged");
    let listed = "cd \"$1\" && find usr -type f -not -name 'rls-*.1.gz' -printf '%M %p\n' | sort -k 2";
    assert_snapshot!(sh(listed, [root.path()]), @"
    -rwxr-xr-x usr/bin/rls
    -rw-r--r-- usr/share/bash-completion/completions/rls
    -rw-r--r-- usr/share/doc/registry-ls/CHANGELOG.md
    -rw-r--r-- usr/share/doc/registry-ls/README.md
    -rw-r--r-- usr/share/fish/vendor_completions.d/rls.fish
    -rw-r--r-- usr/share/licenses/registry-ls/LICENSE-APACHE
    -rw-r--r-- usr/share/licenses/registry-ls/LICENSE-MIT
    -rw-r--r-- usr/share/man/man1/rls.1.gz
    -rw-r--r-- usr/share/zsh/site-functions/_rls
    ");
    sh("cmp \"$1/usr/bin/rls\" \"$2/build/release/rls\" && \"$1/usr/bin/rls\" --version", [root.path(), &folder()]);
}
