//! From what a mail says and where it came back to, to whose failure it is.

use super::named::Named;
use super::reading::{Failure, Mail, Reading};

/// Failures taken from one mail.
const MOST: usize = 200;

/// A failure of one address.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Told {
    /// Whose.
    pub address: String,
    /// Nobody else can have said so.
    pub proven: bool,
    /// What was said.
    pub failure: Failure,
}

/// What a mail to `-bounces` comes to.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Finding {
    /// Failures of the post with this Message-ID, which may be empty.
    Failures {
        /// Whose, and why.
        told: Vec<Told>,
        /// The post.
        about: String,
    },
    /// A probe came back.
    Probe {
        /// Its token.
        token: String,
        /// Why.
        failure: Failure,
    },
    /// Nothing to count: a delay, a vacation notice; and which.
    Nothing(&'static str),
    /// A person has to look.
    Unread,
}

/// Puts `mail` and the addresses of ours it came to together. A name of ours is worth more than what the text says:
/// servers that forward mail report addresses we never wrote to.
pub fn find(names: &[Named], mail: Mail, null_path: bool) -> Finding {
    let token =
        names.iter().find_map(|n| if let Named::Probe(token) = n { Some(token.clone()) } else { None });
    let reading = match mail {
        Mail::Answer(kind) => return Finding::Nothing(kind),
        Mail::Report(reading) => reading,
        // Whatever answers a probe under the null path is its report, readable or not.
        Mail::Unknown if null_path => match token {
            Some(token) => return Finding::Probe { token, failure: nothing_said() },
            None => return Finding::Unread,
        },
        Mail::Unknown | Mail::Complaint(_) => return Finding::Unread,
    };
    if reading.failed.is_empty() {
        return Finding::Nothing("delay");
    }
    if let Some(token) = token {
        let failure = reading.failed.into_iter().next().unwrap_or_else(nothing_said);
        return Finding::Probe { token, failure };
    }
    let told = told(names, &reading);
    Finding::Failures { told, about: reading.about }
}

fn told(names: &[Named], reading: &Reading) -> Vec<Told> {
    let copies: Vec<(&str, bool)> = names
        .iter()
        .filter_map(|n| {
            if let Named::Copy { address, signed } = n { Some((address.as_str(), *signed)) } else { None }
        })
        .collect();
    // Beside a signed name the others are what anybody may have written into a header.
    let signed = copies.iter().any(|(_, signed)| *signed);
    let named = copies.iter().filter(|(_, s)| *s == signed).map(|(address, proven)| {
        let same = reading.failed.iter().find(|f| f.address.eq_ignore_ascii_case(address));
        let failure = same.or(reading.failed.first()).cloned().unwrap_or_else(nothing_said);
        Told { address: (*address).to_owned(), proven: *proven, failure }
    });
    let mut told: Vec<Told> = named.take(MOST).collect();
    if told.is_empty() {
        let failed = reading.failed.iter().take(MOST);
        told =
            failed.map(|f| Told { address: f.address.clone(), proven: false, failure: f.clone() }).collect();
    }
    told
}

fn nothing_said() -> Failure {
    Failure { address: String::new(), status: String::new(), diagnostic: String::new() }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn failure(address: &str) -> Failure {
        Failure { address: address.into(), status: "5.1.1".into(), diagnostic: format!("no {address}") }
    }

    fn report(failed: &[&str]) -> Mail {
        let failed = failed.iter().map(|a| failure(a)).collect();
        Mail::Report(Reading { failed, about: "<1@x>".into(), ..Reading::default() })
    }

    fn copy(address: &str, signed: bool) -> Named {
        Named::Copy { address: address.into(), signed }
    }

    fn addresses(finding: &Finding) -> Vec<(&str, bool, &str)> {
        let Finding::Failures { told, .. } = finding else { return vec![] };
        told.iter().map(|t| (t.address.as_str(), t.proven, t.failure.address.as_str())).collect()
    }

    #[test]
    fn a_name_of_ours_is_worth_more_than_the_text() {
        let found = find(&[copy("anne@x.org", false)], report(&["other@y.org", "ANNE@x.org"]), true);
        assert_eq!(addresses(&found), [("anne@x.org", false, "ANNE@x.org")]);
        let found =
            find(&[copy("bart@x.org", false), copy("anne@x.org", true)], report(&["other@y.org"]), true);
        assert_eq!(addresses(&found), [("anne@x.org", true, "other@y.org")]);
        let found = find(&[copy("bart@x.org", false), copy("anne@x.org", false)], report(&["z@y.org"]), true);
        assert_eq!(addresses(&found).len(), 2);
        let found = find(&[], report(&["a@x.org", "b@x.org"]), true);
        assert_eq!(addresses(&found), [("a@x.org", false, "a@x.org"), ("b@x.org", false, "b@x.org")]);
    }

    #[test]
    fn only_failures_count() {
        let anne = [copy("anne@x.org", true)];
        let delayed = Mail::Report(Reading { delayed: vec![failure("anne@x.org")], ..Reading::default() });
        assert_eq!(find(&anne, delayed, true), Finding::Nothing("delay"));
        assert_eq!(find(&anne, Mail::Answer("vacation"), true), Finding::Nothing("vacation"));
        assert_eq!(find(&anne, Mail::Unknown, true), Finding::Unread);
        let probe = [Named::Probe("t".into())];
        assert!(matches!(find(&probe, report(&["x@y.org"]), false), Finding::Probe { .. }));
        assert!(matches!(find(&probe, Mail::Unknown, true), Finding::Probe { .. }));
        assert_eq!(find(&probe, Mail::Unknown, false), Finding::Unread, "a person answered it");
        assert_eq!(find(&probe, Mail::Answer("vacation"), true), Finding::Nothing("vacation"));
    }
}
