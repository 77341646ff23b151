//! The LMTP and SMTP server.
