//! The embedded registry and docker-registry have the same content and get the same requests: their replies are equal.

mod unusual;

use registry_fixture::client::{Pusher, Reply};
use registry_fixture::content::{ArtifactSpec, Content, ImageSpec, IndexSpec, media_type, schema1};
use registry_fixture::{Auth, Digest, Registry, Running, User};
use serde_json::Value;
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};

/// A client that accepts everything.
pub const ALL: &str = "application/vnd.oci.image.index.v1+json, application/vnd.docker.distribution.manifest.list.v2+json, \
                   application/vnd.oci.image.manifest.v1+json, application/vnd.docker.distribution.manifest.v2+json";

/// The headers that say something about the registry, rather than about the connection.
const HEADERS: [&str; 13] = [
    "accept-ranges",
    "allow",
    "content-range",
    "content-type",
    "docker-content-digest",
    "docker-distribution-api-version",
    "etag",
    "link",
    "location",
    "oci-filters-applied",
    "oci-subject",
    "range",
    "www-authenticate",
];

/// Both registries, with the same content.
pub struct Both {
    pub real: DockerRegistry,
    pub embedded: Running,
    pushers: [Pusher; 2],
}

impl Both {
    pub fn new(auth: Auth, delete: bool) -> Self {
        let bob = User::new("bob", "bob's").allow("team/*", "pull");
        let real = DockerRegistry::builder().auth(auth).delete(delete).user(bob.clone()).start();
        let builder = Registry::builder().auth(auth).delete(delete).user(User::admin(USER, PASSWORD)).user(bob);
        let embedded = builder.service(real.companion().service()).start();
        let login = (auth != Auth::None).then_some((USER, PASSWORD));
        let pushers = [real.pusher(), Pusher::new(real.http(), embedded.url(), login)];
        Self { real, embedded, pushers }
    }

    pub fn push(&self, repository: &str, tag: &str, content: &Content) {
        for pusher in &self.pushers {
            pusher.push(repository, tag, content);
        }
    }

    /// Sends the request to both, logged in where required.
    fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> [Answer; 2] {
        self.pushers.each_ref().map(|pusher| self.answer(&pusher.send(method, path, headers, body.into()), path))
    }

    /// Sends the request to both, anonymously or with this `Authorization`.
    fn ask_as(&self, authorization: Option<&str>, path: &str) -> [Answer; 2] {
        let headers: Vec<_> = authorization.map(|value| ("Authorization", value)).into_iter().collect();
        let http = self.real.http();
        let urls = [self.real.url(), self.embedded.url()];
        urls.map(|url| self.answer(&http.send("GET", &format!("{url}{path}"), &headers, ""), path))
    }

    fn answer(&self, reply: &Reply, path: &str) -> Answer {
        let names = [self.real.companion().host(), self.real.host().to_owned(), self.embedded.host()];
        // Where tokens come from is different, and so are identifiers of uploads.
        let plain = |text: &str| names.iter().fold(text.to_owned(), |text, name| text.replace(name, "HOST"));
        let mark =
            |text: String| text.split_once("/uploads/").map(|(front, _)| format!("{front}/uploads/ID")).unwrap_or(text);
        let values = |name: &str| reply.headers(name).into_iter().map(|value| mark(plain(value))).collect::<Vec<_>>();
        let headers = HEADERS.iter().map(|name| (*name, values(name))).filter(|(_, values)| !values.is_empty());
        Answer { status: reply.status, headers: headers.collect(), body: body(reply, path) }
    }

    pub fn compare(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) {
        let [real, embedded] = self.ask(method, path, headers, body);
        assert_eq!(embedded, real, "{method} {path} {headers:?}: the embedded registry is left, docker-registry right");
    }
}

