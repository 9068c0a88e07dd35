//! A registry, what is in it, what others do to it, and everything that happened.

use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, PoisonError};

use registry_fixture::content::{Content, ImageSpec, IndexSpec};
use registry_fixture::{Fault, Match, Personality, Registry, Running};

use crate::trace::{Moment, State, Trace};

/// The one repository.
pub const REPOSITORY: &str = "app";

/// Tags that are there from the start, and some that others may add.
const TAGS: [&str; 6] = ["a", "b", "c", "d", "e", "f"];
const NEW: [&str; 2] = ["x", "y"];

/// A registry in which things happen.
pub struct World {
    pub registry: Running,
    log: Arc<Mutex<Log>>,
    /// The tags at the start.
    pub start: State,
}

/// What happens between two requests, and what has happened.
struct Log {
    chance: fastrand::Rng,
    /// How likely it is that somebody does something before a request, in a thousand.
    busy: u32,
    contents: Vec<Content>,
    moments: Vec<Moment>,
}

/// The tags of the repository with what they are on.
pub fn state(registry: &Registry) -> State {
    let tags = registry.tags(REPOSITORY).into_iter();
    tags.filter_map(|tag| Some((tag.clone(), registry.resolve(REPOSITORY, &tag)?.to_string()))).collect()
}

impl World {
    /// A repository of a few tags on fewer manifests, one of them perhaps an index.
    pub fn new(personality: Personality, chance: &mut fastrand::Rng) -> Self {
        let registry = Registry::builder().personality(personality).start();
        let created = |number: usize| format!("2025-0{}-01T00:00:00Z", number + 1);
        let image = |number: usize| ImageSpec::new(&format!("image {number}")).created(&created(number));
        let mut contents: Vec<_> = (0..chance.usize(2..=4)).map(|number| image(number).build()).collect();
        if chance.u8(..4) == 0 {
            contents.push(IndexSpec::new(vec![image(0)]).build());
        }
        for tag in &TAGS[..chance.usize(3..=TAGS.len())] {
            let content = chance.usize(..contents.len());
            registry.push(REPOSITORY, tag, &contents[content]);
        }
        let start = state(&registry);
        let log = Arc::new(Mutex::new(Log { chance: chance.fork(), busy: 0, contents, moments: Vec::new() }));
        let of_hook = Arc::clone(&log);
        registry.on_request(Match::any().always(), move |registry, seen| {
            let mut log = of_hook.lock().unwrap_or_else(PoisonError::into_inner);
            let arrival = state(registry);
            if log.chance.u32(..1000) < log.busy {
                log.act(registry);
            }
            let digest = registry_fixture::Digest::sha256(&seen.body).to_string();
            let (method, path) = (seen.method.to_string(), seen.path.clone());
            log.moments.push(Moment { method, path, body: digest, arrival, after: state(registry) });
        });
        Self { registry, log, start }
    }

    fn log(&self) -> std::sync::MutexGuard<'_, Log> {
        self.log.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// How likely it is that somebody does something before a request, in a thousand.
    pub fn set_busy(&self, busy: u32) {
        self.log().busy = busy;
    }

    /// How many requests there were.
    pub fn count(&self) -> usize {
        self.log().moments.len()
    }

    /// Everything that happened.
    pub fn trace(&self) -> Trace {
        Trace::new(self.log().moments.clone(), state(&self.registry))
    }

    /// What was pushed by anybody but us.
    pub fn pushed(&self) -> BTreeSet<String> {
        let log = self.log();
        log.contents.iter().flat_map(|content| &content.manifests).map(|manifest| manifest.digest.to_string()).collect()
    }

    /// Lets some of the next requests fail. Gives the number, counted from now, of the one at which we crash, if we do.
    pub fn disturb(&self, chance: &mut fastrand::Rng, most: usize) -> Option<usize> {
        for _ in 0..chance.usize(..4) {
            let fault = match chance.u8(..6) {
                0 => Fault::CloseBeforeReply,
                1 | 2 => Fault::LoseReply,
                3 => Fault::status(500),
                4 => Fault::status(503),
                _ => Fault::ResetMidBody(0),
            };
            let which = Match::any().after(chance.usize(..most)).times(chance.usize(1..=3));
            // What changes something is seldom, and matters most.
            let which = match chance.u8(..3) {
                0 => which,
                1 => Match::any().after(chance.usize(..4)).when(changes).times(chance.usize(1..=2)),
                _ => Match::any().after(chance.usize(1..4)).when(changes),
            };
            self.registry.inject(which, fault);
        }
        (chance.u8(..6) == 0).then(|| {
            let at = chance.usize(..most);
            self.registry.inject(Match::any().after(at), Fault::HoldReply);
            at
        })
    }

    /// Waits until the registry had its effect for a request and owes the reply.
    pub async fn holds(&self, request: usize) {
        loop {
            if self.registry.requests().get(request).is_some_and(|seen| seen.status.is_some()) {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(1)).await;
        }
    }
}

fn changes(seen: &registry_fixture::Seen) -> bool {
    seen.method == "DELETE" || seen.method == "PUT"
}

impl Log {
    /// Somebody does something.
    fn act(&mut self, registry: &Registry) {
        let tags = registry.tags(REPOSITORY);
        let any = |chance: &mut fastrand::Rng| match chance.u8(..3) {
            0 => NEW[chance.usize(..NEW.len())].to_owned(),
            1 => TAGS[chance.usize(..TAGS.len())].to_owned(),
            _ => chance.choice(&tags).map_or_else(|| NEW[0].to_owned(), Clone::clone),
        };
        let tag = any(&mut self.chance);
        match self.chance.u8(..6) {
            0 => {
                let image = ImageSpec::new(&format!("pushed {}", self.contents.len())).build();
                registry.push(REPOSITORY, &tag, &image);
                self.contents.push(image);
            }
            1 => drop(registry.untag(REPOSITORY, &tag)),
            // To push what is there already is to retag it.
            _ => {
                let content = self.chance.usize(..self.contents.len());
                registry.push(REPOSITORY, &tag, &self.contents[content]);
            }
        }
    }
}
