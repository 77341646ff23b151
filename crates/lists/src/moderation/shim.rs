use posthaste_mime::{Message, Text};
pub(crate) fn first_text(message: &Message) -> Option<String> {
    Text::read(message).ok().map(|t| t.content)
}
pub(crate) fn take_password(message: &mut Message) -> Option<String> {
    let found = message.head.text("Approved");
    message.head.remove("Approved");
    found.map(|p| p.trim().to_owned())
}
pub(crate) fn verify_password(password: &str, hash: &str) -> bool {
    !password.is_empty() && password == hash
}
