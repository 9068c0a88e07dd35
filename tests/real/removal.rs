//! Removing, with deletion switched on and off: exit code, what is said first, and what a plain client finds
//! afterwards.

use std::cell::RefCell;

use registry_fixture::Digest;
use registry_fixture::content::{ImageSpec, IndexSpec};
use test_support::Outcome;

use crate::setup::{Setup, State};

/// The repository in which things are removed.
const REPOSITORY: &str = "web/app";

/// What the commands of these tests remove.
struct Removable<'a> {
    setup: &'a Setup,
    /// The tags that should be there.
    tags: RefCell<State>,
    /// On the tag `lone`.
    lone: Digest,
    /// On the tags `left` and `right`.
    shared: Digest,
    /// On the tags `one` and `two`.
    pair: Digest,
    /// On the tags `first` and `second`.
    named: Digest,
    /// On no tag.
    untagged: Digest,
    /// On the tag `multi`: an index, with its images.
    index: Digest,
    images: Vec<Digest>,
    /// On the tag `child`: an image in the index on the tag `whole`.
    child: Digest,
}

impl<'a> Removable<'a> {
    fn fill(setup: &'a Setup) -> Self {
        let push = |seed: &str, tags: &[&str]| {
            let image = ImageSpec::new(seed).build();
            tags.iter().for_each(|tag| drop(setup.push(REPOSITORY, tag, &image)));
            image.digest().clone()
        };
        let (lone, shared) = (push("lone", &["lone"]), push("shared", &["left", "right"]));
        let (pair, named) = (push("pair", &["one", "two"]), push("named", &["first", "second"]));
        let untagged = ImageSpec::new("untagged").build();
        let untagged = setup.push(REPOSITORY, untagged.digest().as_str(), &untagged);
        let multi = IndexSpec::three_platforms("multi").build();
        let index = setup.push(REPOSITORY, "multi", &multi);
        let images = multi.manifests.iter().map(|image| image.digest.clone()).filter(|image| *image != index).collect();
        let whole = IndexSpec::new(vec![ImageSpec::new("child")]).build();
        setup.push(REPOSITORY, "whole", &whole);
        setup.tag(REPOSITORY, "child", &whole.manifests[0]);
        let child = whole.manifests[0].digest.clone();
        let tags = RefCell::new(setup.state(REPOSITORY));
        Self { setup, tags, lone, shared, pair, named, untagged, index, images, child }
    }

    /// The command changes nothing.
    fn stays(&self, words: &str, code: i32, stdout: &[&str], error: &str) -> Outcome {
        let outcome = self.setup.rls(words).run();
        assert_eq!(outcome.result(), (Some(code), &*lines(stdout)), "{outcome}");
        assert_eq!(outcome.error(), error, "{outcome}");
        assert_eq!(self.setup.state(REPOSITORY), *self.tags.borrow(), "{outcome}");
        assert!(self.setup.has(REPOSITORY, &self.untagged), "{outcome}");
        outcome
    }

    /// The command removes these tags and this manifest, and nothing else.
    fn goes(&self, words: &str, stdout: &[&str], tags: &[&str], digest: &Digest) {
        let outcome = self.setup.rls(words).run();
        assert_eq!(outcome.result(), (Some(0), &*lines(stdout)), "{outcome}");
        assert!(outcome.error().contains("garbage collection"), "{outcome}");
        self.tags.borrow_mut().retain(|tag, _| !tags.contains(&tag.as_str()));
        assert_eq!(self.setup.state(REPOSITORY), *self.tags.borrow(), "{outcome}");
        assert!(!self.setup.has(REPOSITORY, digest), "{digest} is still there after\n{outcome}");
    }
}

fn lines(lines: &[&str]) -> String {
    lines.iter().map(|line| format!("{line}\n")).collect()
}

/// Where deletion is on.
pub fn all(setup: &Setup) {
    let removable = Removable::fill(setup);
    rehearsals(&removable);
    stops(&removable);
    absent(&removable);
    alone(&removable);
    removals(&removable);
    an_emptied_repository(&removable);
    by_rule(setup);
}

