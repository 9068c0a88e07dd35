//! The value of a proxy variable: `[SCHEME://][USER[:PASSWORD]@]HOST[:PORT]`.

use secrecy::SecretString;
use url::{Host, Url};

const SCHEMES: [&str; 6] = ["http", "https", "socks4", "socks4a", "socks5", "socks5h"];

/// Characters that end the host of a URL, so that they must be encoded in a user name or password.
const ENCODED: [(char, &str); 4] = [('#', "%23"), ('/', "%2F"), ('?', "%3F"), ('\\', "%5C")];

/// The URL of a proxy without credentials, and with them if it has any.
///
/// # Errors
///
/// Why it cannot be used, without a part of it: it may hold a password.
pub(super) fn parse(value: &str) -> Result<(Url, Option<SecretString>), String> {
    if value.starts_with(['"', '\'', '“', '‘', '”', '’']) {
        return Err("its value begins with a quotation mark; remove the quotation marks".to_owned());
    }
    if value.trim() != value {
        return Err("its value contains a blank".to_owned());
    }
    let lower = value.to_ascii_lowercase();
    let after_scheme = SCHEMES.iter().filter_map(|scheme| lower.strip_prefix(scheme));
    if !lower.contains("://") && after_scheme.into_iter().any(|rest| rest.starts_with(":/") || rest.starts_with("//")) {
        return Err("it is not a URL; expected http://HOST:PORT".to_owned());
    }
    let (scheme, rest) = value.split_once("://").unwrap_or(("http", value));
    let scheme = scheme.to_ascii_lowercase();
    if !SCHEMES.contains(&&*scheme) {
        return Err(unknown_scheme(&scheme));
    }
    // The last @: those of a password need not be encoded.
    let (user, place) = match rest.rsplit_once('@') {
        Some((user, place)) => (Some(user), place),
        None => (None, rest),
    };
    if let Some(user) = user {
        check_user(user)?;
    }
    let place = place.split_once('/').map_or(place, |(place, _)| place);
    check_place(place)?;
    let parse = |user: &str| Url::parse(&format!("{scheme}://{user}{place}")).map_err(|error| format!("{error}"));
    let plain = parse("")?;
    let with_user = user.filter(|user| !user.trim_matches(':').is_empty()).map(|user| parse(&format!("{user}@")));
    Ok((plain, with_user.transpose()?.map(|url| url.as_str().into())))
}

fn unknown_scheme(scheme: &str) -> String {
    let known = "a proxy is reached by http, https, socks4, socks4a, socks5 or socks5h";
    let is_name =
        !scheme.is_empty() && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    // Otherwise it may be a part of a password.
    if is_name && scheme.len() <= 10 {
        format!("its scheme is {scheme}; {known}")
    } else {
        format!("its scheme is unknown; {known}")
    }
}

fn check_user(user: &str) -> Result<(), String> {
    let mut wrong: Vec<_> = ENCODED.into_iter().filter(|(c, _)| user.contains(*c)).collect();
    let is_escape = |after: &str| after.len() >= 2 && after.bytes().take(2).all(|byte| byte.is_ascii_hexdigit());
    if user.split('%').skip(1).any(|after| !is_escape(after)) {
        wrong.push(('%', "%25"));
    }
    if user.contains(|c: char| c.is_whitespace() || c.is_control()) {
        wrong.push((' ', "%20"));
    }
    if wrong.is_empty() {
        return Ok(());
    }
    let each: Vec<_> = wrong
        .iter()
        .map(
            |(c, encoded)| {
                if *c == ' ' { format!("a blank is written {encoded}") } else { format!("{c} is written {encoded}") }
            },
        )
        .collect();
    Err(format!("in its user name or password {}", each.join(", ")))
}

/// Checks `HOST[:PORT]`.
fn check_place(place: &str) -> Result<(), String> {
    if place.contains(|c: char| c.is_whitespace() || c.is_control()) {
        return Err("its value contains a blank".to_owned());
    }
    if let Some(c) = place.chars().find(|c| "#?\\\"'%".contains(*c)) {
        return Err(format!("its host contains {c}; in a user name or password, which ends with @, encode it"));
    }
    let port = place.rsplit_once(':').map(|(_, port)| port).filter(|port| !port.ends_with(']'));
    if let Some(port) = port
        && !port.is_empty()
        && !port.parse::<u16>().is_ok_and(|port| port > 0)
    {
        let is_number = port.bytes().all(|byte| byte.is_ascii_digit());
        let shown = if is_number && port.len() <= 10 { format!("{port} ") } else { String::new() };
        return Err(format!("its port {shown}is not a number from 1 to 65535"));
    }
    if place.contains(['$', '{', '}']) {
        return Err("its value contains a variable that was not replaced".to_owned());
    }
    // Hosts of other schemes are not checked by the parser.
    let url = Url::parse(&format!("http://{place}")).map_err(|error| format!("it is not a URL: {error}"))?;
    match url.host() {
        None => Err("it names no host".to_owned()),
        // The HTTP client silently ignores a proxy whose host has other characters.
        Some(Host::Domain(name)) => {
            let is_allowed = |c: &char| c.is_ascii_alphanumeric() || "-._".contains(*c);
            name.chars().find(|c| !is_allowed(c)).map_or(Ok(()), |c| Err(format!("its host contains {c}")))
        }
        Some(Host::Ipv4(_) | Host::Ipv6(_)) => Ok(()),
    }
}
