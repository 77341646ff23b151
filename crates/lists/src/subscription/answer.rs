use posthaste_model::Address;

/// What came of something that was asked for.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Answer {
    /// It is done: this address has joined.
    Joined(Address),
    /// It is done: this address has left.
    Left(Address),
    /// It is done: this member's settings are changed.
    Changed(Address),
    /// A mail went to this address; its answer is waited for.
    Asked(Address),
    /// A moderator's word is waited for.
    Waits(Address),
    /// A moderator turned it down.
    Declined(Address),
    /// It is not done.
    Refused(Refusal),
}

/// Why something is not done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Refusal {
    /// The address is a member already.
    Member,
    /// The address is no member.
    NoMember,
    /// The address is banned.
    Banned,
    /// The address is one of the list's own.
    OwnAddress,
    /// The same was asked for before and waits for a moderator.
    Waiting,
    /// Whoever has the address wants no mail of this kind.
    Blocked,
    /// Enough mails of this kind went to this address, or were asked for from this network.
    Rationed,
    /// Nothing waits under this token: it is wrong, was used, or its time is over.
    NoMatch,
}

impl Answer {
    /// The phrase that says so, and the address it is about; `about` if the answer names none.
    pub(crate) fn phrase<'a>(&'a self, about: &'a str) -> (&'static str, &'a str) {
        match self {
            Self::Joined(address) => ("membership.joined", address.as_str()),
            Self::Left(address) => ("membership.left", address.as_str()),
            Self::Changed(address) => ("membership.changed", address.as_str()),
            Self::Asked(address) => ("membership.asked", address.as_str()),
            Self::Waits(address) => ("membership.waits", address.as_str()),
            Self::Declined(address) => ("membership.declined", address.as_str()),
            Self::Refused(why) => (why.phrase(), about),
        }
    }
}

impl Refusal {
    /// The phrase that says so.
    pub(crate) const fn phrase(self) -> &'static str {
        match self {
            Self::Member => "membership.already",
            Self::NoMember => "membership.none",
            Self::Banned => "membership.banned",
            Self::OwnAddress => "membership.own_address",
            Self::Waiting => "membership.waiting",
            Self::Blocked | Self::Rationed => "membership.rationed",
            Self::NoMatch => "membership.no_match",
        }
    }
}