fn rehearsals(removable: &Removable<'_>) {
    let short = |digest: &Digest| digest.to_string()[.."sha256:".len() + 12].to_owned();
    let (lone, shared) = (short(&removable.lone), short(&removable.shared));
    let plan = format!("would-remove\tweb/app:lone\tdelete manifest; {lone}");
    removable.stays("rm -n -o table web/app:lone", 0, &[&plan], "");
    let plan = format!("would-remove\tweb/app:left\tdelete manifest; {shared}");
    let both = [&*plan, "would-remove\tweb/app:right\twith web/app:left"];
    removable.stays("rm --dry-run -o table --with-siblings web/app:left", 0, &both, "");
    let digest = format!("web/app@{}", removable.pair);
    let all = [&*format!("would-remove\t{digest}"), "would-remove\tweb/app:one", "would-remove\tweb/app:two"];
    removable.stays(&format!("rm -n --all-tags {digest}"), 0, &all, "");
    let plan = format!("would-remove\tweb/app:left\tuntag via placeholder; {shared}; right stays");
    removable.stays("rm -n -o table --placeholder web/app:left", 0, &[&plan], "");
}

fn stops(removable: &Removable<'_>) {
    let sibling = "error: cannot remove web/app:left alone: web/app:right points to the same manifest";
    removable.stays("rm web/app:left", 9, &["failed\tweb/app:left"], sibling);
    removable.stays("rm -n web/app:left", 9, &["failed\tweb/app:left"], sibling);
    removable.stays("rm --yes web/app:left", 9, &["failed\tweb/app:left"], sibling);
    let unconfirmed = "error: confirmation needed to remove web/app:left (also removes web/app:right)";
    removable.stays("rm --with-siblings web/app:left", 2, &[], unconfirmed);

    let (digest, tags) = (format!("web/app@{}", removable.pair), "web/app:one, web/app:two");
    let tagged = format!("error: removing {digest} would also remove {tags}");
    removable.stays(&format!("rm {digest}"), 9, &[&format!("failed\t{digest}")], &tagged);
    let unconfirmed = format!("error: confirmation needed to remove {digest} (also removes {tags})");
    removable.stays(&format!("rm --all-tags {digest}"), 2, &[], &unconfirmed);

    let broken = "error: removing web/app:child would break an index";
    removable.stays("rm web/app:child", 9, &["failed\tweb/app:child"], broken);
    removable.stays("rm --with-siblings --yes web/app:child", 9, &["failed\tweb/app:child"], broken);
    let digest = format!("web/app@{}", removable.child);
    let broken = format!("error: removing {digest} would break an index");
    removable.stays(&format!("rm --all-tags --yes {digest}"), 9, &[&format!("failed\t{digest}")], &broken);

    let moved = format!("rm web/app:lone@{}", removable.pair);
    let moved_error = format!("error: web/app:lone does not point to {}; it may have moved", removable.pair);
    removable.stays(&moved, 9, &["failed\tweb/app:lone"], &moved_error);
}

fn absent(removable: &Removable<'_>) {
    let nothing = format!("web/app@{}", Digest::sha256(b"nothing"));
    for reference in ["web/none:1", &nothing] {
        let error = format!("error: {reference} not found on REGISTRY");
        let gone = format!("absent\t{reference}");
        removable.stays(&format!("rm {reference}"), 3, &[&gone], &error);
        removable.stays(&format!("rm -n {reference}"), 3, &[&gone], &error);
        removable.stays(&format!("rm --ignore-missing {reference}"), 0, &[&gone], "");
    }
    let outcome =
        removable.stays("rm web/app:loen", 3, &["absent\tweb/app:loen"], "error: web/app:loen not found on REGISTRY");
    assert!(outcome.stderr.contains("hint:  did you mean web/app:lone?"), "{outcome}");
}

/// One of two tags on a manifest, and the name of a part of an index.
fn alone(removable: &Removable<'_>) {
    let setup = removable.setup;
    for (tag, digest) in [("left", &removable.shared), ("child", &removable.child)] {
        let outcome = setup.rls(&format!("rm --placeholder web/app:{tag}")).run();
        assert_eq!(outcome.result(), (Some(0), &*format!("removed\tweb/app:{tag}\n")), "{outcome}");
        removable.tags.borrow_mut().remove(tag).expect("it was there");
        assert_eq!(setup.state(REPOSITORY), *removable.tags.borrow(), "{outcome}");
        assert!(setup.has(REPOSITORY, digest), "the manifest went with {tag}");
    }
    for (tag, of) in [("left", "shared"), ("child", "child")] {
        let image = ImageSpec::new(of).build();
        setup.push(REPOSITORY, tag, &image);
    }
    *removable.tags.borrow_mut() = setup.state(REPOSITORY);
}

