//! docker-registry in one of its combinations, filled, and `rls` pointed at it.

use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};

use registry_fixture::client::{Http, Pusher, Reply, basic, token};
use registry_fixture::content::{ArtifactSpec, Content, Document, ImageSpec, IndexSpec, media_type};
use registry_fixture::{Auth, Digest, User};
use test_support::Rls;
use test_support::docker_registry::{DockerRegistry, PASSWORD, USER};

/// More repositories than docker-registry gives on one page.
const MANY: usize = 1100;
/// As many tags as rls asks for, although docker-registry gives all that it has.
pub const THOUSAND: usize = 1000;

/// Tags, and the digests that they point at.
pub type State = BTreeMap<String, String>;

/// A running registry, and how it is run.
pub struct Setup {
    real: DockerRegistry,
    pusher: Pusher,
    http: Http,
    /// The `Authorization` of a plain client per repository, fetched once.
    logins: RefCell<HashMap<String, Option<String>>>,
    /// How clients log in.
    pub auth: Auth,
    /// Whether it serves TLS, with a certificate of a private CA.
    pub tls: bool,
}

impl Setup {
    /// Starts and fills it. Where there are tokens, `bob` may pull `team/app` and do nothing else.
    pub fn start(auth: Auth, tls: bool, delete: bool) -> Self {
        let bob = User::new("bob", "bob's").allow("team/app", "pull");
        let real = DockerRegistry::builder().auth(auth).tls(tls).delete(delete).user(bob).start();
        let (pusher, http) = (real.pusher(), real.http());
        let setup = Self { real, pusher, http, logins: RefCell::default(), auth, tls };
        setup.fill();
        setup
    }

    fn fill(&self) {
        self.push("team/app", "1.2.0", &ImageSpec::new("1.2.0").docker().build());
        self.push("team/app", "1.3.9", &ImageSpec::new("1.3.9").build());
        let index = IndexSpec::three_platforms("1.4.0").with_attestations().build();
        self.push("team/app", "1.4.0", &index);
        self.tag("team/app", "latest", index.root());
        let chart = ArtifactSpec::helm("app", "0.9.0").build();
        self.push("team/chart", "0.9.0", &chart);
        self.refer("team/chart", &ArtifactSpec::new("application/spdx+json").subject(chart.root()).build(), &chart);
        self.push("team/thousand", "tag-000", &ImageSpec::new("thousand").build());
        let storage = self.real.storage();
        storage.repositories(many(), "team/chart");
        storage.tags("team/thousand", thousand().skip(1), "tag-000");
    }

    /// Its URL.
    pub fn url(&self) -> String {
        self.real.url()
    }

    /// `HOST:PORT`.
    pub fn host(&self) -> &str {
        self.real.host()
    }

    /// The certificate of the private CA, in PEM.
    pub fn ca_pem(&self) -> &str {
        self.real.companion().ca_pem()
    }

    /// What stands for the password of [`USER`] where docker keeps no passwords.
    pub fn identity_token(&self) -> String {
        self.real.companion().identity_token(USER)
    }

    /// Every repository, in the order of the catalog.
    pub fn repositories(&self) -> Vec<String> {
        many().chain(["team/app", "team/chart", "team/thousand"].map(str::to_owned)).collect()
    }

    /// `rls` with all permissions, configured by the environment.
    pub fn rls(&self, words: &str) -> Rls {
        self.bare(words).envs(self.real.environment())
    }

    /// The same without a login.
    pub fn anonymous(&self, words: &str) -> Rls {
        self.rls(words).without("RLS_USERNAME").without("RLS_PASSWORD")
    }

    /// `rls` that knows nothing of the registry. In what comes out its address is REGISTRY, the token server's TOKENS.
    pub fn bare(&self, words: &str) -> Rls {
        let named = Rls::new().words(words).naming(self.real.url(), "REGISTRY").naming(self.host(), "REGISTRY");
        named.naming(self.real.companion().host(), "TOKENS")
    }

