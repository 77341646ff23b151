use super::key::section;

section! {
    /// What holds for the content of all posts, whatever their list says.
    Content in "content" {
        /// A message from which a list's content filter (`filter_content`) took something says so at its end.
        live filter_report: bool = false;
        /// Posts that a list's content filter refuses with `filter_action = preserve` are set aside in the queue, for
        /// `posthaste queue show`. Otherwise they are dropped.
        live preserve_filtered: bool = false;
        /// `max_message_size` of a list counts what its content filter leaves of a post, not what came.
        live limit_after_filter: bool = false;
    }
}
