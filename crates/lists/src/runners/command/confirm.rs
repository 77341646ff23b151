//! `confirm`, and answers to notices for moderators.

use posthaste_model::TokenOwner;

use super::{Commands, Said, Session, Trouble};
use crate::commands::{Ruling, first_words};
use crate::subscription::{Answer, Asking, Refusal, Verdict};

impl Commands {
    pub(super) async fn confirm(
        &self,
        session: &mut Session<'_>,
        asking: &Asking<'_>,
        token: &str,
    ) -> Result<Said, Trouble> {
        let sender = session.sender.address.clone();
        let Some(request) = session.desk.find(asking, token).await? else {
            return Ok(self.say(session, &Answer::Refused(Refusal::NoMatch), &sender));
        };
        let settled = match request.owner {
            TokenOwner::Subscriber => session.desk.confirmed(asking, &request).await?,
            // The same mail again, after a crash: what was asked of the moderators stands.
            TokenOwner::Moderator if request.id == asking.deed.uuid() => {
                session.desk.confirmed(asking, &request).await?
            }
            TokenOwner::Moderator => {
                // Only moderators have this token. To answer is not to agree: they have to say what they want.
                let verdict = match (session.quiet, first_words(session.message)) {
                    (false, _) | (true, Ruling::Accept) => Verdict::Accept,
                    (true, Ruling::Reject(reason)) => Verdict::Reject(reason),
                    (true, Ruling::Discard) => Verdict::Discard,
                    (true, Ruling::Unclear) => {
                        return Ok(Said::trouble(self.phrase(session, "command.decide_how", &[])));
                    }
                };
                session.desk.decided(asking, &request, &verdict).await?
            }
        };
        session.born.extend(settled.born);
        Ok(self.say(session, &settled.answer, &request.address))
    }

    /// Whoever has the address wants no more mail that nobody asked for.
    pub(super) async fn never(&self, session: &Session<'_>, token: &str) -> Result<Said, Trouble> {
        Ok(if session.desk.never(token, "by mail").await? {
            Said::line(self.phrase(session, "command.never", &[]))
        } else {
            self.say(session, &Answer::Refused(Refusal::NoMatch), &session.sender.address)
        })
    }
}
