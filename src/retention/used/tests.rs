use super::*;

const HEX: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";

fn images(text: &str) -> UsedImages {
    UsedImages::read(text.as_bytes()).unwrap_or_else(|error| panic!("{text}: {error}"))
}

/// What is in use of a repository: tags, numbers and digests, in order.
fn used(text: &str, registry: &str, repository: &str) -> Vec<String> {
    let repository = repository.parse().expect("a repository");
    let used = images(text).in_repository(&registry.parse().expect("a registry"), &repository);
    let tags = used.tags.iter().map(ToString::to_string);
    let numbers = used.numbers.iter().map(|number| format!("number {number}"));
    let mut all: Vec<_> = tags.chain(numbers).chain(used.digests().map(ToString::to_string)).collect();
    all.sort();
    all
}

fn refused(text: &str) -> String {
    let error = UsedImages::read(text.as_bytes()).expect_err(text);
    assert_eq!(error.kind(), &crate::error::Kind::Config);
    error.to_string()
}

#[test]
fn a_list_of_pods_is_read() {
    let pods = format!(
        r#"{{"apiVersion": "v1", "kind": "List", "items": [{{
          "kind": "Pod", "metadata": {{"name": "web", "annotations": {{"note": "reg.corp/team/app:never"}}}},
          "spec": {{"initContainers": [{{"name": "i", "image": "reg.corp/team/init:1"}}],
                   "containers": [{{"name": "c", "image": "reg.corp/team/app:1.4", "imagePullPolicy": "Always"}}]}},
          "status": {{"containerStatuses": [
            {{"image": "reg.corp/team/app:1.4", "imageID": "docker-pullable://reg.corp/team/app@sha256:{HEX}"}},
            {{"image": "busybox", "imageID": ""}}]}}
        }}]}}"#
    );
    assert_eq!(used(&pods, "reg.corp", "team/app"), ["1.4".to_owned(), format!("sha256:{HEX}")]);
    assert_eq!(used(&pods, "reg.corp", "team/init"), ["1"]);
    assert_eq!(used(&pods, "docker.io", "library/busybox"), ["latest"]);
    assert_eq!(used(&pods, "reg.corp", "library/busybox"), [""; 0]);
}

#[test]
fn every_form_of_a_file_is_read() {
    for text in [
        "image: reg.corp/app:1\n",
        "services:\n  web:\n    image: \"reg.corp/app:1\"\n    build: .\n",
        "kind: ConfigMap\n---\nkind: Job\nspec: {template: {spec: {containers: [{image: 'reg.corp/app:1'}]}}}\n---\n",
        "status:\n  images:\n  - names: [reg.corp/app:1]\n    sizeBytes: 5\n",
        "{\"a\": 1}\n{\"Image\": \"reg.corp/app:1\"}\n",
        "\u{feff}[{\"images\": {\"web\": \"reg.corp/app:1\"}}]",
        "[\"reg.corp/app:1\"]",
        "- reg.corp/app:1\n",
        "{image: reg.corp/app:1}",
        "# in use\nreg.corp/app:1\r\n\n",
        "reg.corp/app:1",
        "docker://reg.corp/app:1 reg.corp/other@sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855\n",
        "x: &x {image: reg.corp/app:1}\ny: *x\n",
        "image:\n  registry: reg.corp\n  repository: app\n  tag: '1'\n  pullPolicy: Always\n",
        "web: {repository: reg.corp/app, tag: '1'}\n",
        "{\"registry\": \"reg.corp\", \"repository\": \"app\", \"tag\": \"1\", \"digest\": null}",
        "images:\n- name: placeholder\n  newName: reg.corp/app\n  newTag: '1'\n",
    ] {
        assert_eq!(used(text, "reg.corp", "app"), ["1"], "{text}");
    }
}

#[test]
fn a_tag_and_a_digest_both_count() {
    let digest = format!("sha256:{HEX}");
    assert_eq!(used(&format!("reg.corp/app:1@{digest}"), "reg.corp", "app"), ["1", &digest]);
    assert_eq!(used(&format!("reg.corp/app@{digest}"), "reg.corp", "app"), [digest.as_str()]);
    assert_eq!(
        used(&format!("{{repository: reg.corp/app, tag: v1, digest: '{digest}'}}"), "reg.corp", "app"),
        [&digest, "v1"]
    );
    assert_eq!(used(&format!("{{repository: reg.corp/app, tag: 'v1@{digest}'}}"), "reg.corp", "app"), [&digest, "v1"]);
    assert_eq!(
        used(&format!("{{repository: reg.corp/app, tag: '', digest: '{digest}'}}"), "reg.corp", "app"),
        [digest.as_str()]
    );
    // The runtime of a pod may tell nothing but a digest: it may be of any repository.
    for id in [digest.clone(), format!("docker://{digest}"), format!("containerd://{digest}"), HEX.to_owned()] {
        assert_eq!(used(&format!("imageID: '{id}'"), "reg.corp", "app"), [digest.as_str()], "{id}");
    }
}

