use serde::{Deserialize, Serialize};
use thiserror::Error;
use uuid::Uuid;

/// Why a text is not a mail domain.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum DomainError {
    /// Fewer than two labels.
    #[error("the domain {0:?} needs at least two labels, as in example.org")]
    OneLabel(String),
    /// An empty label, or one beginning with a hyphen, or longer than 63 octets.
    #[error("the domain {0:?} has a label that is empty, too long or begins with a hyphen")]
    Label(String),
    /// A character no host name has.
    #[error("{1:?} may not stand in the domain {0:?}")]
    Character(String, char),
}

/// Checks a host name: at least two labels of letters, digits and hyphens; UTF-8 labels must be valid IDNA 2008.
pub fn check_domain(domain: &str) -> Result<(), DomainError> {
    let ascii = if domain.is_ascii() {
        domain.to_owned()
    } else {
        idna::domain_to_ascii(domain).map_err(|_| DomainError::Label(domain.to_owned()))?
    };
    if let Some(c) = ascii.chars().find(|c| !c.is_ascii_alphanumeric() && *c != '-' && *c != '.') {
        return Err(DomainError::Character(domain.to_owned(), c));
    }
    let labels: Vec<_> = ascii.split('.').collect();
    if labels.len() < 2 {
        return Err(DomainError::OneLabel(domain.to_owned()));
    }
    if labels.iter().any(|l| l.is_empty() || l.len() > 63 || l.starts_with('-')) {
        return Err(DomainError::Label(domain.to_owned()));
    }
    Ok(())
}

/// A mail domain that lists live in.
#[derive(Clone, PartialEq, Eq, Debug, Serialize, Deserialize)]
pub struct Domain {
    /// Its key.
    pub id: Uuid,
    /// `lists.example.org`, lower case.
    pub mail_host: String,
    /// A line for people; may be empty.
    pub description: String,
    /// Another name under which mail for these lists arrives (a Postfix virtual alias domain), if any.
    pub alias_domain: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn table() {
        for good in ["a.b", "lists.example.org", "xn--bcher-kva.example", "bücher.example"] {
            assert_eq!(check_domain(good), Ok(()), "{good}");
        }
        for bad in ["", "localhost", ".org", "a..b", "-a.b", "a_b.c", "a b.c"] {
            assert!(check_domain(bad).is_err(), "{bad}");
        }
    }
}
