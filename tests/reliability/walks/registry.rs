//! A registry that does what its plan says, and notes what a client may make of it.

use std::collections::HashMap;

use test_support::{Reply, Request, Then};

use super::plan::{Fault, Login, Oddity, Plan, Style};

/// How often a client sends a request again that failed for a passing reason.
const RETRIES: usize = 3;

/// What a client may conclude from the replies it got.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verdict {
    /// All of the list: nothing happened that does not pass.
    Whole,
    /// All of the list, or an error.
    Either,
    /// An error.
    Error,
}

/// The registry.
pub struct Registry {
    plan: Plan,
    /// How often each address was requested.
    visits: HashMap<String, usize>,
    /// Addresses in the order of their first visit.
    pages: Vec<String>,
    /// Passing faults one after the other.
    in_a_row: usize,
    /// The token that counts.
    token: usize,
    /// Whether the current token has not been used yet: if it is refused now, it stays refused.
    is_fresh: bool,
    /// What was on the last page, and on the one before.
    shown: [Vec<String>; 2],
    /// Whether the last page had entries that are no names.
    had_noise: bool,
    /// Where an opaque text leads.
    cursors: Vec<usize>,
    verdict: Verdict,
    /// What happened, for the message of a failure.
    pub log: Vec<String>,
}

/// A page that is about to be sent.
struct Page {
    entries: Vec<serde_json::Value>,
    link: Option<String>,
}

impl Registry {
    pub fn new(plan: Plan) -> Self {
        Self {
            plan,
            visits: HashMap::new(),
            pages: Vec::new(),
            in_a_row: 0,
            token: 0,
            is_fresh: false,
            shown: Default::default(),
            had_noise: false,
            cursors: Vec::new(),
            verdict: Verdict::Whole,
            log: Vec::new(),
        }
    }

    /// What the client may conclude from all replies.
    pub fn verdict(&self) -> Verdict {
        self.verdict
    }

    /// Answers a request.
    pub fn answer(&mut self, request: &Request) -> Reply {
        if request.is_for_token() {
            return Reply::token(&format!("t{}", self.token));
        }
        if let Some(refusal) = self.refuse_unauthenticated(request) {
            return refusal;
        }
        if self.plan.refuses_size && request.query("n").is_some() && request.query("last").is_none() {
            self.is_fresh = false;
            return Reply::error(400, "PAGINATION_NUMBER_INVALID");
        }
        let visit = self.visits.entry(request.target.clone()).or_default();
        let attempt = *visit;
        *visit += 1;
        if !self.pages.contains(&request.target) {
            self.pages.push(request.target.clone());
        }
        let ordinal = self.pages.iter().position(|page| *page == request.target).expect("it was added");
        let fault = self.plan.faults.get(ordinal).and_then(|faults| faults.get(attempt)).copied();
        let fault = fault.filter(|fault| *fault != Fault::Revoke || self.plan.login == Login::Bearer);
        self.log.push(format!("{} attempt {attempt}: {fault:?}", request.target));
        match fault {
            None => {
                self.in_a_row = 0;
                self.is_fresh = false;
                let page = self.page(request, ordinal);
                self.log.push(format!("  {} names, Link: {:?}", page.entries.len(), page.link));
                reply(&page)
            }
            Some(fault) => self.fail(fault, request, ordinal),
        }
    }

    fn refuse_unauthenticated(&mut self, request: &Request) -> Option<Reply> {
        match self.plan.login {
            Login::Basic if request.authorization() != Some("Basic YW5uOnNlY3JldA==") => Some(Reply::wants_password()),
            Login::Bearer if !request.has_token(&format!("t{}", self.token)) => {
                self.is_fresh = true;
                Some(Reply::wants_token(request))
            }
            _ => None,
        }
    }

    fn expect(&mut self, verdict: Verdict) {
        self.verdict = self.verdict.max(verdict);
    }

