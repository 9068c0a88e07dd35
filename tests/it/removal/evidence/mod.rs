//! Evidence: what one reply to a removal says, and what a second request finds.

mod denied;
mod lists;
mod moves;
mod names;
mod not_found;
mod referrers;
mod repeated_names;
mod same_bytes;
mod siblings;
mod types;
mod unreadable;

use registry_fixture::content::ImageSpec;
use registry_fixture::{Personality, Registry, Running};
use test_support::{Outcome, Rls};

use super::state;

/// Registries that delete manifests only, and tags by their names as well.
const BOTH: [Personality; 2] = [Personality::Distribution28, Personality::Distribution3];

/// Images of `app`, each a month younger than the one before; their names are their tags.
fn app(personality: Personality, tags: &[&str]) -> Running {
    let registry = Registry::builder().personality(personality).start();
    for (month, tag) in (1..).zip(tags) {
        let created = format!("2024-{month:02}-01T00:00:00Z");
        registry.push_image("app", tag, &ImageSpec::new(&format!("app {tag}")).created(&created));
    }
    registry
}

fn rls(registry: &Running, words: &str) -> Outcome {
    Rls::at(registry).words(words).run()
}

/// The tags reported as removed, in any format.
fn removed(outcome: &Outcome) -> Vec<&str> {
    outcome.stdout.lines().filter_map(|line| line.strip_prefix("removed\tapp:")).collect()
}

/// The ways by which `old` of the tags `old`, `older` and `kept` can be removed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Way {
    Name,
    /// `old` and `older`.
    Several,
    /// By the digest, with all tags.
    Digest,
    /// `old` has a sibling then.
    Placeholder,
    Siblings,
    /// `old` and `older`, by a glob.
    Match,
    All,
    /// By a plan that was saved when all was well.
    Apply,
    /// `old` and `older`, by a rule.
    Prune,
}

impl Way {
    const ALL: [Self; 9] = [
        Self::Name,
        Self::Several,
        Self::Digest,
        Self::Placeholder,
        Self::Siblings,
        Self::Match,
        Self::All,
        Self::Apply,
        Self::Prune,
    ];

    /// A registry with `old`, `older` and `kept`.
    fn start(self, personality: Personality) -> Running {
        let registry = app(personality, &["old", "older", "kept"]);
        if self == Self::Placeholder {
            let digest = registry.resolve("app", "old").expect("it was pushed");
            registry.tag("app", "sibling", &digest);
        }
        registry
    }

    fn words(self, registry: &Running) -> String {
        match self {
            Self::Name => "rm app:old".to_owned(),
            Self::Several => "rm app:old app:older".to_owned(),
            Self::Digest => {
                format!("rm app@{} --all-tags --yes", registry.resolve("app", "old").expect("it was pushed"))
            }
            Self::Placeholder => "rm app:old --placeholder".to_owned(),
            Self::Siblings => "rm app:old --with-siblings --yes".to_owned(),
            Self::Match => "rm app --match old* --yes".to_owned(),
            Self::All => "rm app --all-tags --yes".to_owned(),
            Self::Apply => "rm --apply plan.json".to_owned(),
            Self::Prune => "prune app --keep kept --keep sibling --yes".to_owned(),
        }
    }

    /// Runs it once something is wrong with the registry.
    fn run(self, registry: &Running, spoil: impl FnOnce(&Running)) -> Outcome {
        let words = format!("{} --retries 0", self.words(registry));
        let rls = Rls::at(registry).words("rm app:old --save-plan plan.json -q");
        if self == Self::Apply {
            assert_eq!(rls.run().code, Some(0));
        }
        spoil(registry);
        rls.then(&words).run()
    }
}
