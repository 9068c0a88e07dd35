//! The `Link` header of a listing: the next page (RFC 8288; OCI distribution specification, "Listing").
//!
//! 1. Nothing is ever sent to another origin than that of the request.
//! 2. If the path differs, only the query is used: Artifactory and Nexus drop the prefix under which they are reached.
//! 3. If the host is the same and the scheme or port differs, only the query is used: a registry behind a proxy that
//!    ends TLS links to itself as it is reached from there.
//! 4. An empty address and an empty cursor (`last=`, Cloudflare) are the end of the list.
//! 5. A header that cannot be used is an error, never the end of the list.

use url::Url;

use crate::error::{Error, Kind, Result};

/// The longest URL of a next page, in bytes.
const MAX_LENGTH: usize = 8 * 1024;

/// Where a listing continues.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NextPage {
    /// This is the last page.
    Last,
    /// The link leads back to the page itself.
    Same,
    /// The next page, on the same origin as the request.
    At(Url),
    /// The same, where the link has the request's host with another scheme or port.
    Rebased {
        /// The next page, on the origin of the request.
        url: Url,
        /// The origin in the link.
        linked: String,
    },
}

/// Parses the `Link` header lines of the reply to `request`.
///
/// A URL is resolved against `request`.
///
/// # Errors
///
/// [`Kind::ForeignPage`] for a URL on another host; [`Kind::Incomplete`] for a header that cannot be parsed, a URL
/// longer than 8 KiB, with a user name, or without a query where only that could be used.
pub fn next_page<'a>(request: &Url, lines: impl IntoIterator<Item = &'a [u8]>) -> Result<NextPage> {
    let unreadable = |reason: String| Error::new(Kind::Incomplete, "cannot read the Link header").because(reason);
    for line in lines {
        let line = std::str::from_utf8(line).map_err(|_| unreadable("it is not UTF-8".into()))?;
        for link in parse(line).map_err(unreadable)? {
            if !link.is_next() {
                continue;
            }
            if link.uri.is_empty() {
                return Ok(NextPage::Last);
            }
            if link.uri.len() > MAX_LENGTH {
                return Err(unreadable(format!("the address is longer than {MAX_LENGTH} bytes")));
            }
            let url = request.join(link.uri).map_err(|error| unreadable(format!("{error}: {}", link.uri)))?;
            return follow(request, url);
        }
    }
    Ok(NextPage::Last)
}

fn follow(request: &Url, mut url: Url) -> Result<NextPage> {
    let linked = match url.scheme() {
        "http" | "https" => url.origin().ascii_serialization(),
        scheme => format!("{scheme}:{}", url.host_str().map(|host| format!("//{host}")).unwrap_or_default()),
    };
    let led = format!("the Link header leads from {} to {linked}", request.origin().ascii_serialization());
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            Error::new(Kind::Incomplete, "refusing the link to the next page").because("the Link header names a user")
        );
    }
    let refused = |kind: Kind, reason: &str| Error::new(kind, "refusing next page on another host").because(reason);
    let is_elsewhere = url.origin() != request.origin();
    if is_elsewhere {
        let is_http = matches!(url.scheme(), "http" | "https");
        if !is_http || url.host() != request.host() {
            let host = url.host_str().unwrap_or_default().to_owned();
            return Err(refused(Kind::ForeignPage { host }, &led));
        }
        let Some(query) = url.query().filter(|query| !query.is_empty()) else {
            return Err(refused(Kind::Incomplete, &led));
        };
        let mut own = request.clone();
        own.set_query(Some(query));
        url = own;
    } else if url.path() != request.path() && url.query().is_some() {
        tracing::debug!(path = url.path(), "the Link header has another path than the request: keeping the request's");
        url.set_path(request.path());
    }
    if has_empty_cursor(&url) {
        return Ok(NextPage::Last);
    }
    // A fragment is not sent, so it must not make one page look like two.
    url.set_fragment(None);
    if url == *request {
        return Ok(NextPage::Same);
    }
    Ok(if is_elsewhere { NextPage::Rebased { url, linked } } else { NextPage::At(url) })
}

/// Whether a link continues after no name, and has no other cursor: it would lead back to the first page.
fn has_empty_cursor(url: &Url) -> bool {
    let mut is_empty = false;
    for (name, value) in url.query_pairs() {
        match &*name {
            "last" if value.is_empty() => is_empty = true,
            "n" | "orderby" => {}
            _ => return false,
        }
    }
    is_empty
}

/// The error for pages that link in a circle.
pub(crate) fn pagination_loop(cause: &str) -> Error {
    Error::new(Kind::Incomplete, "pagination loop").because(cause)
}

impl NextPage {
    /// The URL of the next page; `None` at the end. Warns where the registry links elsewhere.
    ///
    /// # Errors
    ///
    /// [`Kind::Incomplete`] where the link leads back to the page itself.
    pub(crate) fn into_url(self, warned: &mut bool) -> Result<Option<Url>> {
        Ok(match self {
            Self::Last => None,
            Self::Same => return Err(pagination_loop("the Link header leads back to the same page")),
            Self::At(url) => Some(url),
            Self::Rebased { url, linked } => {
                if !std::mem::replace(warned, true) {
                    let own = url.origin().ascii_serialization();
                    tracing::warn!("the registry links its next page at {linked}; reading it at {own}");
                }
                Some(url)
            }
        })
    }
}

