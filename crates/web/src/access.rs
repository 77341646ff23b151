//! Who may see what: links that let an operator in, sessions, and proof that a form is ours.

mod cookie;
mod login;
mod origin;
mod sessions;

use std::path::PathBuf;

use posthaste_model::Timestamp;
use posthaste_watch::{Key, Keys};

pub(crate) use self::cookie::Cookie;
pub(crate) use self::login::Link;
pub use self::origin::BaseUrl;
pub(crate) use self::origin::{is_our_host, is_this_machine, same_origin};
pub(crate) use self::sessions::Session;
use self::sessions::Sessions;

/// Everything that is known about operators who are let in.
pub(crate) struct Access {
    login: Key,
    forms: Key,
    sessions: Sessions,
}

impl Access {
    /// Keeps sessions in `file`, if one is named, so that nobody is thrown out by a restart.
    pub(crate) fn new(keys: &Keys, file: Option<PathBuf>) -> Self {
        Self {
            login: keys.key("ops login"),
            forms: keys.key("ops forms"),
            sessions: Sessions::open(keys.key("ops session"), file),
        }
    }

    /// A link that lets `name` in once, within ten minutes.
    pub(crate) fn invite(&self, name: &str, now: Timestamp) -> String {
        login::invite(&self.login, name, now)
    }

    /// What a link says, if we made it and it still holds.
    pub(crate) fn link(&self, token: &str, now: Timestamp) -> Option<Link> {
        login::read(&self.login, token, now).filter(|link| !self.sessions.is_used(&link.nonce))
    }

    /// Uses a link up and opens a session. The secret for the cookie; `None` if somebody was faster.
    pub(crate) fn enter(&self, link: &Link, now: Timestamp) -> Option<String> {
        self.sessions.open_by(link, now)
    }

    /// The session of this cookie, if there is one and it has not ended.
    pub(crate) fn session(&self, secret: &str, now: Timestamp) -> Option<Session> {
        self.sessions.get(secret, now)
    }

    /// Ends a session.
    pub(crate) fn leave(&self, session: &Session) {
        self.sessions.remove(session);
    }

    /// What a form of this session for this route carries to prove that it is ours.
    pub(crate) fn form_token(&self, session: &Session, route: &str) -> String {
        encode(&self.forms.tag(&[session.id.as_bytes(), route.as_bytes()]))
    }

    /// True if that is what the form carries.
    pub(crate) fn form_holds(&self, session: &Session, route: &str, token: &str) -> bool {
        decode(token).is_some_and(|tag| {
            tag.len() == 32 && self.forms.verify(&[session.id.as_bytes(), route.as_bytes()], &tag)
        })
    }
}

/// Base64url without padding (RFC 4648 §5): safe in paths, cookies and forms.
fn encode(bytes: &[u8]) -> String {
    data_encoding::BASE64URL_NOPAD.encode(bytes)
}

fn decode(text: &str) -> Option<Vec<u8>> {
    data_encoding::BASE64URL_NOPAD.decode(text.as_bytes()).ok()
}

/// So many random octets, in letters; from the system's source.
///
/// Without that source nobody gets a secret that others could guess: the request ends in an error.
fn random<const N: usize>() -> Option<String> {
    use rand::TryRngCore;
    let mut bytes = [0; N];
    match rand::rngs::OsRng.try_fill_bytes(&mut bytes) {
        Ok(()) => Some(encode(&bytes)),
        Err(error) => {
            tracing::error!(%error, "the system has no random numbers");
            None
        }
    }
}

/// True if both are the same, in a time that tells nothing about `secret`: what is compared are tags under a key that
/// nobody has.
pub(crate) fn same(secret: &str, shown: &str) -> bool {
    use rand::TryRngCore;
    let mut key = [0; 32];
    if rand::rngs::OsRng.try_fill_bytes(&mut key).is_err() {
        return false;
    }
    let key = Keys::from_secret(key).key("comparing");
    key.verify(&[shown.as_bytes()], &key.tag(&[secret.as_bytes()]))
}

