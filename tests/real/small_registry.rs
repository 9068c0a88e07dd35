//! The crate `container-registry`: no lists, no deletion, HEAD without a digest, and 401 without a challenge everywhere
//! but at the root. The personality `container-registry` of the embedded registry answers as it does.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::Arc;

use container_registry::ContainerRegistry;
use container_registry::auth::{Anonymous, AuthProvider, Permissions};
use insta::assert_snapshot;
use registry_fixture::client::{Http, basic};
use registry_fixture::content::{Content, ImageSpec};
use registry_fixture::{Auth, Digest, Personality, Registry, User};
use sec::Secret;
use tempfile::TempDir;
use test_support::Rls;
use tokio::runtime::{Builder, Runtime};

const USER: &str = "ann";
const PASSWORD: &str = "ann's";

/// One that runs until it is dropped.
struct SmallRegistry {
    address: SocketAddr,
    digest: Digest,
    _runtime: Runtime,
    _storage: TempDir,
}

impl SmallRegistry {
    /// An open registry with the image `team/app:1.0`.
    fn open() -> Self {
        Self::start(Arc::new(Anonymous::new(Permissions::ReadWrite, Permissions::ReadWrite)), &[])
    }

    /// The same where only `ann` may do anything.
    fn closed() -> Self {
        let users = HashMap::from([(USER.to_owned(), Secret::new(PASSWORD.to_owned()))]);
        Self::start(Arc::new(users), &[("Authorization", &basic(USER, PASSWORD))])
    }

    fn start(auth: Arc<dyn AuthProvider>, login: &[(&str, &str)]) -> Self {
        let storage = TempDir::new().expect("a folder");
        let registry = ContainerRegistry::builder().storage(storage.path()).auth_provider(auth).build();
        let service = registry.expect("a registry").make_router();
        let runtime = Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).expect("a free port");
        let address = listener.local_addr().expect("an address");
        runtime.spawn(async { axum07::serve(listener, service).await });
        let image = ImageSpec::new("1.0").build();
        push(&format!("http://{address}"), &image, login);
        let digest = image.digest().clone();
        Self { address, digest, _runtime: runtime, _storage: storage }
    }

    fn rls(&self, words: &str) -> Rls {
        let rls = Rls::new().env("RLS_REGISTRY", format!("http://{}", self.address));
        rls.naming(self.address.to_string(), "REGISTRY").words(words)
    }
}

/// Pushes `team/app:1.0`. The registry takes a blob by PATCH alone.
fn push(url: &str, image: &Content, login: &[(&str, &str)]) {
    let http = Http::new();
    let send = |method: &str, url: &str, media_type: &str, body: &[u8], status: u16| {
        let reply = http.send(method, url, &[login, &[("Content-Type", media_type)]].concat(), body);
        assert_eq!(reply.status, status, "{method} {url}: {}", reply.text());
        reply
    };
    for blob in &image.blobs {
        let begun = send("POST", &format!("{url}/v2/team/app/blobs/uploads/"), "application/octet-stream", b"", 202);
        let place = format!("{url}{}", begun.header("location"));
        send("PATCH", &place, "application/octet-stream", &blob.bytes, 202);
        send("PUT", &format!("{place}?digest={}", blob.digest), "application/octet-stream", b"", 201);
    }
    let manifest = image.root();
    send("PUT", &format!("{url}/v2/team/app/manifests/1.0"), &manifest.media_type, &manifest.bytes, 201);
}

