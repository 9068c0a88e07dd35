use super::*;

fn proxies(variables: &[(&str, &str)]) -> Proxies {
    let lookup = |name: &str| variables.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value).to_owned());
    Proxies::read(&lookup)
}

/// The proxy that a variable of this value names, or why it names none.
fn with(value: &str) -> Result<String, String> {
    let url = Url::parse("http://reg.corp/").expect("a URL");
    match proxies(&[("HTTP_PROXY", value)]).choose(&url) {
        ProxyChoice::Through(proxy) => Ok(proxy.secret_url().to_owned()),
        ProxyChoice::Unusable { variable: "HTTP_PROXY", why } => Err(why),
        choice => panic!("{value}: {choice:?}"),
    }
}

#[test]
fn a_usable_value_is_used_as_curl_would() {
    for (value, url) in [
        ("proxy.corp:3128", "http://proxy.corp:3128/"),
        ("http://proxy.corp", "http://proxy.corp/"),
        ("HTTP://Proxy.corp:3128/", "http://proxy.corp:3128/"),
        ("https://proxy.corp:443/path", "https://proxy.corp/"),
        ("socks5h://127.0.0.1:1080", "socks5h://127.0.0.1:1080"),
        ("http://[::1]:3128", "http://[::1]:3128/"),
        ("http://ann:s3cret@proxy.corp:3128", "http://ann:s3cret@proxy.corp:3128/"),
        ("ann:p%23w@proxy.corp:3128", "http://ann:p%23w@proxy.corp:3128/"),
        ("http://ann:p@ss:w@proxy.corp", "http://ann:p%40ss%3Aw@proxy.corp/"),
        ("socks5://ann@proxy.corp", "socks5://ann@proxy.corp"),
        ("http://:@proxy.corp", "http://proxy.corp/"),
    ] {
        assert_eq!(with(value).as_deref(), Ok(url), "{value}");
    }
}

#[test]
fn an_unusable_value_is_an_error_that_quotes_no_password() {
    for (value, cause) in [
        ("\"http://proxy.corp:3128\"", "its value begins with a quotation mark; remove the quotation marks"),
        ("'http://proxy.corp:3128'", "its value begins with a quotation mark; remove the quotation marks"),
        (
            "ftp://proxy.corp",
            "its scheme is ftp; a proxy is reached by http, https, socks4, socks4a, socks5 or socks5h",
        ),
        ("http://ann:s3#cret@proxy.corp", "in its user name or password # is written %23"),
        (
            "http://do\\ann:s3%cret/@proxy.corp",
            "in its user name or password / is written %2F, \\ is written %5C, % is written %25",
        ),
        ("http://ann:s3 cret@proxy.corp", "in its user name or password a blank is written %20"),
        ("ann:s3?cret@proxy.corp", "in its user name or password ? is written %3F"),
        ("http://proxy.corp:99999", "its port 99999 is not a number from 1 to 65535"),
        ("http://proxy.corp:0", "its port 0 is not a number from 1 to 65535"),
        ("http://ann:s3cret", "its port is not a number from 1 to 65535"),
        ("http://proxy.corp:3128 ", "its value contains a blank"),
        (" http://proxy.corp:3128", "its value contains a blank"),
        ("“http://proxy.corp:3128”", "its value begins with a quotation mark; remove the quotation marks"),
        ("${HTTP_PROXY}", "its value contains a variable that was not replaced"),
        ("http://$PROXY:3128", "its value contains a variable that was not replaced"),
        ("http:/proxy.corp:3128", "it is not a URL; expected http://HOST:PORT"),
        ("http//proxy.corp:3128", "it is not a URL; expected http://HOST:PORT"),
        ("http://proxy,corp:3128", "its host contains ,"),
        ("http://s3#cret", "its host contains #; in a user name or password, which ends with @, encode it"),
        ("http://", "it is not a URL: empty host"),
        ("http://[::1", "it is not a URL: invalid IPv6 address"),
        ("http://a<b", "it is not a URL: invalid international domain name"),
    ] {
        assert_eq!(with(value), Err(cause.to_owned()), "{value}");
        assert!(!cause.contains("s3") && !cause.contains("cret"));
    }
}

#[test]
fn the_variable_is_chosen_by_the_scheme() {
    let (http, https) =
        (Url::parse("http://reg.corp/").expect("a URL"), Url::parse("https://reg.corp/").expect("a URL"));
    let named = |variables: &[(&str, &str)], url: &Url| match proxies(variables).choose(url) {
        ProxyChoice::Through(proxy) => Ok(Some(proxy.variable)),
        ProxyChoice::Unusable { .. } => Err(()),
        ProxyChoice::Direct | ProxyChoice::Exempt { .. } => Ok(None),
    };
    let own = [("HTTP_PROXY", "a:1"), ("https_proxy", "b:1"), ("ALL_PROXY", "c:1")];
    assert_eq!((named(&own, &http), named(&own, &https)), (Ok(Some("HTTP_PROXY")), Ok(Some("https_proxy"))));
    let empty = [("HTTP_PROXY", ""), ("http_proxy", "a:1"), ("all_proxy", "c:1")];
    assert_eq!((named(&empty, &http), named(&empty, &https)), (Ok(Some("http_proxy")), Ok(Some("all_proxy"))));
    assert_eq!(named(&[("NO_PROXY", "x")], &http), Ok(None));
    // Only what it is meant for fails.
    let broken = [("HTTP_PROXY", "ftp://x"), ("HTTPS_PROXY", "b:1"), ("NO_PROXY", "")];
    assert_eq!((named(&broken, &http), named(&broken, &https)), (Err(()), Ok(Some("HTTPS_PROXY"))));
    let exempt = [("HTTP_PROXY", "ftp://x"), ("NO_PROXY", "corp")];
    assert_eq!(named(&exempt, &http), Ok(None));
    let cgi = [("HTTP_PROXY", "a:1"), ("REQUEST_METHOD", "GET")];
    assert_eq!(named(&cgi, &http), Err(()));
}

