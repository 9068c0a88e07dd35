//! The form in which a registry asks for tokens: with it, the next question can be answered before it is asked.

use super::challenge::BearerChallenge;
use super::permission::{Action, Permission};
use super::scope::Scopes;

/// What the challenges of a registry have in common, where they call permissions by their standard names: the token server, and the
/// registry's name towards it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ChallengeTemplate {
    realm: String,
    service: Option<String>,
}

impl ChallengeTemplate {
    /// The form of a challenge to a request that needs `permission`, when it shows one: the permission is one to read, the scope is the
    /// standard one for it and nothing else, and the realm does not seem to belong to the repository.
    pub fn of(challenge: &BearerChallenge, permission: &Permission) -> Option<Self> {
        let is_standard = challenge.scope.as_deref() == Some(Scopes::for_right(permission).to_string().as_str());
        let shows = matches!(permission.action, Action::Catalog | Action::Pull) && is_standard;
        (shows && !is_of_repository(&challenge.realm, permission))
            .then(|| Self { realm: challenge.realm.clone(), service: challenge.service.clone() })
    }

    /// The challenge that a request without a token would meet, going by the form; `None` for a permission that changes something:
    /// the permission to read a repository says nothing about how that is asked for.
    pub fn challenge(&self, permission: &Permission) -> Option<BearerChallenge> {
        let scope = (permission.action == Action::Pull).then(|| Scopes::for_right(permission).to_string())?;
        let Self { realm, service } = self.clone();
        Some(BearerChallenge { realm, service, scope: Some(scope), error: None })
    }

    /// Whether a challenge to a request that needs `permission` is what the form foretells.
    pub fn foretells(&self, challenge: &BearerChallenge, permission: &Permission) -> bool {
        self.challenge(permission).is_some_and(|told| told.scope == challenge.scope)
            && self.realm == challenge.realm
            && self.service == challenge.service
    }
}

/// Artifactory and others may have a token server for each folder of repositories, which then is in its path.
fn is_of_repository(realm: &str, permission: &Permission) -> bool {
    let folder = permission.repository.as_ref().and_then(|repository| repository.as_str().split('/').next());
    folder.is_some_and(|folder| realm.split(['/', '?', '=', '&']).any(|part| part == folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::name::Repository;

    fn permission(name: &str, action: Action) -> Permission {
        Permission::on(&name.parse::<Repository>().expect(name), action)
    }

    fn challenge(realm: &str, scope: Option<&str>) -> BearerChallenge {
        let service = Some("registry".to_owned());
        BearerChallenge { realm: realm.to_owned(), service, scope: scope.map(str::to_owned), error: None }
    }

    const REALM: &str = "https://auth.example/token";

    #[test]
    fn a_standard_challenge_tells_the_next() {
        let catalog = ChallengeTemplate::of(&challenge(REALM, Some("registry:catalog:*")), &Permission::catalog());
        let app = permission("team/app", Action::Pull);
        let pull = ChallengeTemplate::of(&challenge(REALM, Some("repository:team/app:pull")), &app);
        assert_eq!(catalog, pull);
        let form = pull.expect("a form");
        let web = permission("team/web", Action::Pull);
        let told = form.challenge(&web).expect("a challenge");
        assert_eq!(told, challenge(REALM, Some("repository:team/web:pull")));
        assert!(form.foretells(&told, &web) && !form.foretells(&told, &app));
        assert!(!form.foretells(&challenge("https://other.example/token", Some("repository:team/web:pull")), &web));
    }

    #[test]
    fn an_unusual_challenge_tells_nothing() {
        let app = permission("team/app", Action::Pull);
        for scope in [
            None,
            Some(""),
            Some("repository:team/app:pull,push"),
            Some("repository:team/app:metadata_read"),
            Some("repository:other/app:pull"),
            Some("repository:team/app:pull repository:base/app:pull"),
        ] {
            assert_eq!(ChallengeTemplate::of(&challenge(REALM, scope), &app), None, "{scope:?}");
        }
        for realm in ["https://auth.example/team/token", "https://auth.example/token?key=team"] {
            assert_eq!(
                ChallengeTemplate::of(&challenge(realm, Some("repository:team/app:pull")), &app),
                None,
                "{realm}"
            );
        }
    }

    #[test]
    fn what_changes_something_is_never_foretold() {
        for action in [Action::Push, Action::Delete] {
            let permission = permission("team/app", action);
            let scope = Scopes::for_right(&permission).to_string();
            assert_eq!(ChallengeTemplate::of(&challenge(REALM, Some(&scope)), &permission), None);
            let form = ChallengeTemplate { realm: REALM.to_owned(), service: None };
            assert_eq!(form.challenge(&permission), None);
        }
    }
}
