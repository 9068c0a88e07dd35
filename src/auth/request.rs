//! Requests to token servers, as data: the `http` layer sends them.
//!
//! GET is the distribution project's "Token Authentication Specification", POST its "Oauth2 Token Authentication".

use secrecy::{ExposeSecret, SecretString};
use url::Url;
use url::form_urlencoded::Serializer;

use super::challenge::BearerChallenge;
use super::credentials::Credentials;
use super::scopes::Scopes;

/// The method of a [`TokenRequest`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenMethod {
    /// Parameters are in the URL, credentials in the `Authorization` header.
    Get,
    /// Parameters and credentials are in a form.
    Post,
}

/// A request for a token. Redirects of it must not be followed: it carries credentials.
#[derive(Debug, Clone)]
pub struct TokenRequest {
    /// The HTTP method.
    pub method: TokenMethod,
    /// The URL, with the query of a GET.
    pub url: Url,
    /// The value of the `Authorization` header, for a GET with a user name and a password.
    pub basic: Option<SecretString>,
    /// The fields of a POST; empty for a GET.
    pub form: Vec<(&'static str, SecretString)>,
}

impl TokenRequest {
    /// The requests to try, in their order: the next one only when the server answers the one before with 404 or 405,
    /// which means that it does not support the method.
    ///
    /// `realm` is the URL that [`token_server`](super::token_server) allowed, `client_id` the name of the client. Empty
    /// for a registry token, which is not exchanged.
    pub fn attempts(
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        credentials: &Credentials,
        client_id: &str,
    ) -> Vec<Self> {
        let get = || Self::get(realm, challenge, scopes, credentials, client_id);
        let post = |grant| Self::post(realm, challenge, scopes, grant, client_id);
        match credentials {
            Credentials::Anonymous => vec![get()],
            Credentials::Basic { username, password } => vec![
                get(),
                post(vec![
                    ("grant_type", "password".into()),
                    ("username", username.as_str().into()),
                    ("password", password.clone()),
                ]),
            ],
            Credentials::IdentityToken { token, .. } => {
                let exchange = post(vec![("grant_type", "refresh_token".into()), ("refresh_token", token.clone())]);
                let with_password = credentials.basic_header().map(|_| get());
                std::iter::once(exchange).chain(with_password).collect()
            }
            Credentials::RegistryToken(_) => Vec::new(),
        }
    }

    /// The same request, which also asks for an identity token ([`Token::refresh_token`](super::Token::refresh_token)).
    #[must_use]
    pub fn offline(mut self) -> Self {
        match self.method {
            TokenMethod::Get => {
                self.url.query_pairs_mut().append_pair("offline_token", "true");
            }
            TokenMethod::Post => self.form.push(("access_type", "offline".into())),
        }
        self
    }

    /// The body of a POST, `application/x-www-form-urlencoded`; `None` for a GET.
    pub fn body(&self) -> Option<SecretString> {
        if self.method == TokenMethod::Get {
            return None;
        }
        let mut form = Serializer::new(String::new());
        for (name, value) in &self.form {
            form.append_pair(name, value.expose_secret());
        }
        Some(form.finish().into())
    }

    /// docker_auth refuses any other `account` than the user of the `Authorization` header.
    fn get(
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        credentials: &Credentials,
        client_id: &str,
    ) -> Self {
        let basic = credentials.basic_header();
        let mut url = realm.clone();
        {
            let mut query = url.query_pairs_mut();
            if let Some(service) = &challenge.service {
                query.append_pair("service", service);
            }
            for scope in scopes.iter() {
                query.append_pair("scope", &scope.to_string());
            }
            if let Some(account) = credentials.username().filter(|_| basic.is_some()) {
                query.append_pair("account", account);
            }
            query.append_pair("client_id", client_id);
        }
        Self { method: TokenMethod::Get, url, basic, form: Vec::new() }
    }

