//! The SMTP client: sends what lists deliver to the relay.
