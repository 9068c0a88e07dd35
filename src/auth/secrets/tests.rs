use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::*;

fn knowing(secrets: &[&str]) -> Secrets {
    let known = Secrets::default();
    secrets.iter().for_each(|secret| known.remember(secret, Origin::Credentials));
    known
}

/// What an echo can make of a secret.
fn forms(secret: &str) -> Vec<String> {
    let percent = utf8_percent_encode(secret, NON_ALPHANUMERIC).to_string();
    let json = |text: &str| serde_json::to_string(text).expect("a string").trim_matches('"').to_owned();
    let each = |write: &dyn Fn(char) -> String| secret.chars().map(write).collect::<String>();
    let units = each(&|c| c.encode_utf16(&mut [0; 2]).iter().map(|unit| format!("\\u{unit:04X}")).collect());
    let html = secret.replace('&', "&amp;").replace('<', "&lt;").replace('"', "&quot;").replace('\'', "&#39;");
    let go = json(secret).replace('&', "\\u0026").replace('<', "\\u003c");
    vec![
        secret.to_owned(),
        secret.to_uppercase(),
        json(secret).replace('/', "\\/"),
        json(&json(secret)),
        units.to_lowercase(),
        units,
        go.clone(),
        json(secret).replace('&', "u0026").replace('<', "u003c"),
        percent.to_lowercase(),
        percent.replace("%20", "+"),
        utf8_percent_encode(&percent, NON_ALPHANUMERIC).to_string(),
        each(&|c| format!("%{:02x}", u32::from(c))).chars().filter(|_| secret.is_ascii()).collect::<String>(),
        html.clone(),
        json(&html),
        each(&|c| format!("&#{};", u32::from(c))),
        each(&|c| format!("&#x{:X};", u32::from(c))),
        each(&|c| format!("{c} ")),
        each(&|c| format!("{c}\r\n\t")),
        hex::encode(secret),
        hex::encode_upper(format!("a{secret}z")),
        hex::encode(secret.encode_utf16().flat_map(u16::to_le_bytes).collect::<Vec<_>>())
            .chars()
            .filter(|_| secret.is_ascii())
            .collect(),
        secret.bytes().map(|byte| format!("{byte:02x}:")).collect(),
        secret.bytes().map(|byte| format!("0x{byte:02X}, ")).collect(),
        secret.bytes().map(|byte| format!("={byte:02X}")).collect(),
        BASE64_STANDARD.encode(secret),
        BASE64_STANDARD.encode(format!("ann:{secret}")),
        BASE64_STANDARD.encode(format!("an:{secret}")).trim_end_matches('=').to_owned(),
        BASE64_URL_SAFE_NO_PAD.encode(format!("a:{secret}")),
        BASE64_STANDARD.encode(format!("{{\"auths\":{{\"r\":{{\"password\":\"{go}\"}}}}}}")),
        utf8_percent_encode(&BASE64_STANDARD.encode(format!("x{secret}y")), NON_ALPHANUMERIC).to_string(),
        BASE64_STANDARD.encode(format!("a long user name:{secret}")).chars().collect::<Vec<_>>()[..]
            .chunks(20)
            .map(|line| line.iter().collect::<String>() + "\r\n ")
            .collect(),
    ]
}

/// What a reader of `text` could still make out.
fn legible(text: &str) -> Vec<String> {
    let readings =
        |reading: Reading| reading.and_unescaped().map(|one| String::from_utf8_lossy(one.bytes()).into_owned());
    let mut legible: Vec<_> = readings(Reading::of(text)).collect();
    let last = Reading::all(text).last().expect("a reading");
    legible.extend((0..4).flat_map(|offset| readings(last.decoded(offset)).collect::<Vec<_>>()));
    let bare = Reading::all(text).filter_map(|reading| reading.without_backslashes());
    legible.extend(bare.map(|one| String::from_utf8_lossy(one.bytes()).into_owned()));
    legible.extend((0..2).flat_map(|offset| readings(last.hexadecimal(offset)).collect::<Vec<_>>()));
    legible
}

#[test]
fn a_secret_is_masked_however_it_is_written() {
    for secret in
        ["hunter2", "Tr0ub4dor&3", "s3cret-corp-pw", "pässwörd<\"'>", "with blank/s+lash\\n", "100%41&amp;😀x", "abcd"]
    {
        let known = knowing(&[secret]);
        let plain: String = secret.split_whitespace().collect::<String>().to_lowercase();
        for form in forms(secret).into_iter().filter(|form| !form.is_empty()) {
            for said in
                [form.clone(), format!("wrong password '{form}' of ann"), format!("{{\"m\":\"{form}\",\"n\":1}}")]
            {
                let shown = known.masked(&said);
                assert!(shown.contains(MASK), "{secret} in {said}: {shown}");
                let left = legible(&shown).into_iter().find(|text| text.to_lowercase().contains(&plain));
                assert_eq!(left, None, "{secret} in {said}: {shown}");
            }
        }
    }
}