#[test]
fn an_exception_that_almost_matches_is_known() {
    let near = |list: &str, url: &str| {
        let url = Url::parse(url).expect("a URL");
        match proxies(&[("ALL_PROXY", "proxy:1"), ("no_proxy", list)]).choose(&url) {
            ProxyChoice::Through(proxy) => proxy.near_exception,
            other => panic!("{list}: {other:?}"),
        }
    };
    for (list, url, entry) in [
        ("x,https://reg.corp", "https://reg.corp", "https://reg.corp"),
        ("\"reg.corp\"", "https://reg.corp", "\"reg.corp\""),
        ("a;Reg.corp", "https://reg.corp", "a;Reg.corp"),
        ("reg.corp/", "https://reg.corp", "reg.corp/"),
        ("reg.corp:5000", "https://reg.corp", "reg.corp:5000"),
        ("10.1.*", "https://10.1.2.3:5000", "10.1.*"),
        ("http://[fd00::1]", "https://[fd00::1]", "http://[fd00::1]"),
        ("https://ann:pw@reg.corp", "https://reg.corp", "https://REDACTED@reg.corp"),
    ] {
        assert_eq!(near(list, url).as_deref(), Some(entry), "{list}: {url}");
    }
    for (list, url) in [
        ("", "https://reg.corp"),
        ("reg.corp.au,areg.corp,my-reg.corp", "https://reg.corp"),
        ("10.2.*,10.1.2.30", "https://10.1.2.3"),
    ] {
        assert_eq!(near(list, url), None, "{list}: {url}");
    }
}

#[test]
fn exceptions_are_read_as_go_and_curl_read_them() {
    let direct = |list: &str, url: &str| {
        let url = Url::parse(url).expect("a URL");
        match proxies(&[("ALL_PROXY", "proxy:1"), ("no_proxy", list)]).choose(&url) {
            ProxyChoice::Exempt { reason, .. } => Some(reason),
            _ => None,
        }
    };
    for (list, url) in [
        ("*", "https://reg.corp"),
        ("x,*", "https://10.0.0.1"),
        ("corp", "https://reg.corp"),
        ("reg.corp", "https://reg.corp"),
        (".corp", "https://reg.corp"),
        ("*.corp", "https://a.b.corp:5000"),
        ("reg.corp.", "https://reg.corp"),
        ("reg.corp", "https://reg.corp."),
        ("REG.Corp", "https://reg.corp"),
        (" x , reg.corp ", "https://reg.corp"),
        ("x reg.corp", "https://reg.corp"),
        ("reg.corp:5000", "https://reg.corp:5000"),
        ("reg.corp:443", "https://reg.corp"),
        ("*:80", "http://reg.corp"),
        ("10.0.0.0/8", "https://10.1.2.3:5000"),
        ("10.1.2.3", "https://10.1.2.3"),
        ("10.1.2.3:5000", "https://10.1.2.3:5000"),
        ("fd00::/8", "https://[fd00::1]"),
        ("[fd00::1]", "https://[fd00::1]"),
        ("fd00::1", "https://[fd00::1]:5000"),
        ("[fd00::1]:5000", "https://[fd00::1]:5000"),
        ("10.1.2.3", "https://[::ffff:10.1.2.3]"),
        ("bücher.example", "https://xn--bcher-kva.example"),
    ] {
        assert_eq!(direct(list, url), Some(Exemption::NoProxy), "{list}: {url}");
    }
    for (list, url) in [
        ("", "https://reg.corp"),
        ("corp", "https://regcorp"),
        ("reg.corp", "https://corp"),
        ("eg.corp", "https://reg.corp"),
        ("reg.corp:5000", "https://reg.corp"),
        ("10.0.0.0/8", "https://11.0.0.1"),
        ("10.0.0.0/8", "https://reg.corp"),
        ("10.1.2.3:5000", "https://10.1.2.3"),
        ("*corp", "https://reg.corp"),
        (":5000", "https://reg.corp:5000"),
        (".,*.,..", "https://reg.corp"),
        ("reg.corp:x", "https://reg.corp"),
    ] {
        assert_eq!(direct(list, url), None, "{list}: {url}");
    }
    for url in [
        "http://localhost:5000",
        "http://LOCALHOST.",
        "https://127.1.2.3",
        "https://[::1]",
        "https://[::ffff:127.0.0.1]",
    ] {
        assert_eq!(direct("", url), Some(Exemption::Loopback), "{url}");
    }
    assert_eq!(direct("", "http://registry.localhost:5000"), None);
}

#[test]
fn a_proxy_is_shown_without_its_password() {
    let url = Url::parse("https://reg.corp/").expect("a URL");
    let ProxyChoice::Through(proxy) = proxies(&[("ALL_PROXY", "socks5://ann:s%23cret@proxy.corp")]).choose(&url) else {
        panic!("a proxy")
    };
    assert!(!format!("{proxy} {proxy:?} {:?}", proxy.url).contains("s%23cret"));
    assert_eq!((proxy.to_string(), proxy.place()), ("socks5://proxy.corp".to_owned(), ("proxy.corp", 1080)));
    let (user, password) = proxy.credentials().expect("credentials");
    assert_eq!((&*user, password.expose_secret()), ("ann", "s#cret"));
}
