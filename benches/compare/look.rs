//! Looking at images: long listings, storage, files and referrers.

use crate::clients::{Peer, requests_in};
use crate::pairs::compare;
use crate::servers::{Grid, LOWER_LAYER, Server};
use crate::suites::Bench;
use crate::table::Goal;

const TAGS: usize = 500;
const REPOSITORIES: Grid = Grid { repositories: 200, tags: 20 };

/// A goal, relative to `tags -d`: with a cache, a long listing sends the same requests.
const WARM: f64 = 1.3;

impl Bench {
    /// `tags -l` and `du`, the first time and with a cache; a file of the top layer, and referrers, beside other
    /// clients.
    pub fn look(&mut self) {
        self.listings();
        self.storage();
        self.contents();
    }

    fn listings(&mut self) {
        let server = Server::repository(TAGS, TAGS);
        let plan = |arguments: &[&str]| self.contestants.rls_at(&server, &[&["tags", "team/app"], arguments].concat());
        let (digests, cold, warm) = (plan(&["-d"]), plan(&["-l", "--no-cache"]), plan(&["-l"]));
        for (what, long, goal) in
            [("tags -l, 500 images, cold", &cold, None), ("tags -l, 500 images, warm", &warm, Some(Goal::Ratio(WARM)))]
        {
            self.table.row(what, "rls tags -d", &compare(long, &digests), goal);
            self.table.fact(what, requests_in(&long.with("--stats").message()) as f64, "requests", f64::INFINITY);
        }
    }

    fn storage(&mut self) {
        let server = Server::embedded(REPOSITORIES, 0);
        let [cold, warm] = [&["du", "--no-cache"][..], &["du"]].map(|words| self.contestants.rls_at(&server, words));
        let what = format!("du, {REPOSITORIES}, warm");
        self.table.row(&what, "rls du, cold", &compare(&warm, &cold), None);
        self.table.fact(&what, requests_in(&warm.with("--stats").message()) as f64, "requests", f64::INFINITY);
    }

    fn contents(&mut self) {
        let server = Server::content();
        let host = &server.host;
        let regctl = format!("regctl --host reg={host},tls=disabled");
        let script = |name, command: String| Peer { name, plan: self.contestants.script(name, &command, &server) };
        let file = [
            script("regctl", format!("{regctl} image get-file {host}/team/app:1 /etc/motd")),
            script("crane", format!("crane export --insecure {host}/team/app:1 - | tar -xO etc/motd")),
        ];
        let referrers = [
            script("oras", format!("oras discover --plain-http {host}/team/app:1")),
            script("regctl", format!("{regctl} artifact list {host}/team/app:1")),
        ];
        let above = format!("cat, a file above {} MiB", LOWER_LAYER >> 20);
        for (what, words, peers) in [
            (above.as_str(), &["cat", "team/app:1", "/etc/motd"][..], file),
            ("referrers", &["referrers", "team/app:1"], referrers),
        ] {
            let rls = self.contestants.rls_at(&server, words);
            self.table.fact(what, requests_in(&rls.with("--stats").message()) as f64, "requests", f64::INFINITY);
            for Peer { name, plan } in peers {
                let Some(plan) = plan else { continue };
                match plan.failure() {
                    Some(failure) => eprintln!("{what}: {name} {failure}"),
                    None => self.table.row(what, name, &compare(&rls, &plan), None),
                }
            }
        }
    }
}