    /// A request that is not answered by its page.
    fn fail(&mut self, fault: Fault, request: &Request, ordinal: usize) -> Reply {
        let page = |registry: &mut Self| {
            let before = (registry.shown.clone(), registry.had_noise);
            let page = registry.page(request, ordinal);
            (registry.shown, registry.had_noise) = before;
            page
        };
        if fault == Fault::Revoke {
            return if self.plan.login == Login::Bearer {
                self.revoke(request)
            } else {
                reply(&self.page(request, ordinal))
            };
        }
        self.is_fresh = false;
        match fault {
            Fault::Close | Fault::Reset | Fault::Truncate(_) | Fault::ResetInBody(_) | Fault::Passing(_) => {
                self.in_a_row += 1;
                if self.in_a_row > RETRIES {
                    self.expect(Verdict::Error);
                }
            }
            // An unreadable reply may be requested again, and a refusal without a usable challenge may be answered with
            // a new token.
            Fault::EndUnnoticed(_) | Fault::Final(401) => self.expect(Verdict::Either),
            // It may be the number of names that is refused.
            Fault::Final(400) if self.shown[1].is_empty() => self.expect(Verdict::Either),
            _ => self.expect(Verdict::Error),
        }
        match fault {
            Fault::Close => Reply::raw("").then(Then::Close),
            Fault::Reset => Reply::raw("").then(Then::Reset),
            Fault::Truncate(part) => cut(&page(self), part).then(Then::Close),
            Fault::ResetInBody(part) => cut(&page(self), part).then(Then::Reset),
            Fault::EndUnnoticed(part) => of_unknown_length(&page(self), part).then(Then::Close),
            Fault::Passing(status) => Reply::error(status, "UNAVAILABLE").header("Retry-After", "0"),
            Fault::Final(status) => Reply::error(status, "DENIED"),
            Fault::Html => Reply::status(200).header("Content-Type", "text/html").body("<html>welcome</html>"),
            Fault::Garbage => Reply::json("{\"repositories\":[\"a\",}"),
            Fault::NoList => Reply::json("{\"errors\":[]}"),
            Fault::Revoke => unreachable!("it is answered above"),
        }
    }

    /// The token counts no longer.
    fn revoke(&mut self, request: &Request) -> Reply {
        if std::mem::replace(&mut self.is_fresh, true) {
            self.expect(Verdict::Error);
        }
        self.token += 1;
        Reply::wants_token(request)
    }

    /// The page that belongs to an address.
    fn page(&mut self, request: &Request, ordinal: usize) -> Page {
        let Plan { style, names, .. } = &self.plan;
        let cursor = request.query("cursor").and_then(|cursor| cursor.parse::<usize>().ok());
        let after = request.query("last").map(|last| names.partition_point(|name| *name <= last));
        let from = match style {
            Style::Whole => 0,
            Style::Opaque => cursor.map_or(0, |cursor| self.cursors[cursor]),
            Style::Linked | Style::Silent => after.unwrap_or_default(),
        };
        let size = match style {
            Style::Whole => names.len(),
            _ => self.plan.sizes[ordinal % self.plan.sizes.len()],
        };
        // A client that starts over gets the same pages again.
        let turn = if from == 0 && cursor.is_none() { 0 } else { ordinal };
        let oddity = self.plan.oddities.get(turn).copied().flatten();
        // By its last name alone a page without any has no way on.
        let size = if oddity == Some(Oddity::Empty) && *style == Style::Opaque { 0 } else { size };
        let to = (from + size).min(names.len());
        let mut entries: Vec<String> = names[from..to].to_vec();
        let goes_on = to < names.len() && matches!(style, Style::Linked | Style::Opaque);
        self.shown.swap(0, 1);
        let former = &self.shown[0];
        let is_later = turn > 0 && !former.is_empty();
        match oddity {
            Some(Oddity::Overlap(count)) if is_later => {
                let again = former[former.len() - count.min(former.len())..].to_vec();
                entries.splice(0..0, again);
            }
            Some(Oddity::Again) if is_later && goes_on && !self.had_noise => {
                entries = former.clone();
                self.verdict = Verdict::Error;
            }
            _ => {}
        }
        self.shown[1] = entries.clone();
        let link = goes_on.then(|| self.link(request, to, oddity));
        let mut entries: Vec<serde_json::Value> = entries.into_iter().map(Into::into).collect();
        self.had_noise = oddity == Some(Oddity::Noise) && !entries.is_empty();
        if self.had_noise {
            entries.splice(0..0, ["".into(), "Not A Name".into(), serde_json::Value::Null]);
        }
        Page { entries, link }
    }

