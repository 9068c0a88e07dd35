//! Disturbances: lost replies, and untrue ones.

use registry_fixture::{Answer, Effect, Fault, Method, RecordedRequest, RequestKind, TagList};

use crate::trace::State;

/// What was done to one request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Disturbance {
    /// No reply, or a server error.
    Failure,
    /// An untrue reply, with its claim.
    Lie(String),
    /// The registry does more than was requested.
    Misdeed,
}

/// The requests that are disturbed.
#[derive(Debug, Clone, Copy)]
enum Which {
    Any,
    Writes,
    Deletes,
    Lists,
    Heads,
    Gets,
    ByDigest,
    Referrers,
}

/// A planned disturbance of requests of one kind, from a certain one on.
#[derive(Debug, Clone)]
pub struct Plan {
    which: Which,
    after: usize,
    times: usize,
    lies: bool,
    misdeed: bool,
}

/// How many replies of a run are untrue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Honesty {
    /// None.
    True,
    /// One.
    OneLie,
    /// Any number.
    Lies,
}

/// Plans disturbances for a run of about `most` requests.
pub fn plan(honesty: Honesty, chance: &mut fastrand::Rng, most: usize) -> Vec<Plan> {
    let mut plans: Vec<_> = (0..chance.usize(..4)).map(|_| failure(chance, most)).collect();
    let lies = match honesty {
        Honesty::True => 0,
        Honesty::OneLie => 1,
        Honesty::Lies => chance.usize(1..5),
    };
    for _ in 0..lies {
        let which =
            [Which::Any, Which::Deletes, Which::Lists, Which::Heads, Which::Gets, Which::ByDigest, Which::Referrers];
        let which = *chance.choice(&which).expect("one of them");
        let most = match which {
            Which::Any => most,
            Which::Gets | Which::Heads | Which::ByDigest => most / 2,
            Which::Writes | Which::Deletes | Which::Lists | Which::Referrers => 4,
        };
        let times = if honesty == Honesty::Lies { chance.usize(1..=3) } else { 1 };
        plans.push(Plan { which, after: chance.usize(..most), times, lies: true, misdeed: false });
    }
    if honesty == Honesty::True && chance.u8(..12) == 0 {
        let after = chance.usize(..3);
        plans.push(Plan { which: Which::Deletes, after, times: 1, lies: false, misdeed: true });
    }
    plans
}

fn failure(chance: &mut fastrand::Rng, most: usize) -> Plan {
    // What changes something is seldom, and matters most.
    let (which, after, times) = match chance.u8(..3) {
        0 => (Which::Any, chance.usize(..most), chance.usize(1..=3)),
        1 => (Which::Writes, chance.usize(..4), chance.usize(1..=2)),
        _ => (Which::Writes, chance.usize(1..4), 1),
    };
    Plan { which, after, times, lies: false, misdeed: false }
}

impl Plan {
    /// What happens to this request, if it is its turn.
    pub fn take(
        &mut self,
        request: &RecordedRequest,
        chance: &mut fastrand::Rng,
        states: &[State],
    ) -> Option<(Fault, Disturbance)> {
        if self.times == 0 || !self.which.fits(request) {
            return None;
        }
        if self.after > 0 {
            self.after -= 1;
            return None;
        }
        self.times -= 1;
        if self.misdeed {
            let is_tag = request
                .reference
                .as_deref()
                .is_some_and(|of| !of.starts_with("sha256:") && !of.starts_with("registry-ls-probe-"));
            return is_tag.then(|| (Fault::Effect(Effect::TakesSiblings), Disturbance::Misdeed));
        }
        if self.lies {
            return Some(lie(request, chance, states));
        }
        let fault = match chance.u8(..6) {
            0 => Fault::CloseBeforeReply,
            1 | 2 => Fault::LoseReply,
            3 => Fault::status(500),
            4 => Fault::status(503),
            _ => Fault::ResetMidBody(0),
        };
        Some((fault, Disturbance::Failure))
    }
}

impl Which {
    fn fits(self, request: &RecordedRequest) -> bool {
        let is_manifest = request.kind == RequestKind::Manifest;
        let is_write = is_manifest && (request.method == Method::DELETE || request.method == Method::PUT);
        match self {
            Self::Any => true,
            Self::Writes => is_write,
            Self::Deletes => is_manifest && request.method == Method::DELETE,
            Self::Lists => request.kind == RequestKind::Tags,
            Self::Heads => is_manifest && request.method == Method::HEAD,
            Self::Gets => is_manifest && request.method == Method::GET,
            Self::ByDigest => {
                is_manifest && !is_write && request.reference.as_deref().is_some_and(|of| of.starts_with("sha256:"))
            }
            Self::Referrers => request.kind == RequestKind::Referrers,
        }
    }
}

/// A reply that is not true: "not found" for anything, in all its forms; for lists and heads also what they alone can
/// say.
fn lie(request: &RecordedRequest, chance: &mut fastrand::Rng, states: &[State]) -> (Fault, Disturbance) {
    let lie = |what: &str, fault: Fault| (fault, Disturbance::Lie(what.to_owned()));
    if request.kind == RequestKind::Tags && chance.u8(..4) > 0 {
        let (what, list) = list(chance, states);
        return lie(&what, list.into());
    }
    if request.method == Method::HEAD && chance.u8(..3) > 0 {
        return match chance.u8(..3) {
            0 => lie("it is an image", Fault::media_type("application/vnd.oci.image.manifest.v1+json")),
            1 => lie("no digest", Fault::without_header("Docker-Content-Digest")),
            _ => {
                let known: Vec<_> = states.iter().flat_map(|state| &state.manifests).collect();
                let other = chance.choice(&known).map_or("sha256:", |known| known.as_str()).to_owned();
                lie(&format!("it is {other}"), Fault::header("Docker-Content-Digest", &other))
            }
        };
    }
    let forms = Answer::not_founds("MANIFEST_UNKNOWN");
    let (form, answer) = forms[chance.usize(..forms.len())].clone();
    lie(&format!("404, {form}"), answer.into())
}

/// An untrue list of tags.
fn list(chance: &mut fastrand::Rng, states: &[State]) -> (String, TagList) {
    let list = TagList::new();
    let now: Vec<&String> = states.last().map(|state| state.tags.keys().collect()).unwrap_or_default();
    let any = chance.choice(&now).map_or("a", |tag| tag.as_str()).to_owned();
    match chance.u8(..12) {
        0 => ("null".to_owned(), list.null()),
        1 => ("empty".to_owned(), list.empty()),
        2 => ("no list in it".to_owned(), list.absent()),
        3 => ("another repository's".to_owned(), list.named("other")),
        4 => ("empty and null names".to_owned(), list.with("").with_null()),
        5 => ("a digest".to_owned(), list.with(&format!("sha256:{}", "0".repeat(64)))),
        6 => (format!("{any} twice"), list.twice(&any)),
        7 => ("what was deleted too".to_owned(), list.keeping_deleted()),
        8 | 9 => {
            // A replica that lags behind.
            let former = &states[chance.usize(..states.len())];
            ("a former one".to_owned(), list.only(former.tags.keys()))
        }
        _ => (format!("without {any}"), list.without(&any)),
    }
}
