//! What it takes to join or leave. Pure.

use posthaste_model::SubscriptionPolicy;

/// Somebody asks to join: what counts.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[expect(clippy::struct_excessive_bools, reason = "each is one fact")]
pub struct JoinFacts {
    /// What the list wants.
    pub policy: SubscriptionPolicy,
    /// It was proved before that somebody reads this address, or whoever asks vouches for it.
    pub verified: bool,
    /// Nobody need ask this person again.
    pub pre_confirmed: bool,
    /// No moderator need be asked.
    pub pre_approved: bool,
    /// An owner invites.
    pub invitation: bool,
}

/// What is to be done next.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Step {
    /// Make the change.
    Act,
    /// Write to the address and wait for its answer.
    AskSubscriber,
    /// Write an invitation and wait for its answer.
    Invite,
    /// Wait for a moderator.
    AskModerator,
}

/// The first step to join.
pub fn begin_joining(facts: JoinFacts) -> Step {
    if facts.invitation {
        return Step::Invite;
    }
    if !facts.verified {
        return Step::AskSubscriber;
    }
    let asked_enough = facts.pre_confirmed;
    match facts.policy {
        SubscriptionPolicy::Open => Step::Act,
        SubscriptionPolicy::Confirm if asked_enough => Step::Act,
        SubscriptionPolicy::ConfirmThenModerate if asked_enough => gate(facts.pre_approved),
        SubscriptionPolicy::Moderate => gate(facts.pre_approved),
        SubscriptionPolicy::Confirm | SubscriptionPolicy::ConfirmThenModerate => Step::AskSubscriber,
    }
}

/// The step after the address has answered. Who was invited to this very list needs no moderator.
pub fn joining_confirmed(policy: SubscriptionPolicy, pre_approved: bool, invitation: bool) -> Step {
    after_answer(policy, pre_approved || invitation)
}

/// The first step to leave. `pre_confirmed` is a proof that it is the member who asks.
pub fn begin_leaving(policy: SubscriptionPolicy, pre_confirmed: bool, pre_approved: bool) -> Step {
    match policy {
        SubscriptionPolicy::Open => Step::Act,
        SubscriptionPolicy::Moderate => gate(pre_approved),
        SubscriptionPolicy::Confirm if pre_confirmed => Step::Act,
        SubscriptionPolicy::ConfirmThenModerate if pre_confirmed => gate(pre_approved),
        SubscriptionPolicy::Confirm | SubscriptionPolicy::ConfirmThenModerate => Step::AskSubscriber,
    }
}

/// The step after the member has answered.
pub fn leaving_confirmed(policy: SubscriptionPolicy, pre_approved: bool) -> Step {
    after_answer(policy, pre_approved)
}

fn after_answer(policy: SubscriptionPolicy, pre_approved: bool) -> Step {
    match policy {
        SubscriptionPolicy::Open | SubscriptionPolicy::Confirm => Step::Act,
        SubscriptionPolicy::Moderate | SubscriptionPolicy::ConfirmThenModerate => gate(pre_approved),
    }
}

const fn gate(pre_approved: bool) -> Step {
    if pre_approved { Step::Act } else { Step::AskModerator }
}

#[cfg(test)]
mod tests {
    use SubscriptionPolicy::{Confirm, ConfirmThenModerate, Moderate, Open};

    use super::Step::{Act, AskModerator, AskSubscriber, Invite};
    use super::*;

    /// Bits of a row: verified, confirmed before, approved before.
    fn first(policy: SubscriptionPolicy, bits: [bool; 3]) -> Step {
        let [verified, pre_confirmed, pre_approved] = bits;
        begin_joining(JoinFacts { policy, verified, pre_confirmed, pre_approved, invitation: false })
    }

    #[test]
    fn joining_all_policies_and_flags() {
        const N: bool = false;
        const Y: bool = true;
        for (bits, open, confirm, moderate, both) in [
            ([N, N, N], AskSubscriber, AskSubscriber, AskSubscriber, AskSubscriber),
            ([N, N, Y], AskSubscriber, AskSubscriber, AskSubscriber, AskSubscriber),
            ([N, Y, N], AskSubscriber, AskSubscriber, AskSubscriber, AskSubscriber),
            ([N, Y, Y], AskSubscriber, AskSubscriber, AskSubscriber, AskSubscriber),
            ([Y, N, N], Act, AskSubscriber, AskModerator, AskSubscriber),
            ([Y, N, Y], Act, AskSubscriber, Act, AskSubscriber),
            ([Y, Y, N], Act, Act, AskModerator, AskModerator),
            ([Y, Y, Y], Act, Act, Act, Act),
        ] {
            for (policy, wanted) in
                [(Open, open), (Confirm, confirm), (Moderate, moderate), (ConfirmThenModerate, both)]
            {
                assert_eq!(first(policy, bits), wanted, "{policy} {bits:?}");
                let [verified, pre_confirmed, pre_approved] = bits;
                let facts = JoinFacts { policy, verified, pre_confirmed, pre_approved, invitation: true };
                assert_eq!(begin_joining(facts), Invite, "an invitation always asks first");
            }
        }
    }

    #[test]
    fn joining_after_the_answer() {
        for (policy, plain, approved, invited) in [
            (Open, Act, Act, Act),
            (Confirm, Act, Act, Act),
            (Moderate, AskModerator, Act, Act),
            (ConfirmThenModerate, AskModerator, Act, Act),
        ] {
            assert_eq!(joining_confirmed(policy, false, false), plain, "{policy}");
            assert_eq!(joining_confirmed(policy, true, false), approved, "{policy}");
            assert_eq!(joining_confirmed(policy, false, true), invited, "{policy}");
        }
    }

    #[test]
    fn leaving_all_policies_and_flags() {
        for (policy, plain, confirmed, approved, both) in [
            (Open, Act, Act, Act, Act),
            (Confirm, AskSubscriber, Act, AskSubscriber, Act),
            (Moderate, AskModerator, AskModerator, Act, Act),
            (ConfirmThenModerate, AskSubscriber, AskModerator, AskSubscriber, Act),
        ] {
            assert_eq!(begin_leaving(policy, false, false), plain, "{policy}");
            assert_eq!(begin_leaving(policy, true, false), confirmed, "{policy}");
            assert_eq!(begin_leaving(policy, false, true), approved, "{policy}");
            assert_eq!(begin_leaving(policy, true, true), both, "{policy}");
        }
        for (policy, wanted) in
            [(Open, Act), (Confirm, Act), (Moderate, AskModerator), (ConfirmThenModerate, AskModerator)]
        {
            assert_eq!(leaving_confirmed(policy, false), wanted, "{policy}");
            assert_eq!(leaving_confirmed(policy, true), Act, "{policy}");
        }
    }
}