#[test]
fn the_text_around_a_secret_stays() {
    let known = knowing(&["hunter2", "Tr0ub4dor&3"]);
    for (said, shown) in [
        ("you sent hunter2, ann", "you sent REDACTED, ann"),
        ("ä hunter2hunter2 ü", "ä REDACTED ü"),
        (r#"{"message":"not Tr0ub4dor\u00263!"}"#, r#"{"message":"not REDACTED!"}"#),
        ("a=%68unter2&b=1", "a=REDACTED&b=1"),
        ("hunter", "hunter"),
        ("", ""),
        ("Ångström 日本語 100% &amp; \\u0041", "Ångström 日本語 100% &amp; \\u0041"),
    ] {
        assert_eq!(known.masked(said), shown);
    }
}

#[test]
fn short_secrets_are_masked_where_they_stand_alone() {
    let known = knowing(&["pw", "a"]);
    for (said, shown) in [
        ("password \"pw\" is wrong", "password \"REDACTED\" is wrong"),
        ("ann:pw@host pwd=pw&x", "ann:REDACTED@host pwd=REDACTED&x"),
        (r#"{"sent":"\u0070w"}"#, r#"{"sent":"REDACTED"}"#),
        ("base64: cHc=", "base64: REDACTED="),
        ("a registry, a name, upward", "REDACTED registry, REDACTED name, upward"),
        ("spwx PWD 1pw", "spwx PWD 1pw"),
    ] {
        assert_eq!(known.masked(said), shown);
    }
}

#[test]
fn a_secret_by_its_shape_is_masked() {
    let known = knowing(&[]);
    for (said, shown) in [
        ("Authorization: Bearer eyJhbGciOi", "Authorization: Bearer REDACTED"),
        (r#"{"m":"basic YW5uOmh1bnRlcjI=","n":1}"#, r#"{"m":"basic REDACTED","n":1}"#),
        (r#"Bearer realm="https://auth.example/token""#, r#"Bearer realm="https://auth.example/token""#),
        ("Basic auth is off", "Basic auth is off"),
        ("a Bearer challenge, Basic authentication.", "a Bearer challenge, Basic authentication."),
        (
            r#"<https://ann:pass@host/x?y>; via="http://t0ken@h""#,
            r#"<https://REDACTED@host/x?y>; via="http://REDACTED@h""#,
        ),
        (r"https://ann:a\u0026b@host", r"https://REDACTED@host"),
        ("mail ann@host about http://host/@x", "mail ann@host about http://host/@x"),
        ("/b?X-Amz-Signature=abc&X-Amz-Date=2026", "/b?X-Amz-Signature=REDACTED&X-Amz-Date=2026"),
        ("/b?Expires=1&amp;Signature=a%2Bb&amp;n=1", "/b?Expires=1&amp;Signature=REDACTED&amp;n=1"),
        (
            r"/b?sv=2024\u0026se=2026-11-30T00%3A00\u0026sp=r\u0026sig=x",
            r"/b?sv=2024\u0026se=REDACTED\u0026sp=REDACTED\u0026sig=REDACTED",
        ),
        ("AWSAccessKeyId=AKIA1, X-Goog-Signature%3D0aff", "AWSAccessKeyId=REDACTED, X-Goog-Signature%3DREDACTED"),
        ("access_token=a.b.c is no design=1", "access_token=REDACTED is no design=1"),
        ("got eyJhbGciOiJub25lIn0.e30.c2ln, twice", "got REDACTED, twice"),
        ("{\"body\":\"H4sIAAAAAAAAA0vKz0sEAIlTjGwGAAAA\"}", "{\"body\":\"REDACTED\"}"),
        ("eyJ is short, and so is keyJhbGciOiJub25lIn0", "eyJ is short, and so is keyJhbGciOiJub25lIn0"),
    ] {
        assert_eq!(known.masked(said), shown);
    }
}

#[test]
fn the_signature_of_a_url_is_known_afterwards() {
    let known = knowing(&[]);
    let url = Url::parse("https://s3.example/b?X-Amz-Signature=SIGNATURE42&X-Amz-Date=20261130T000000Z&sp=r&n=1")
        .expect("a URL");
    known.remember_url(&url);
    assert_eq!(
        known.masked("<Got>SIGNATURE42</Got> at 20261130T000000Z r"),
        "<Got>REDACTED</Got> at 20261130T000000Z r"
    );
}

#[test]
fn only_the_secrets_used_lately_are_kept_and_each_kind_by_itself() {
    let secrets = Secrets::default();
    secrets.remember("proxy-password", Origin::Settings);
    secrets.remember("password", Origin::Credentials);
    for number in 0..100 {
        secrets.remember(&format!("token-{number}-"), Origin::Credentials);
        secrets.remember("password", Origin::Credentials);
        secrets.remember(&format!("signature-{number}-"), Origin::Server);
    }
    let said = "proxy-password password token-99- token-0- signature-99-";
    assert_eq!(secrets.masked(said), "REDACTED REDACTED REDACTED token-0- REDACTED");
}

#[test]
fn a_long_secret_is_masked_as_far_as_it_is_echoed() {
    let token: String = (0..3000_u32).map(|number| char::from(b'a' + (number * 7 % 26) as u8)).collect();
    let token = format!("{token}.{}", token.to_uppercase());
    let known = knowing(&[&token]);
    assert_eq!(known.masked(&format!("<{token}>")), "<REDACTED>");
    assert_eq!(known.masked(&format!("<{}>", &token[..2000])), "<REDACTED>");
}

#[test]
fn fragments_of_a_secret_are_masked() {
    let known = knowing(&["s3cret-c0rporate-pw", "hunter2hunter2"]);
    for (said, shown) in [
        ("you sent s3cret-c0rpor; then ate-pw", "you sent REDACTED; then ate-pw"),
        (r#"{"a":"s3cret","b":"-c0rporate-pw"}"#, r#"{"a":"s3cret","b":"REDACTED"}"#),
        ("first: s3cret-c", "first: REDACTED"),
        ("first: s3cret-", "first: s3cret-"),
        ("in the middle: et-c0rpo, rporate-pw", "in the middle: REDACTED, REDACTED"),
        ("letters may be words: rporate-", "letters may be words: rporate-"),
        ("halves: s3cret-c0, rporate-pw", "halves: REDACTED"),
        ("s3cret-c0rporate-p", "REDACTED"),
        ("a shorter one: hunter2", "a shorter one: hunter2"),
        ("hex 7333637265742d63307270 6f72", "hex REDACTED"),
    ] {
        assert_eq!(known.masked(said), shown);
    }
}

#[test]
fn a_secret_is_masked_wherever_a_token_is_cut() {
    let token = format!("eyJhbGciOiJFUzI1NiJ9.{}.sig", BASE64_URL_SAFE_NO_PAD.encode("0123456789".repeat(40)));
    let known = knowing(&[&token]);
    for start in (0..token.len() - 20).step_by(7) {
        let shown = known.masked(&format!("<{}>", &token[start..start + 20]));
        let left = shown.split_once(MASK).map(|(before, after)| (before.len() - 1, after.len() - 1));
        assert!(left.is_some_and(|(before, after)| before < 4 && after < 4), "from {start}: {shown}");
    }
}

#[test]
fn words_that_a_secret_shares_with_a_text_stay() {
    let known = knowing(&["registry-password-1234", "correct-horse-battery-staple"]);
    for said in ["the registry refuses the password", "wrong password", "a horse-battery", "registry-"] {
        assert_eq!(known.masked(said), said);
    }
    assert_eq!(known.masked("password-12 and correct-horse-b"), "REDACTED and REDACTED");
}

#[test]
fn a_secret_is_masked_however_it_is_divided() {
    let secret = "s3cret-c0rporate-pw";
    let known = knowing(&[secret, "x.y.z-1"]);
    let pieces = |length: usize, between: &str| {
        let pieces: Vec<_> = secret.as_bytes().chunks(length).map(|piece| String::from_utf8_lossy(piece)).collect();
        pieces.join(between)
    };
    for length in [1, 2, 5, 7] {
        for between in ["\",\"", ".", "-", "|", "\u{200b}", "', '", " / "] {
            let shown = known.masked(&format!("[\"{}\"]", pieces(length, between)));
            assert_eq!(shown, "[\"REDACTED\"]", "{length} {between:?}");
        }
    }
    assert_eq!(known.masked("x y z 1"), "x y z 1", "too little is left of it");
}

#[test]
fn base64_within_base64_is_read() {
    let known = knowing(&["hunter2"]);
    for (before, after) in [("", ""), ("a", "b"), ("ab", ""), ("ann:", "abc")] {
        let pair = BASE64_STANDARD.encode(format!("{before}hunter2{after}"));
        let config = BASE64_STANDARD.encode(format!("{{\"auths\":{{\"r\":{{\"auth\":\"{pair}\"}}}}}}"));
        let shown = known.masked(&format!("sent {config}"));
        assert!(shown.contains(MASK), "{shown}");
        assert!(!legible(&shown).iter().any(|text| text.contains(&pair)), "{shown}");
    }
}

#[test]
fn no_text_takes_long() {
    let repeated = "a".repeat(2000);
    let secrets: Vec<_> = (0..2).map(|number| format!("{repeated}{number}")).collect();
    let known = knowing(&secrets.iter().map(String::as_str).collect::<Vec<_>>());
    // Each would take minutes if the time were not in proportion.
    for unit in
        ["a", "%25", "://", "://x@", "bearer ", "sig=", "&", "&#", "\\", "\\u", "0x61:", "6", "YWFh", "a=", "%", "é"]
    {
        let text = unit.repeat(8 * 1024 / unit.len());
        assert!(known.masked(&text).len() <= text.len() * MASK.len(), "{unit}");
    }
}