#[test]
fn a_number_counts_for_every_tag_with_its_value() {
    let used = |text: &str| {
        images(text).in_repository(&"reg.corp".parse().expect("a valid name"), &"app".parse().expect("a valid name"))
    };
    let tags = |used: &UsedTags| -> Vec<&str> {
        ["1", "1.0", "1.1", "1.10", "17", "017", "5e12345", "latest"]
            .into_iter()
            .filter(|tag| used.names(&tag.parse().expect("a valid name")))
            .collect()
    };
    assert_eq!(tags(&used("repository: reg.corp/app\ntag: 1.10\n")), ["1.1", "1.10"]);
    assert_eq!(tags(&used("repository: reg.corp/app\ntag: '1.10'\n")), ["1.10"]);
    assert_eq!(tags(&used("{\"repository\": \"reg.corp/app\", \"tag\": 17}")), ["17", "017"]);
    // A commit, and more than a number can be.
    assert_eq!(tags(&used("repository: reg.corp/app\ntag: 5e12345\n")), ["5e12345"]);
    assert_eq!(
        tags(&used("- {repository: reg.corp/app, tag: 1}\n- {repository: reg.corp/app, tag: latest}\n")),
        ["1", "1.0", "latest"]
    );
}

#[test]
fn a_reference_counts_for_the_registry_that_it_names() {
    let text = "app:1\nreg.corp/app:2\nreg.corp:5000/app:3\nREG.corp:443/app:4\nindex.docker.io/library/app:5\n";
    assert_eq!(used(text, "docker.io", "library/app"), ["1", "5"]);
    assert_eq!(used(text, "reg.corp", "app"), ["2", "4"]);
    assert_eq!(used(text, "https://reg.corp/prefix", "app"), ["2", "4"]);
    assert_eq!(used(text, "http://reg.corp:5000", "app"), ["3"]);
    assert_eq!(used(text, "other.corp", "app"), [""; 0]);
    let images = images(text);
    assert!(images.names_registry(&"http://reg.corp:5000".parse().expect("a valid name")));
    assert!(!images.names_registry(&"other.corp".parse().expect("a valid name")));
}

#[test]
fn values_that_are_not_references_are_reported() {
    let images = images(
        "image: a:1\nx: {image: 'A B'}\ny: {images: [logo.PNG, '', 5, null]}\nz: {repository: {url: x}, tag: [1]}\n",
    );
    assert_eq!(images.ignored().collect::<Vec<_>>(), ["A B", "logo.PNG"]);
}

#[test]
fn files_without_references_and_unreadable_files_are_refused() {
    for text in ["", "\n# nothing\n", "kind: Pod\n", "{}", "[]", "image: ''\n", "image: 'A B'\n", "null"] {
        assert_eq!(refused(text), "no image is named as in use", "{text}");
    }
    let cannot = "cannot read the names of images: ";
    for (text, cause) in [
        ("reg.corp/app:1\nnot a reference\n", "line 2 is not an image reference"),
        ("NAME  READY  STATUS\nweb   1/1    Running\n", "line 1 is not an image reference"),
        ("{\"image\": \"reg.corp/app:1\"", "not valid JSON at line 1, column 26"),
        ("{\"image\": \"reg.corp/app:1\"}\n{", "not valid JSON at line 2, column 1"),
        ("image: [a\n", "not valid YAML at line"),
        ("image: a:1\nimage: b:1\n", "not valid YAML at line 2, column 1"),
        ("image: {{ .Values.image }}:1\n", "not valid YAML"),
        ("image: 'reg.corp/app:{{ .Values.tag }}'\n", "'reg.corp/app:{{ .Values.tag }}' is an unexpanded template"),
        ("image: reg.corp/app:${TAG:-1}\n", "'reg.corp/app:${TAG:-1}' is an unexpanded template"),
        ("{repository: reg.corp/app, tag: $TAG}\n", "'$TAG' is an unexpanded template"),
    ] {
        assert!(refused(text).starts_with(&format!("{cannot}{cause}")), "{}", refused(text));
    }
    let error = UsedImages::read(b"image: \xff").expect_err("no text");
    assert_eq!(error.causes(), ["not UTF-8 at byte 7"]);
}

#[test]
fn no_document_takes_long_or_overflows() {
    let mut bomb = "a0: &a0 [x,x,x,x,x,x,x,x,x]\n".to_owned();
    for n in 1..12 {
        bomb += &format!("a{n}: &a{n} [*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0},*a{0}]\n", n - 1);
    }
    for text in [
        bomb,
        "[".repeat(200_000),
        format!("a: {}", "[".repeat(200_000)),
        "{\"image\":".repeat(200_000),
        "- ".repeat(200_000),
    ] {
        refused(&text);
    }
}
