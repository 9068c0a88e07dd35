use registry_fixture::{Personality, Registry, Running, Seed};
use test_support::{Outcome, Rls};

/// What is expected of a registry.
pub struct Profile {
    pub personality: Personality,
    pub catalog: Catalog,
    pub deletes: Deletes,
    /// Whether a manifest is deleted with its last tag.
    pub untagged_goes: bool,
    /// Whether dangling tags are listed.
    pub leaves_tags: bool,
    /// What `rls tags` says about the tags of `shared/app` besides listing them.
    pub remark: &'static str,
}

/// Whether a registry lists its repositories.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Catalog {
    Listed,
    /// 401 or 403 for every user.
    Refused,
    /// It says that there are none.
    Empty,
}

/// What a registry deletes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Deletes {
    /// A tag by its name, and manifests.
    Tags,
    /// Manifests alone, with every tag on them.
    Manifests,
    /// Nothing.
    Nothing,
}

const fn profile(personality: Personality, deletes: Deletes) -> Profile {
    Profile { personality, catalog: Catalog::Listed, deletes, untagged_goes: false, leaves_tags: false, remark: "" }
}

/// As the registries' documentation and sources have it.
pub const ALL: &[Profile] = &[
    profile(Personality::Distribution26, Deletes::Manifests),
    profile(Personality::Distribution28, Deletes::Manifests),
    profile(Personality::Distribution3, Deletes::Tags),
    profile(Personality::Zot, Deletes::Tags),
    profile(Personality::Harbor, Deletes::Manifests),
    profile(Personality::Quay, Deletes::Tags),
    profile(Personality::Ecr, Deletes::Manifests),
    Profile { catalog: Catalog::Refused, ..profile(Personality::Ghcr, Deletes::Nothing) },
    Profile { catalog: Catalog::Empty, ..profile(Personality::Google, Deletes::Tags) },
    Profile { catalog: Catalog::Refused, ..profile(Personality::GitLab, Deletes::Tags) },
    Profile {
        leaves_tags: true,
        remark: "warning: left out of the list: null is not a tag\n",
        ..profile(Personality::Nexus, Deletes::Manifests)
    },
    Profile {
        untagged_goes: true,
        remark: "\
warning: left out of the list: \"sha256:831c18c1080d9b2afc14a8aefa55a9c927b26ef7a03da57fc7652d2a2e1ae963\" is not a tag
warning: left out of the list: \"sha256:be7dc35e6a34dcec7722d3357b632db682c2d0f338d179a323c4b4931d07fdd2\" is not a tag
warning: left out of the list: \"sha256:ee5e1cf348346758ad0c16f3afd8fed7991d88629427d14337ce944d69f51ea2\" is not a tag
",
        ..profile(Personality::Artifactory, Deletes::Tags)
    },
    Profile { untagged_goes: true, ..profile(Personality::Gitea, Deletes::Tags) },
    profile(Personality::Acr, Deletes::Manifests),
    Profile { catalog: Catalog::Refused, ..profile(Personality::DockerHub, Deletes::Nothing) },
];

/// Registries that lack what these tests are about (a list, a next page, a deletion that is done when it is answered),
/// or have it in a way that needs tests of its own.
const OTHERS: [Personality; 5] = [
    Personality::Olareg,
    Personality::Pulp,
    Personality::Crane,
    Personality::Cloudflare,
    Personality::ContainerRegistry,
];

impl Profile {
    pub fn name(&self) -> &'static str {
        self.personality.name()
    }

    /// Such a registry with `shared/app` and `grid/repo-000`.
    pub fn start(&self) -> Running {
        self.start_with(1)
    }

    /// The same with this many tags in `grid/repo-000`.
    pub fn start_with(&self, tags: usize) -> Running {
        let builder = Registry::builder().personality(self.personality).auth(self.personality.usual_auth());
        // Docker Hub deletes what has no tag, which is not what these tests are about.
        let builder = builder.delete(self.deletes != Deletes::Nothing);
        builder.seed(Seed::Shared).seed(Seed::Grid { repositories: 1, tags }).start()
    }

    /// Asserts that a command succeeded with this output, and with no other remark than this registry's.
    pub fn assert_lists(&self, outcome: &Outcome, stdout: &str) {
        let expected = (Some(0), stdout, self.remark);
        assert_eq!((outcome.code, &*outcome.stdout, &*outcome.stderr), expected, "{}", self.name());
    }

    /// rls, logged in.
    pub fn rls(&self, registry: &Running) -> Rls {
        let user = &registry.users()[0];
        Rls::at(registry).user(user.name(), user.password())
    }
}

#[test]
fn every_personality_has_a_profile() {
    let known: Vec<_> = ALL.iter().map(|profile| profile.personality).collect();
    let mut all = Personality::ALL.to_vec();
    all.retain(|personality| !OTHERS.contains(personality));
    assert_eq!(known, all);
}