#[derive(Debug, PartialEq)]
struct Answer {
    status: u16,
    headers: Vec<(&'static str, Vec<String>)>,
    body: String,
}

/// The body. A list of tags has no order, and docker-registry signs schema 1 manifests anew, with a key of its own.
fn body(reply: &Reply, path: &str) -> String {
    let (list, signed) = (path.contains("/tags/list"), reply.header("content-type") == media_type::SCHEMA1_SIGNED);
    if reply.status != 200 || reply.body.is_empty() || !(list || signed) {
        return reply.text();
    }
    let mut json = reply.json();
    if let Some(tags) = json["tags"].as_array_mut() {
        tags.sort_by_key(Value::to_string);
    }
    json["signatures"].take();
    json.to_string()
}

/// One of each sort that docker-registry takes.
fn filled(auth: Auth, delete: bool) -> Both {
    let both = Both::new(auth, delete);
    both.push("team/app", "1.0", &IndexSpec::three_platforms("1.0").with_attestations().build());
    both.push("team/app", "1.1", &ImageSpec::new("1.1").build());
    both.push("team/app", "latest", &ImageSpec::new("1.1").build());
    both.push("team/list", "1.0", &IndexSpec::three_platforms("list").docker().build());
    both.push("team/docker", "1.0", &ImageSpec::new("docker").docker().build());
    both.push("team-a/app", "1.0", &ImageSpec::new("other").build());
    both.push("team/old", "1.0", &schema1("team/old", "1.0", "old"));
    both.push("team.b", "1.0", &ArtifactSpec::helm("chart", "1.0").build());
    both
}

#[test]
fn lists() {
    let both = filled(Auth::None, true);
    for path in [
        "/v2/",
        "/v2",
        "/v2/_catalog",
        "/v2/_catalog?n=2",
        "/v2/_catalog?n=2&last=team.b",
        "/v2/_catalog?n=5",
        "/v2/_catalog?n=6",
        "/v2/_catalog?n=7",
        "/v2/_catalog?n=0",
        "/v2/_catalog?n=-1",
        "/v2/_catalog?n=x",
        "/v2/_catalog?n=1000",
        "/v2/_catalog?n=1001",
        "/v2/_catalog?last=team/app",
        "/v2/_catalog?last=team/b",
        "/v2/_catalog?last=zzz",
        "/v2/team/app/tags/list",
        "/v2/team/app/tags/list?n=1&last=1.0",
        "/v2/team/tags/list",
        "/v2/none/tags/list",
        "/v2/NONE/tags/list",
        "/v2/a..b/tags/list",
        "/v2/tags/list",
        "/v2/team/app/tags",
        "/v2/nothing/like/this",
        "/nothing",
        "/",
    ] {
        both.compare("GET", path, &[], "");
    }
    for (method, path) in [
        ("HEAD", "/v2/"),
        ("HEAD", "/v2/_catalog"),
        ("HEAD", "/v2/team/app/tags/list"),
        ("POST", "/v2/"),
        ("POST", "/v2/_catalog"),
        ("DELETE", "/v2/team/app/tags/list"),
        ("PATCH", "/v2/team/app/manifests/1.0"),
        ("OPTIONS", "/v2/team/app/manifests/1.0"),
    ] {
        both.compare(method, path, &[], "");
    }
}

#[test]
fn manifests() {
    let both = filled(Auth::None, true);
    let types = [
        "",
        "*/*",
        "application/json",
        ALL,
        media_type::OCI_INDEX,
        media_type::OCI_MANIFEST,
        media_type::DOCKER_LIST,
        media_type::DOCKER_MANIFEST,
        "application/vnd.docker.distribution.manifest.v2+json;q=0.5, text/html",
    ];
    let missing = Digest::sha256(b"missing");
    let digests = ["team/app:1.0", "team/app:1.1", "team/list:1.0", "team/docker:1.0", "team/old:1.0"].map(|name| {
        let (repository, tag) = name.split_once(':').expect("a repository and a tag");
        (repository, both.embedded.resolve(repository, tag).expect("a tag of the seed").to_string())
    });
    let named = [
        ("team/app", "1.0"),
        ("team/app", "1.1"),
        ("team/list", "1.0"),
        ("team/docker", "1.0"),
        ("team/old", "1.0"),
        ("team.b", "1.0"),
    ];
    let unknown = [
        ("team/app", "2.0"),
        ("none", "1.0"),
        ("team/app", missing.as_str()),
        ("none", missing.as_str()),
        ("team/app", ".x"),
    ];
    let references =
        named.into_iter().chain(unknown).chain(digests.iter().map(|(name, digest)| (*name, digest.as_str())));
    for (repository, reference) in references {
        for accept in types {
            if becomes_schema_1(repository, reference, accept) {
                continue;
            }
            let headers: Vec<_> = [("Accept", accept)].into_iter().filter(|(_, value)| !value.is_empty()).collect();
            for method in ["GET", "HEAD"] {
                both.compare(method, &format!("/v2/{repository}/manifests/{reference}"), &headers, "");
            }
        }
    }
    let (_, digest) = &digests[1];
    for etag in [digest.clone(), format!("\"{digest}\""), "\"other\"".to_owned()] {
        both.compare("GET", "/v2/team/app/manifests/1.1", &[("Accept", ALL), ("If-None-Match", &etag)], "");
    }
}

/// Whether a client that accepts this gets a docker image in the old form. Each registry has its own way to make that;
/// see `old_clients_get_schema_1`.
fn becomes_schema_1(repository: &str, tag: &str, accept: &str) -> bool {
    let docker = accept.contains(media_type::DOCKER_MANIFEST);
    match repository {
        "team/docker" => tag == "1.0" && !docker,
        "team/list" => tag == "1.0" && !docker && accept != media_type::DOCKER_LIST,
        _ => false,
    }
}

#[test]
fn old_clients_get_schema_1() {
    let both = filled(Auth::None, true);
    for path in ["/v2/team/docker/manifests/1.0", "/v2/team/list/manifests/1.0"] {
        let answers = both.ask("GET", path, &[("Accept", "application/json")], "");
        for answer in answers {
            let json: Value = serde_json::from_str(&answer.body).expect("JSON");
            assert_eq!(
                (answer.status, &json["schemaVersion"], &json["tag"]),
                (200, &Value::from(1), &Value::from("1.0"))
            );
            let content_type = answer.headers.iter().find(|(name, _)| *name == "content-type").expect("a content type");
            assert_eq!(content_type.1, [media_type::SCHEMA1_SIGNED]);
            assert_eq!(json["fsLayers"].as_array().map(Vec::len), json["history"].as_array().map(Vec::len));
        }
    }
}

#[test]
fn blobs_and_uploads() {
    let both = filled(Auth::None, true);
    let blob = ImageSpec::new("1.1").build().blobs[0].digest.clone();
    let missing = Digest::sha256(b"missing");
    for method in ["GET", "HEAD"] {
        for digest in [&blob, &missing] {
            both.compare(method, &format!("/v2/team/app/blobs/{digest}"), &[], "");
        }
        both.compare(method, &format!("/v2/none/blobs/{blob}"), &[], "");
    }
    for range in ["bytes=0-3", "bytes=4-", "bytes=-5"] {
        both.compare("GET", &format!("/v2/team/app/blobs/{blob}"), &[("Range", range)], "");
    }
    both.compare("POST", "/v2/new/app/blobs/uploads/", &[], "");
    both.compare("POST", &format!("/v2/new/app/blobs/uploads/?mount={blob}&from=team/app"), &[], "");
    both.compare("POST", &format!("/v2/new/app/blobs/uploads/?mount={missing}&from=team/app"), &[], "");
    both.compare("GET", &format!("/v2/new/app/blobs/{blob}"), &[], "");
    both.compare("GET", "/v2/new/app/tags/list", &[], "");
    both.compare("DELETE", &format!("/v2/new/app/blobs/{blob}"), &[], "");
    both.compare("GET", &format!("/v2/new/app/blobs/{blob}"), &[], "");
    both.compare("DELETE", &format!("/v2/new/app/blobs/{missing}"), &[], "");
    both.compare("GET", "/v2/_catalog", &[], "");
}

/// What both answer to a course of requests to an upload, each to the address that the one before gave: method, query,
/// body.
fn upload(both: &Both, course: &[(&str, &str, &str)]) {
    let urls = [both.real.url(), both.embedded.url()];
    let [real, embedded] = [0, 1].map(|side| {
        let (pusher, url) = (&both.pushers[side], &urls[side]);
        let begun = pusher.send("POST", "/v2/up/app/blobs/uploads/", &[], Vec::new());
        let mut setup = begun.header("location").strip_prefix(url.as_str()).expect("an address here").to_owned();
        let answers = course.iter().map(|(method, query, body)| {
            let reply = pusher.send(method, &format!("{setup}{query}"), &[], (*body).into());
            if let Some(next) =
                reply.header("location").strip_prefix(url.as_str()).filter(|next| next.contains("/uploads/"))
            {
                next.clone_into(&mut setup);
            }
            both.answer(&reply, "")
        });
        answers.collect::<Vec<_>>()
    });
    assert_eq!(embedded, real, "{course:?}");
}

#[test]
fn uploads_in_parts() {
    let both = Both::new(Auth::None, true);
    let digest = format!("&digest={}", Digest::sha256(b"one two"));
    let done = digest.as_str();
    let wrong = format!("&digest={}", Digest::sha256(b"other"));
    upload(
        &both,
        &[("PATCH", "", "one "), ("GET", "", ""), ("PATCH", "", "two"), ("PUT", done, ""), ("PUT", done, "")],
    );
    upload(&both, &[("PATCH", "", "one "), ("PUT", done, "two")]);
    upload(&both, &[("PUT", done, "one two")]);
    upload(&both, &[("PUT", &wrong, "one two")]);
    upload(&both, &[("PUT", "", "one two")]);
    upload(&both, &[("PUT", "&digest=nonsense", "one two")]);
    upload(&both, &[("DELETE", "", ""), ("GET", "", ""), ("PATCH", "", "x")]);
    upload(&both, &[("GET", "", "")]);
}

#[test]
fn pushed_manifests() {
    let both = filled(Auth::None, true);
    let incomplete = ImageSpec::new("incomplete").build();
    let text = String::from_utf8(incomplete.root().bytes.to_vec()).expect("UTF-8");
    let present =
        String::from_utf8(both.embedded.manifest("team/app", "1.1").expect("a manifest of the seed").to_vec())
            .expect("UTF-8");
    let oci = [("Content-Type", media_type::OCI_MANIFEST)];
    both.compare("PUT", "/v2/team/app/manifests/1.1", &oci, &present);
    both.compare("PUT", "/v2/team/app/manifests/again", &oci, &present);
    both.compare("PUT", &format!("/v2/team/app/manifests/{}", Digest::sha256(present.as_bytes())), &oci, &present);
    both.compare("PUT", &format!("/v2/team/app/manifests/{}", Digest::sha256(b"else")), &oci, &present);
    both.compare("GET", "/v2/team/app/tags/list", &[], "");
    // Go's error messages for invalid manifests differ.
    for (headers, body) in
        [(oci, text.as_str()), (oci, "not JSON"), ([("Content-Type", media_type::OCI_INDEX)], present.as_str())]
    {
        let [real, embedded] = both.ask("PUT", "/v2/team/app/manifests/bad", &headers, body);
        let code =
            |answer: &Answer| serde_json::from_str::<Value>(&answer.body).expect("JSON")["errors"][0]["code"].clone();
        assert_eq!((embedded.status, code(&embedded)), (real.status, code(&real)), "{}", real.body);
    }
}

#[test]
fn deletions() {
    let both = filled(Auth::None, true);
    let digest = |tag| both.embedded.resolve("team/app", tag).expect("a tag of the seed");
    let (index, image) = (digest("1.0"), digest("1.1"));
    for reference in
        ["1.0", "none", Digest::sha256(b"missing").as_str(), image.as_str(), image.as_str(), index.as_str()]
    {
        both.compare("DELETE", &format!("/v2/team/app/manifests/{reference}"), &[], "");
        both.compare("GET", "/v2/team/app/tags/list", &[], "");
        both.compare("GET", &format!("/v2/team/app/manifests/{reference}"), &[("Accept", ALL)], "");
    }
    both.compare("DELETE", &format!("/v2/none/manifests/{index}"), &[], "");
    both.compare("GET", "/v2/_catalog", &[], "");
}

#[test]
fn disabled_deletion() {
    let both = filled(Auth::None, false);
    let image = both.embedded.resolve("team/app", "1.1").expect("a tag of the seed");
    let blob = &ImageSpec::new("1.1").build().blobs[0].digest;
    for reference in ["1.0", "none", Digest::sha256(b"missing").as_str(), image.as_str()] {
        both.compare("DELETE", &format!("/v2/team/app/manifests/{reference}"), &[], "");
    }
    both.compare("DELETE", &format!("/v2/team/app/blobs/{blob}"), &[], "");
    both.compare("GET", "/v2/team/app/tags/list", &[], "");
}

#[test]
fn challenges() {
    for auth in [Auth::Basic, Auth::Token] {
        let both = filled(auth, true);
        for path in
            ["/v2/", "/v2/_catalog", "/v2/team/app/tags/list", "/v2/team/app/manifests/1.0", "/nothing", "/v2/nothing"]
        {
            for authorization in
                [None, Some("Bearer nonsense"), Some("Bearer a.b.c"), Some("Basic bm9ib2R5Ong="), Some("Digest x")]
            {
                let [real, embedded] = both.ask_as(authorization, path);
                assert_eq!(embedded, real, "{auth:?} {path} {authorization:?}");
            }
        }
        for (method, path) in [
            ("GET", "/v2/_catalog".to_owned()),
            ("GET", "/v2/team/app/tags/list".to_owned()),
            ("DELETE", format!("/v2/team/app/manifests/{}", Digest::sha256(b"missing"))),
            ("POST", "/v2/to/app/blobs/uploads/?mount=x&from=team/app".to_owned()),
        ] {
            both.compare(method, &path, &[], "");
        }
    }
}

#[test]
fn insufficient_tokens() {
    let both = filled(Auth::Token, true);
    let http = both.real.http();
    // One token for both: they have the same issuer, audience and key.
    let challenge =
        http.get(format!("{}/v2/team/app/tags/list", both.real.url())).header("www-authenticate").to_owned();
    let basic = registry_fixture::client::basic("bob", "bob's");
    let token = registry_fixture::client::token(&http, &challenge, Some(&basic));
    for path in ["/v2/", "/v2/team/app/tags/list", "/v2/team/list/tags/list", "/v2/_catalog"] {
        let [real, embedded] = both.ask_as(Some(&token), path);
        assert_eq!(embedded, real, "{path}");
    }
}