#[test]
fn named_tags_are_read_and_nothing_is_listed_or_deleted() {
    let registry = SmallRegistry::open();
    assert_eq!(*registry.rls("digest team/app:1.0").succeeds(), format!("{}\n", registry.digest));
    let raw = registry.rls("manifest --raw team/app:1.0").bytes();
    assert_eq!(Digest::sha256(&raw), registry.digest);
    assert_snapshot!(registry.rls("tags team/app").run(), @"
    exit 3
    --- stderr
    error: team/app not found on http://REGISTRY
    cause: 404 Not Found
    hint:  run 'rls repos http://REGISTRY' to list repositories
    ");
    assert_snapshot!(registry.rls("repos").run(), @"
    exit 7
    --- stderr
    error: http://REGISTRY does not list its repositories
    cause: 404 Not Found
    hint:  use 'rls tags REPO', which works without a list of repositories
    ");
    assert_snapshot!(registry.rls("rm team/app:1.0").run(), @"
    exit 7
    --- stdout
    failed→team/app:1.0
    --- stderr
    error: http://REGISTRY does not allow deletion
    cause: 405 Method Not Allowed
    hint:  the registry may be in read-only mode (storage.maintenance.readonly in config.yml), or a proxy may block DELETE
    ");
    assert_snapshot!(registry.rls("digest team/app:1.1").run(), @"
    exit 3
    --- stderr
    error: team/app:1.1 not found on http://REGISTRY
    cause: 404 Not Found: BLOB_UNKNOWN: blob unknown to registry
    hint:  the repository does not exist; run 'rls repos http://REGISTRY' to list repositories
    ");
}

#[test]
fn credentials_are_sent_although_a_refusal_has_no_challenge() {
    let registry = SmallRegistry::closed();
    let digest = |rls: Rls| rls.words("digest team/app:1.0");
    let ann = || registry.rls("").user(USER, PASSWORD);
    assert_eq!(*digest(ann()).succeeds(), format!("{}\n", registry.digest));
    assert_snapshot!(digest(registry.rls("")).run(), @"
    exit 4
    --- stderr
    error: cannot log in to http://REGISTRY
    cause: 401 Unauthorized
    cause: the registry requires authentication and sends no valid challenge
    cause: no authentication method offered: 401 without WWW-Authenticate
    hint:  a login does not help; the registry's administrator must offer Basic or token authentication, in a valid WWW-Authenticate header
    ");
    assert_snapshot!(digest(registry.rls("").user(USER, "wrong")).run(), @"
    exit 4
    --- stderr
    error: login refused by http://REGISTRY: wrong user name or password
    cause: 401 Unauthorized
    cause: tried as ann (RLS_PASSWORD)
    hint:  check the user name and password from RLS_PASSWORD, or use -u NAME
    ");
}

#[test]
fn the_personality_answers_as_it_does() {
    for closed in [false, true] {
        let real = if closed { SmallRegistry::closed() } else { SmallRegistry::open() };
        let builder = Registry::builder().personality(Personality::ContainerRegistry).user(User::admin(USER, PASSWORD));
        let fixture = if closed { builder.auth(Auth::Basic).start() } else { builder.start() };
        fixture.push_image("team/app", "1.0", &ImageSpec::new("1.0"));
        let http = Http::new();
        // An open one does not expect a password.
        for login in [None, Some(basic(USER, PASSWORD))].into_iter().take(1 + usize::from(closed)) {
            for (method, path) in [
                ("GET", "/v2/"),
                ("GET", "/v2"),
                ("GET", "/v2/_catalog"),
                ("GET", "/v2/team/app/tags/list"),
                ("HEAD", "/v2/team/app/manifests/1.0"),
                ("GET", "/v2/team/app/manifests/1.0"),
                ("DELETE", "/v2/team/app/manifests/1.0"),
            ] {
                // There, unknown routes are reported to all clients, and here only to logged-in ones.
                let has_route = path == "/v2/" || (path.contains("/manifests/") && method != "DELETE");
                if closed && login.is_none() && !has_route {
                    continue;
                }
                let answer = |url: String| {
                    let headers: Vec<_> = login.iter().map(|login| ("Authorization", login.as_str())).collect();
                    let reply = http.send(method, &format!("{url}{path}"), &headers, "");
                    let has = |name: &str| !reply.header(name).is_empty();
                    (reply.status, has("www-authenticate"), has("docker-content-digest"), has("allow"))
                };
                let (real, imitated) = (answer(format!("http://{}", real.address)), answer(fixture.url().to_string()));
                assert_eq!(real, imitated, "{method} {path}, closed: {closed}, logged in: {}", login.is_some());
            }
        }
    }
}
