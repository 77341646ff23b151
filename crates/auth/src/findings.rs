use crate::arc::ArcChain;

/// What one check says (RFC 8601 §2.7).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Verdict {
    /// There was nothing to check.
    #[default]
    None,
    /// It holds.
    Pass,
    /// It does not.
    Fail,
    /// SPF: it hardly does.
    SoftFail,
    /// Nothing follows from it.
    Neutral,
    /// Our trouble, the DNS's above all: nobody could tell now.
    TempError,
    /// Their mistake: nobody can tell ever.
    PermError,
}

impl Verdict {
    /// Its name in Authentication-Results.
    pub const fn name(self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Pass => "pass",
            Self::Fail => "fail",
            Self::SoftFail => "softfail",
            Self::Neutral => "neutral",
            Self::TempError => "temperror",
            Self::PermError => "permerror",
        }
    }
}

/// One DKIM signature of a message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Signature {
    /// Who signed.
    pub domain: String,
    /// With which key.
    pub selector: String,
    /// Whether it holds.
    pub verdict: Verdict,
}

/// What a domain wants done with mail that only pretends to be from it (RFC 7489 §6.3).
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Policy {
    /// Nobody asked.
    #[default]
    Unasked,
    /// It says nothing, or that nothing is to be done.
    None,
    /// To the spam folder.
    Quarantine,
    /// Refuse it.
    Reject,
    /// The DNS did not tell.
    Trouble,
}

impl Policy {
    /// True if the author's mail is in danger once a list has changed it: the policy says so, or might.
    pub const fn forbids(self) -> bool {
        matches!(self, Self::Quarantine | Self::Reject | Self::Trouble)
    }
}

/// How the check went as a whole.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Checked {
    /// Nobody asked for it.
    #[default]
    No,
    /// It was done.
    Yes,
}

/// What is known of where a message is from.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Findings {
    /// Whether signatures were checked at all.
    pub checked: Checked,
    /// The DKIM signatures.
    pub signatures: Vec<Signature>,
    /// SPF; [`Verdict::None`] where we do not see the sender's host.
    pub spf: Verdict,
    /// DMARC.
    pub dmarc: Verdict,
    /// A signature that holds is of the author's own domain.
    pub aligned_signature: bool,
    /// The ARC chain.
    pub arc: ArcChain,
    /// What the author's domain wants done.
    pub policy: Policy,
    /// The value of our Authentication-Results field; `None` if nothing was checked.
    pub results: Option<String>,
}

impl Findings {
    /// The domains whose signatures hold; `None` if nobody looked.
    pub fn signed_by(&self) -> Option<Vec<String>> {
        let good = self.signatures.iter().filter(|s| s.verdict == Verdict::Pass);
        (self.checked == Checked::Yes).then(|| good.map(|s| s.domain.clone()).collect())
    }
}