#[derive(Debug, PartialEq, Eq)]
struct Link<'a> {
    uri: &'a str,
    bracketed: bool,
    rel: Option<&'a str>,
}

impl Link<'_> {
    /// distribution sends some links without `rel`: in brackets they count as the next page. A quotation mark that is
    /// not closed, or of another kind, is not part of a word.
    fn is_next(&self) -> bool {
        let is_quote = |c: char| matches!(c, '"' | '\'' | '`' | '\u{2018}'..='\u{201f}');
        let mut words =
            self.rel.unwrap_or_default().split_ascii_whitespace().map(|word| word.trim_matches(is_quote)).peekable();
        if words.peek().is_none() { self.bracketed } else { words.any(|word| word.eq_ignore_ascii_case("next")) }
    }
}

/// Parses RFC 8288 §3, and URLs without angle brackets (Quay once sent them) that have a `rel`.
fn parse(line: &str) -> Result<Vec<Link<'_>>, String> {
    let mut rest = Rest(line);
    let mut links = Vec::new();
    loop {
        rest.skip_blanks();
        if rest.0.is_empty() {
            break;
        }
        if rest.eat(',') {
            continue;
        }
        links.push(rest.link()?);
        rest.skip_blanks();
        if !rest.0.is_empty() && !rest.eat(',') {
            return Err(format!("unexpected text after a link: {:?}", rest.start()));
        }
    }
    if let Some(link) = links.iter().find(|link| !link.bracketed && link.rel.is_none()) {
        return Err(format!("an address without angle brackets or rel: {:?}", Rest(link.uri).start()));
    }
    Ok(links)
}

struct Rest<'a>(&'a str);

impl<'a> Rest<'a> {
    fn link(&mut self) -> Result<Link<'a>, String> {
        let bracketed = self.eat('<');
        let uri = if bracketed {
            let uri = self.take_while(|c| c != '>');
            if !self.eat('>') {
                return Err("an address without its closing bracket".into());
            }
            uri
        } else {
            self.take_while(|c| !matches!(c, ' ' | '\t' | '\r' | '\n' | ';' | ','))
        };
        if uri.chars().any(|c| c.is_control() || (c == '\\' && !bracketed)) {
            return Err("a control character or backslash in an address".into());
        }
        let mut rel = None;
        loop {
            self.skip_blanks();
            if !self.eat(';') {
                return Ok(Link { uri, bracketed, rel });
            }
            self.skip_blanks();
            let name = self.take_while(is_token);
            self.skip_blanks();
            let value = if self.eat('=') { self.value()? } else { "" };
            if name.is_empty() && !(self.0.is_empty() || self.0.starts_with([';', ','])) {
                return Err(format!("not a parameter: {:?}", self.start()));
            }
            if name.eq_ignore_ascii_case("rel") && rel.is_none() {
                rel = Some(value);
            }
        }
    }

    fn value(&mut self) -> Result<&'a str, String> {
        self.skip_blanks();
        if let Some(value) = self.single_quoted() {
            return Ok(value);
        }
        if !self.eat('"') {
            let value = self.take_while(is_token);
            return if value.is_empty() { Err("a parameter without a value".into()) } else { Ok(value) };
        }
        let mut escaped = false;
        let value = self.take_while(|c| {
            let inside = escaped || c != '"';
            escaped = !escaped && c == '\\';
            inside
        });
        if self.eat('"') { Ok(value) } else { Err("a quotation mark that is not closed".into()) }
    }

    /// A value in single quotes, which are characters of a token by the grammar: some registries mean them as quotes.
    fn single_quoted(&mut self) -> Option<&'a str> {
        let (value, rest) = self.0.strip_prefix('\'')?.split_once('\'')?;
        let ends = rest.trim_start_matches([' ', '\t']);
        let is_value = !value.contains([',', ';', '"', '<']) && (ends.is_empty() || ends.starts_with([',', ';']));
        is_value.then(|| {
            self.0 = rest;
            value
        })
    }

    fn take_while(&mut self, mut accept: impl FnMut(char) -> bool) -> &'a str {
        let end = self.0.find(|c| !accept(c)).unwrap_or(self.0.len());
        let (taken, rest) = self.0.split_at(end);
        self.0 = rest;
        taken
    }

    fn skip_blanks(&mut self) {
        self.0 = self.0.trim_start_matches([' ', '\t', '\r', '\n']);
    }

    fn eat(&mut self, c: char) -> bool {
        self.0.strip_prefix(c).inspect(|rest| self.0 = rest).is_some()
    }

    /// Enough of the text to recognise it in a message.
    fn start(&self) -> String {
        self.0.chars().take(40).collect()
    }
}

/// RFC 9110 §5.6.2.
fn is_token(c: char) -> bool {
    c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_of_another_kind_is_named_by_its_scheme() {
        let request = Url::parse("https://reg.corp/v2/app/tags/list").expect("a URL");
        for (link, to) in
            [("javascript:x", "javascript:"), ("ftp://reg.corp/x", "ftp://reg.corp"), ("file:///x", "file:")]
        {
            let error = follow(&request, Url::parse(link).expect("a URL")).expect_err(link);
            assert_eq!(error.causes(), [format!("the Link header leads from https://reg.corp to {to}")]);
        }
    }
}