    /// The `Link` header of a page after which the list continues at `to`.
    fn link(&mut self, request: &Request, to: usize, oddity: Option<Oddity>) -> String {
        let host = request.header("host").expect("a host").to_owned();
        let path = request.path().to_owned();
        let query = if self.plan.style == Style::Opaque || to == 0 {
            self.cursors.push(to);
            format!("cursor={}", self.cursors.len() - 1)
        } else {
            let last = &self.plan.names[to - 1];
            format!("n={}&last={}", self.plan.page_size, last.replace('/', "%2F"))
        };
        let next = format!("{path}?{query}");
        let wrong = match oddity {
            Some(Oddity::Elsewhere) => format!("<http://127.0.0.2:1{next}>; rel=\"next\""),
            Some(Oddity::WithUser) => format!("<http://ann:x@{host}{next}>; rel=\"next\""),
            Some(Oddity::Unreadable) => format!("<{next}; rel=\"next\""),
            Some(Oddity::Itself) => format!("<{}>; rel=\"next\"", request.target),
            Some(Oddity::Beginning) => format!("<{}>; rel=\"next\"", self.pages[0]),
            Some(Oddity::Written(manner)) => return written(manner, &host, &path, &query),
            _ => return format!("<{next}>; rel=\"next\""),
        };
        self.verdict = Verdict::Error;
        wrong
    }
}

/// The manners in which registries write where the next page is.
fn written(manner: usize, host: &str, path: &str, query: &str) -> String {
    match manner {
        0 => format!("<http://{host}{path}?{query}>; rel=\"next\""),
        1 => format!("<?{query}>; rel=\"next\""),
        2 => format!("<{path}?{query}>"),
        3 => format!("<{path}?{query}>;rel=next"),
        4 => format!("<{path}?x=y>; rel=\"prev\", <{path}?{query}>; title=\"a, b\"; rel=\"NEXT last\""),
        // The prefix of a proxy in front is lost.
        5 => format!("</lost/v2/_catalog?{query}>; rel=\"next\""),
        6 => format!("<//{host}{path}?{query}>; rel=\"next\""),
        7 => format!("{path}?{query}; rel=\"next\""),
        _ => format!("<{path}?{query}#top>; rel=\"next\""),
    }
}

fn body_of(page: &Page) -> String {
    if page.entries.is_empty() && page.link.is_none() {
        return r#"{"repositories":null}"#.to_owned();
    }
    serde_json::json!({ "repositories": page.entries }).to_string()
}

fn reply(page: &Page) -> Reply {
    let reply = Reply::json(body_of(page));
    match &page.link {
        Some(link) => reply.header("Link", link.as_str()),
        None => reply,
    }
}

/// A page of whose body a part is sent, in hundredths; at least one byte is missing.
fn cut(page: &Page, part: u8) -> Reply {
    let body = body_of(page);
    let length = body.len();
    reply(page).header("Content-Length", length.to_string()).body(first_part(body, part))
}

/// The same where nothing says how long it would have been.
fn of_unknown_length(page: &Page, part: u8) -> Reply {
    let link = page.link.as_ref().map(|link| format!("Link: {link}\r\n")).unwrap_or_default();
    let head = format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n{link}\r\n");
    Reply::raw(head + &first_part(body_of(page), part))
}

fn first_part(mut body: String, part: u8) -> String {
    body.truncate((body.len() * usize::from(part) / 100).min(body.len() - 1));
    body
}
