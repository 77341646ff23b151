use super::key::section;

section! {
    /// Commands that people send by mail to the -request address of a list.
    Commands in "commands" {
        /// So many lines of a mail are read as commands, besides its subject; what follows is named in the answer as
        /// ignored.
        live lines: usize = 10;
        /// So many answers to commands an address gets within a day, over all lists. Further mail is obeyed and not
        /// answered.
        live answers: usize = 20;
    }
}