/// A word that no page of somebody else can know; for the policy of one page.
pub(crate) fn nonce() -> Option<String> {
    random::<16>()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_micros(seconds * 1_000_000)
    }

    fn access() -> Access {
        Access::new(&Keys::from_secret([7; 32]), None)
    }

    fn enter(access: &Access, name: &str) -> Session {
        let link = access.link(&access.invite(name, at(0)), at(1)).unwrap();
        let secret = access.enter(&link, at(1)).unwrap();
        access.session(&secret, at(2)).unwrap()
    }

    #[test]
    fn a_link_lets_in_once_and_for_ten_minutes() {
        let access = access();
        let token = access.invite("Anne", at(0));
        assert!(access.link(&token, at(601)).is_none(), "too late");
        assert!(access.link(&token, at(-1)).is_none(), "made in the future: not by us");
        let link = access.link(&token, at(600)).unwrap();
        assert_eq!(link.name, "Anne");
        assert!(access.link(&token, at(600)).is_some(), "looking does not use it up");
        let secret = access.enter(&link, at(600)).unwrap();
        assert!(access.enter(&link, at(600)).is_none(), "the second of two at once");
        assert!(access.link(&token, at(600)).is_none());
        assert_eq!(access.session(&secret, at(600)).unwrap().name, "Anne");
        assert_ne!(secret, access.session(&secret, at(600)).unwrap().id, "the secret itself is not kept");
    }

    #[test]
    fn no_other_link_lets_in() {
        let access = access();
        let token = access.invite("Anne", at(0));
        let other = Access::new(&Keys::from_secret([8; 32]), None).invite("Anne", at(0));
        let session = enter(&access, "Bart");
        let form = access.form_token(&session, "/ops/logout");
        let mut cut = token.clone();
        cut.pop();
        for wrong in ["", ".", "..", "a.b.c.d", &other, &cut, &form, &token.replace('.', "")] {
            assert!(access.link(wrong, at(1)).is_none(), "{wrong}");
        }
        // Any character but the last, which holds two bits that mean nothing.
        for place in 0..token.len() - 1 {
            let mut bytes = token.clone().into_bytes();
            bytes[place] = if bytes[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(bytes).unwrap();
            assert!(access.link(&changed, at(1)).is_none(), "{changed}");
        }
    }

    #[test]
    fn a_form_holds_for_one_session_and_one_route() {
        let access = access();
        let (anne, bart) = (enter(&access, "Anne"), enter(&access, "Bart"));
        let token = access.form_token(&anne, "/ops/logout");
        assert!(access.form_holds(&anne, "/ops/logout", &token));
        assert!(!access.form_holds(&bart, "/ops/logout", &token), "bound to the session (CVE-2021-42097)");
        assert!(!access.form_holds(&anne, "/ops/alerts/{id}/ack", &token), "and to the route");
        for wrong in ["", "x", token.get(..22).unwrap()] {
            assert!(!access.form_holds(&anne, "/ops/logout", wrong), "{wrong}");
        }
    }

    #[test]
    fn sessions_end_by_leaving_idling_and_age() {
        let access = access();
        let day = 86_400;
        let link = access.link(&access.invite("Anne", at(0)), at(0)).unwrap();
        let secret = access.enter(&link, at(0)).unwrap();
        for days in [13, 26, 39, 52] {
            assert!(access.session(&secret, at(days * day)).is_some(), "used every 13 days: day {days}");
        }
        assert!(access.session(&secret, at(60 * day + 1)).is_none(), "after 60 days in any case");
        let link = access.link(&access.invite("Anne", at(0)), at(0)).unwrap();
        let secret = access.enter(&link, at(0)).unwrap();
        assert!(access.session(&secret, at(14 * day + 1)).is_none(), "not used for 14 days");
        let anne = enter(&access, "Anne");
        let bart = enter(&access, "Bart");
        access.leave(&anne);
        assert!(!access.sessions.has(&anne) && access.sessions.has(&bart));
    }

    #[test]
    fn a_restart_throws_nobody_out_and_no_link_works_twice() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("sessions.json");
        let keys = Keys::from_secret([7; 32]);
        let access = Access::new(&keys, Some(file.clone()));
        let token = access.invite("Anne", at(0));
        let link = access.link(&token, at(0)).unwrap();
        let secret = access.enter(&link, at(0)).unwrap();
        let text = std::fs::read_to_string(&file).unwrap();
        assert!(!text.contains(&secret), "a thief of the file gets no session");
        let again = Access::new(&keys, Some(file.clone()));
        assert!(again.session(&secret, at(1)).is_some());
        assert!(again.link(&token, at(1)).is_none(), "used before the restart");
        std::fs::write(&file, "{torn").unwrap();
        assert!(Access::new(&keys, Some(file)).session(&secret, at(1)).is_none(), "torn: log in again");
    }
}
