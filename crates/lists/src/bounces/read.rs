//! From any bytes to what they say.

use posthaste_mime::Message;

use super::parts::{Part, parts};
use super::reading::Mail;
use super::returned::Returned;
use super::source::Source;
use super::{complaint, dsn, kinds, special, texts};

/// Reads what came to a `-bounces` address. `null_path`: its envelope sender was `<>`, as a report's is (RFC 5321 §6.1).
///
/// A report of a mail server's own form is believed; free text only from what can be a mail server.
pub fn read(message: &Message, null_path: bool) -> Mail {
    let parts = parts(message);
    let returned = Returned::of(&parts);
    if let Some(complaint) = complaint::read(&parts, &returned) {
        return Mail::Complaint(complaint);
    }
    let structured = dsn::read(&parts);
    if let Some(reading) = &structured
        && !(reading.failed.is_empty() && reading.delayed.is_empty())
    {
        let mut reading = reading.clone();
        reading.about = returned.message_id;
        return Mail::Report(reading);
    }
    if is_receipt(&parts) {
        return Mail::Answer("receipt");
    }
    let source = Source::new(message, &parts);
    if let Some(kind) = kinds::answer(message, &source) {
        return Mail::Answer(kind);
    }
    let reading = if kinds::may_be_report(message, &source, null_path) {
        special::read(&source).or_else(|| texts::read(&source))
    } else {
        None
    };
    // A text that says "later" is worth more than the field, which stands in both.
    let delay = reading.as_ref().is_some_and(|r| !r.delayed.is_empty());
    let header = special::failed_recipients(message, &source).filter(|_| !delay);
    if let Some(mut reading) = header.or(reading) {
        reading.about = returned.message_id;
        return Mail::Report(reading);
    }
    if structured.is_some() {
        return Mail::Answer("success");
    }
    if kinds::is_automatic(message) { Mail::Answer("automatic") } else { Mail::Unknown }
}

/// A read receipt (RFC 8098).
fn is_receipt(parts: &[Part]) -> bool {
    parts.iter().any(|p| {
        matches!(
            p.kind.as_str(),
            "message/disposition-notification" | "message/global-disposition-notification"
        )
    })
}