/// A rule, its saved plan, and the tags left after applying it twice.
fn by_rule(setup: &Setup) {
    let image = |month: usize| ImageSpec::new(&format!("rule {month}")).created(&format!("2025-0{month}-01T00:00:00Z"));
    let digests: Vec<_> =
        (1..=4).map(|month| setup.push("web/rule", &format!("1.{month}"), &image(month).build())).collect();
    setup.push("web/rule", "stable", &image(1).build());
    let before = setup.state("web/rule");
    let rls = setup.rls("prune web/rule --keep-last 2 --keep stable --save-plan plan.json -q");
    let plan = "kept\tweb/rule:1.4\nkept\tweb/rule:1.3\nwould-remove\tweb/rule:1.2\nkept\tweb/rule:1.1\nkept\tweb/rule:stable\n";
    assert_eq!(rls.run().result(), (Some(0), plan));
    assert_eq!(setup.state("web/rule"), before);
    let apply = rls.then("rm --apply plan.json -q");
    assert_eq!(apply.run().result(), (Some(0), "removed\tweb/rule:1.2\n"));
    assert_eq!(apply.run().result(), (Some(0), "absent\tweb/rule:1.2\n"));
    assert!(!setup.has("web/rule", &digests[1]));
    let outcome = setup.rls("prune web/rule --keep-last 2 --keep stable --placeholder --yes -q").run();
    let done = "kept\tweb/rule:1.4\nkept\tweb/rule:1.3\nkept\tweb/rule:stable\nremoved\tweb/rule:1.1\n";
    assert_eq!(outcome.result(), (Some(0), done), "{outcome}");
    let left: Vec<_> = setup.state("web/rule").into_keys().collect();
    assert_eq!(left, ["1.3", "1.4", "stable"]);
    assert!(setup.has("web/rule", &digests[0]));
}

fn removals(removable: &Removable<'_>) {
    removable.goes("rm web/app:lone", &["removed\tweb/app:lone"], &["lone"], &removable.lone);
    let both = ["removed\tweb/app:left", "removed\tweb/app:right"];
    removable.goes("rm --with-siblings --yes web/app:left", &both, &["left", "right"], &removable.shared);
    let digest = format!("web/app@{}", removable.pair);
    let all = [&*format!("removed\t{digest}"), "removed\tweb/app:one", "removed\tweb/app:two"];
    removable.goes(&format!("rm --all-tags --yes {digest}"), &all, &["one", "two"], &removable.pair);
    let both = ["removed\tweb/app:first", "removed\tweb/app:second"];
    removable.goes("rm web/app:first web/app:second", &both, &["first", "second"], &removable.named);
    let digest = format!("web/app@{}", removable.untagged);
    removable.goes(&format!("rm {digest}"), &[&format!("removed\t{digest}")], &[], &removable.untagged);
    removable.goes(
        "rm web/app:multi web/app:loan --ignore-missing",
        &["removed\tweb/app:multi", "absent\tweb/app:loan"],
        &["multi"],
        &removable.index,
    );
    assert!(
        removable.images.iter().all(|image| removable.setup.has(REPOSITORY, image)),
        "an index went with its images"
    );
}

/// docker-registry keeps it in its catalog.
fn an_emptied_repository(removable: &Removable<'_>) {
    let setup = removable.setup;
    let outcome = setup.rls("rm web/app:whole web/app:child").run();
    assert_eq!(outcome.result(), (Some(0), "removed\tweb/app:whole\nremoved\tweb/app:child\n"), "{outcome}");
    assert_eq!(&*setup.rls("tags web/app").succeeds(), "");
    let listed = setup.rls("repos --prefix web/ --tags -o jsonl").succeeds();
    assert!(listed.ends_with(",\"repository\":\"web/app\",\"tags\":[]}\n"), "{listed}");
}

/// With deletion disabled: every command names the setting and changes nothing.
pub fn disabled(setup: &Setup) {
    let removable = Removable::fill(setup);
    let (tagged, untagged) = (format!("web/app@{}", removable.pair), format!("web/app@{}", removable.untagged));
    for (options, reference) in [
        ("", "web/app:lone"),
        ("-n", "web/app:lone"),
        ("", "web/app:left"),
        ("--with-siblings --yes", "web/app:left"),
        ("-n --with-siblings", "web/app:left"),
        ("--all-tags --yes", &tagged),
        ("-n --all-tags", &tagged),
        ("", &untagged),
        ("--ignore-missing", &untagged),
        ("--placeholder", "web/app:left"),
    ] {
        let words = format!("rm {options} {reference}");
        let error = "error: REGISTRY does not allow deletion";
        let outcome = removable.stays(&words, 7, &[&format!("failed\t{reference}")], error);
        assert!(outcome.stderr.contains("REGISTRY_STORAGE_DELETE_ENABLED=true"), "{outcome}");
    }
    removable.stays("rm --ignore-missing web/app:loan", 0, &["absent\tweb/app:loan"], "");
}
