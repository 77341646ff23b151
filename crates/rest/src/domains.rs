//! Mail domains.
