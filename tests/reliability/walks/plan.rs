//! What one registry will do: drawn by lot, and the same for the same number.

use std::collections::BTreeSet;

use fastrand::Rng;

/// A registry's way to put a list into pages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Style {
    /// Each page says where the next is, by the last name.
    Linked,
    /// The same by a text that means nothing to others. Request for what comes after a name, it begins at the
    /// beginning.
    Opaque,
    /// A full page is followed by another; nothing says so.
    Silent,
    /// Everything on one page, whatever size is requested.
    Whole,
}

/// What happens to one request for a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The connection ends without a reply.
    Close,
    /// The connection is reset without a reply.
    Reset,
    /// The reply ends early, after this part (in hundredths) of its body.
    Truncate(u8),
    /// The connection is reset after that part.
    ResetInBody(u8),
    /// A status that passes, `Retry-After: 0` with it.
    Passing(u16),
    /// The token counts no longer. Without tokens it is as good as nothing.
    Revoke,
    /// The reply ends early and does not say how long it would have been.
    EndUnnoticed(u8),
    /// A status that does not pass.
    Final(u16),
    /// A page for people.
    Html,
    /// Not JSON.
    Garbage,
    /// JSON, but no list.
    NoList,
}

/// What is wrong, or only odd, with a page.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Oddity {
    /// The page begins with this many names of the one before.
    Overlap(usize),
    /// The page has entries that are no names.
    Noise,
    /// The page is empty, although the list continues.
    Empty,
    /// The way to the next page is written in this manner.
    Written(usize),
    /// It leads to another host.
    Elsewhere,
    /// It has a user's name in it.
    WithUser,
    /// It cannot be read.
    Unreadable,
    /// It leads to this page again.
    Itself,
    /// It leads to the first page again.
    Beginning,
    /// The page is the former one again, with another way on.
    Again,
}

/// How many manners there are to write where the next page is.
pub const MANNERS: usize = 9;

/// How a registry wants to know who asks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Login {
    None,
    Basic,
    Bearer,
}

/// One registry and its list.
#[derive(Debug, Clone)]
pub struct Plan {
    pub number: u64,
    pub style: Style,
    pub login: Login,
    /// The whole truth.
    pub names: Vec<String>,
    /// How many names the client asks for.
    pub page_size: usize,
    /// How many names there are on each page, in turn.
    pub sizes: Vec<usize>,
    /// The requested page size is refused at first.
    pub refuses_size: bool,
    /// What happens to the requests for each page, one attempt after the other.
    pub faults: Vec<Vec<Fault>>,
    /// What is odd about each page.
    pub oddities: Vec<Option<Oddity>>,
}

impl Plan {
    /// The plan of this number. `hasty` leaves out what the program waits for before it tries again.
    pub fn draw(number: u64, hasty: bool) -> Self {
        let mut rng = Rng::with_seed(number);
        let style = any(&[Style::Linked, Style::Linked, Style::Opaque, Style::Silent, Style::Whole], &mut rng);
        let most = if style == Style::Whole && rng.u8(0..20) == 0 { 6000 } else { 40 };
        let names =
            (0..rng.usize(0..=most)).map(|index| format!("team-{}/app-{index:05}", index / 7)).collect::<BTreeSet<_>>();
        let page_size = rng.usize(1..=8);
        let sizes = match style {
            // It has no say in it, or what it says is always the same.
            Style::Silent => vec![page_size],
            Style::Opaque => vec![rng.usize(1..=9)],
            Style::Linked | Style::Whole => (0..rng.usize(1..=4)).map(|_| rng.usize(1..=9)).collect(),
        };
        let linked = matches!(style, Style::Linked | Style::Opaque);
        let calm = rng.u8(0..8) == 0;
        let faults = (0..24).map(|_| if calm { Vec::new() } else { faults(&mut rng, hasty) }).collect();
        let oddities = (0..24).map(|_| if calm || !linked { None } else { oddity(&mut rng) }).collect();
        let login = any(&[Login::None, Login::Basic, Login::Bearer, Login::Bearer], &mut rng);
        let refuses_size = linked && rng.u8(0..8) == 0;
        let names = names.into_iter().collect();
        Self { number, style, login, names, page_size, sizes, refuses_size, faults, oddities }
    }
}

/// Most pages come at once, some after a few attempts, hardly any never.
fn faults(rng: &mut Rng, hasty: bool) -> Vec<Fault> {
    let count = match rng.u8(0..40) {
        0..28 => 0,
        28..34 => 1,
        34..37 => 2,
        37 => 3,
        38 => 4,
        _ => return vec![any(FINAL, rng)],
    };
    (0..count).map(|_| passing(rng, hasty)).collect()
}

const FINAL: &[Fault] = &[
    Fault::Final(403),
    Fault::Final(401),
    Fault::Final(400),
    Fault::Final(418),
    Fault::Html,
    Fault::Garbage,
    Fault::NoList,
    Fault::EndUnnoticed(0),
    Fault::EndUnnoticed(50),
    Fault::EndUnnoticed(99),
];

fn passing(rng: &mut Rng, hasty: bool) -> Fault {
    match rng.u8(if hasty { 4 } else { 0 }..10) {
        0 => Fault::Close,
        1 => Fault::Reset,
        2 => Fault::Truncate(rng.u8(0..=100)),
        3 => Fault::ResetInBody(rng.u8(0..=100)),
        4..8 => Fault::Passing(any(&[408, 429, 429, 500, 502, 503, 504], rng)),
        _ => Fault::Revoke,
    }
}

fn oddity(rng: &mut Rng) -> Option<Oddity> {
    Some(match rng.u8(0..60) {
        0..10 => Oddity::Overlap(rng.usize(1..=9)),
        10..14 => Oddity::Noise,
        14..18 => Oddity::Empty,
        18..40 => Oddity::Written(rng.usize(0..MANNERS)),
        40 => Oddity::Elsewhere,
        41 => Oddity::WithUser,
        42 => Oddity::Unreadable,
        43 => Oddity::Itself,
        44 => Oddity::Beginning,
        45 => Oddity::Again,
        _ => return None,
    })
}

fn any<T: Copy>(choices: &[T], rng: &mut Rng) -> T {
    choices[rng.usize(0..choices.len())]
}
