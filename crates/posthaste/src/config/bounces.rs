use super::key::section;

section! {
    /// Reports of failure, and what they may do to a member. Each list decides more of it: `posthaste list show`.
    Bounces in "bounces" {
        /// Sign the sender of each personal copy, so that a report to it cannot be forged. Where the relay writes the senders
        /// itself (XVERP), they are not signed.
        live sign_senders: bool = true;
        /// Send a probe before delivery is switched off in any case. Without it one is sent only where the failures may be
        /// forged.
        live always_probe: bool = false;
    }
}