    /// `rls` pointed at the registry with this scheme, be it right or wrong, which is shown in what comes out.
    pub fn speaking(&self, scheme: &str, words: &str) -> Rls {
        let rls = Rls::new()
            .words(words)
            .naming(self.host(), "REGISTRY")
            .env("RLS_REGISTRY", format!("{scheme}{}", self.host()));
        if self.tls { rls.env("RLS_CA_FILE", self.real.companion().ca_file().display().to_string()) } else { rls }
    }

    /// Pushes contents under a tag.
    pub fn push(&self, repository: &str, tag: &str, content: &Content) -> Digest {
        self.pusher.push(repository, tag, content)
    }

    /// One more tag on a manifest that is there.
    pub fn tag(&self, repository: &str, tag: &str, document: &Document) {
        self.pusher.push_manifest(repository, tag, document);
    }

    /// Pushes a referrer and, since docker-registry has no list of them, the index that stands for it
    /// (OCI distribution specification, "Pushing Manifests with Subject").
    fn refer(&self, repository: &str, referrer: &Content, subject: &Content) {
        let digest = self.push(repository, referrer.digest().as_str(), referrer);
        let index = format!(
            "{{\"schemaVersion\":2,\"mediaType\":\"{}\",\"manifests\":[{{\"mediaType\":\"{}\",\"digest\":\"{digest}\",\"size\":{},\
             \"artifactType\":\"application/spdx+json\"}}]}}",
            media_type::OCI_INDEX,
            media_type::OCI_MANIFEST,
            referrer.root().bytes.len(),
        );
        self.tag(repository, &subject.digest().as_tag(), &Document::new(media_type::OCI_INDEX, index));
    }

    /// What a repository has, as a plain client sees it.
    pub fn state(&self, repository: &str) -> State {
        let list = self.request("GET", repository, "tags/list");
        assert_eq!(list.status, 200, "{}", list.text());
        let tags = list.strings("tags").into_iter();
        tags.map(|tag| (tag.clone(), self.digest(repository, &tag).unwrap_or_default())).collect()
    }

    /// Whether a manifest is there, as a plain client sees it.
    pub fn has(&self, repository: &str, digest: &Digest) -> bool {
        self.digest(repository, digest.as_str()).is_some()
    }

    fn digest(&self, repository: &str, reference: &str) -> Option<String> {
        let reply = self.request("HEAD", repository, &format!("manifests/{reference}"));
        match reply.status {
            200 => Some(reply.header("docker-content-digest").to_owned()),
            404 => None,
            status => panic!("HEAD {repository} {reference}: {status}"),
        }
    }

    fn request(&self, method: &str, repository: &str, rest: &str) -> Reply {
        let url = format!("{}/v2/{repository}/{rest}", self.real.url());
        let mut logins = self.logins.borrow_mut();
        let login = logins.entry(repository.to_owned()).or_insert_with(|| self.log_in(&url));
        let accept = [media_type::OCI_INDEX, media_type::OCI_MANIFEST, media_type::DOCKER_MANIFEST].join(", ");
        let accept = [("Accept", accept.as_str())];
        let headers: Vec<_> = login.iter().map(|login| ("Authorization", login.as_str())).chain(accept).collect();
        self.http.send(method, &url, &headers, "")
    }

    /// The `Authorization` for the repository of this URL, where one is wanted.
    fn log_in(&self, url: &str) -> Option<String> {
        let login = basic(USER, PASSWORD);
        match self.auth {
            Auth::None => None,
            Auth::Basic => Some(login),
            Auth::Token => Some(token(&self.http, self.http.get(url).header("www-authenticate"), Some(&login))),
        }
    }
}

/// Half of them in `many`, half in `many-more`, which the catalog has in this order: to it a slash comes before a
/// hyphen.
fn many() -> impl Iterator<Item = String> {
    let name = |number| format!("{}/{number:04}", if number < MANY / 2 { "many" } else { "many-more" });
    (0..MANY).map(name)
}

/// The tags of `team/thousand`.
pub fn thousand() -> impl Iterator<Item = String> {
    (0..THOUSAND).map(|number| format!("tag-{number:03}"))
}
