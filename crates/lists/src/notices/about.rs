use crate::post::Post;
use crate::reason::Reason;
use crate::site::Site;
use crate::templates::phrase;

/// What notices say of a post.
pub(crate) struct About {
    subject: String,
    sender: String,
    reasons: String,
}

impl About {
    /// In the language of who reads it.
    pub(crate) fn new(post: &Post, site: &Site, language: &str, reasons: &[Reason]) -> Self {
        let languages = [language, &site.default_language];
        let subject = post.subject();
        let blank = subject.trim().is_empty();
        let sender = post.senders().first().map(ToString::to_string);
        Self {
            subject: if blank { phrase("post.no_subject", &languages, &[]) } else { subject },
            sender: sender.unwrap_or_else(|| post.envelope.reverse_path.as_str().to_owned()),
            reasons: reasons.iter().map(|r| format!("    {}\n", r.in_language(&languages))).collect(),
        }
    }

    /// The variables `subject`, `sender_email` and `reasons`, each reason on an indented line.
    pub(crate) fn variables(&self) -> [(&'static str, &str); 3] {
        [("subject", &self.subject), ("sender_email", &self.sender), ("reasons", self.reasons.trim_end())]
    }
}
