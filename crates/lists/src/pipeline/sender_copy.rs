use super::{Draft, Step, Stop};

/// An author who does not want their own posts back gets none.
pub(super) struct SenderCopy;

impl Step for SenderCopy {
    const NAME: &'static str = "sender-copy";

    fn apply(&self, draft: &mut Draft<'_>) -> Result<(), Stop> {
        let Some(author) = draft.post.senders().into_iter().next() else { return Ok(()) };
        if let Some(member) = draft.facts.member(&author)
            && member.preferences.receive_own_postings == Some(false)
        {
            draft.skip.insert(member.address.key().to_owned());
        }
        Ok(())
    }
}