    fn post(
        realm: &Url,
        challenge: &BearerChallenge,
        scopes: &Scopes,
        grant: Vec<(&'static str, SecretString)>,
        client_id: &str,
    ) -> Self {
        let mut form = grant;
        if let Some(service) = &challenge.service {
            form.push(("service", service.as_str().into()));
        }
        form.push(("client_id", client_id.into()));
        if !scopes.is_empty() {
            form.push(("scope", scopes.to_string().into()));
        }
        Self { method: TokenMethod::Post, url: realm.clone(), basic: None, form }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn attempts(scopes: &str, credentials: &Credentials) -> Vec<TokenRequest> {
        let realm = Url::parse("https://auth.example/token?tenant=x").expect("a URL");
        let challenge = BearerChallenge {
            realm: realm.to_string(),
            service: Some("my registry".to_owned()),
            scope: None,
            error: None,
            malformed: None,
        };
        TokenRequest::attempts(&realm, &challenge, &Scopes::parse(scopes), credentials, "rls")
    }

    fn body(request: &TokenRequest) -> String {
        request.body().expect("a body").expose_secret().to_owned()
    }

    #[test]
    fn anonymous_is_one_get() {
        let [get] = &attempts("repository:b:pull repository:a:pull,push", &Credentials::Anonymous)[..] else {
            panic!("one attempt")
        };
        assert_eq!(
            get.url.as_str(),
            "https://auth.example/token?tenant=x&service=my+registry&scope=repository%3Aa%3Apull%2Cpush\
             &scope=repository%3Ab%3Apull&client_id=rls"
        );
        assert!(get.method == TokenMethod::Get && get.basic.is_none() && get.body().is_none());
    }

    #[test]
    fn a_password_goes_by_get_then_by_post() {
        let credentials = Credentials::basic("ann&b", "p=1 2").expect("credentials");
        let [get, post] = &attempts("repository:a:pull", &credentials)[..] else { panic!("two attempts") };
        assert!(get.url.as_str().ends_with("&account=ann%26b&client_id=rls"), "{}", get.url);
        assert_eq!(get.basic.as_ref().map(ExposeSecret::expose_secret), Some("Basic YW5uJmI6cD0xIDI="));
        assert_eq!(post.method, TokenMethod::Post);
        assert_eq!(post.url.as_str(), "https://auth.example/token?tenant=x");
        assert!(post.basic.is_none());
        assert_eq!(
            body(post),
            "grant_type=password&username=ann%26b&password=p%3D1+2&service=my+registry&client_id=rls\
             &scope=repository%3Aa%3Apull"
        );
    }

    #[test]
    fn an_identity_token_goes_by_post_and_only_a_password_beside_it_by_get() {
        let identity = |password: Option<&str>| Credentials::IdentityToken {
            username: Some("ann".to_owned()),
            token: "t/1".into(),
            password: password.map(Into::into),
        };
        let [post, get] = &attempts("", &identity(Some("p")))[..] else { panic!("two attempts") };
        assert_eq!((post.method, get.method), (TokenMethod::Post, TokenMethod::Get));
        assert!(get.basic.is_some() && get.url.as_str().contains("&account=ann&"), "{}", get.url);
        let credentials = identity(None);
        let [post] = &attempts("repository:a:pull repository:b:pull", &credentials)[..] else { panic!("one attempt") };
        assert_eq!(
            body(post),
            "grant_type=refresh_token&refresh_token=t%2F1&service=my+registry&client_id=rls\
             &scope=repository%3Aa%3Apull+repository%3Ab%3Apull"
        );
        assert!(attempts("", &Credentials::RegistryToken("t".into())).is_empty());
    }

    #[test]
    fn absent_parameters_are_not_sent() {
        let realm = Url::parse("https://auth.example/token").expect("a URL");
        let challenge =
            BearerChallenge { realm: String::new(), service: None, scope: None, error: None, malformed: None };
        let attempts = |credentials| TokenRequest::attempts(&realm, &challenge, &Scopes::default(), credentials, "rls");
        let [get] = &attempts(&Credentials::Anonymous)[..] else { panic!("one attempt") };
        assert_eq!(get.url.as_str(), "https://auth.example/token?client_id=rls");
        let unsendable = Credentials::Basic { username: "a:b".to_owned(), password: "p".into() };
        let attempts = attempts(&unsendable);
        assert!(attempts[0].basic.is_none() && !attempts[0].url.as_str().contains("account"), "{}", attempts[0].url);
    }

    #[test]
    fn an_identity_token_is_asked_for_only_on_demand() {
        let credentials = Credentials::basic("ann", "p").expect("credentials");
        let [get, post] = &attempts("", &credentials)[..] else { panic!("two attempts") };
        assert!(!get.url.as_str().contains("offline") && !body(post).contains("offline"));
        assert!(get.clone().offline().url.as_str().ends_with("&offline_token=true"));
        assert!(body(&post.clone().offline()).ends_with("&access_type=offline"));
    }

    #[test]
    fn debug_shows_no_secret() {
        let credentials = Credentials::basic("ann", "s3cret").expect("credentials");
        assert!(!format!("{:?}", attempts("", &credentials)).contains("s3cret"));
    }
}
