//! `rls` against every combination of login, TLS and deletion.

use registry_fixture::Auth;

use crate::setup::Setup;
use crate::{credentials, reading, refusing, removal};

/// One test for each combination: its name, login, TLS, deletion.
macro_rules! combinations {
    ($($name:ident: $auth:ident $tls:literal $delete:literal,)*) => {
        $(#[test]
        fn $name() {
            // The same is expected everywhere: the snapshots are compared once for each combination.
            insta::allow_duplicates!(check(Auth::$auth, $tls, $delete));
        })*
    };
}

combinations! {
    open_over_http: None false true,
    open_over_http_without_deletion: None false false,
    open_over_tls: None true true,
    open_over_tls_without_deletion: None true false,
    htpasswd_over_http: Basic false true,
    htpasswd_over_http_without_deletion: Basic false false,
    htpasswd_over_tls: Basic true true,
    htpasswd_over_tls_without_deletion: Basic true false,
    token_over_http: Token false true,
    token_over_http_without_deletion: Token false false,
    token_over_tls: Token true true,
    token_over_tls_without_deletion: Token true false,
}

fn check(auth: Auth, tls: bool, delete: bool) {
    let setup = Setup::start(auth, tls, delete);
    reading::all(&setup);
    credentials::all(&setup);
    refusing::all(&setup);
    if delete { removal::all(&setup) } else { removal::disabled(&setup) }
}
