use bytes::Bytes;
use data_encoding::BASE64;

use super::connection::{Connection, lost};
use super::relay::Login;
use super::session::Trouble;
use crate::Reply;

/// Logs in (RFC 4954) by PLAIN (RFC 4616), or by LOGIN where the relay has only that.
pub(crate) async fn log_in(connection: &mut Connection, login: &Login) -> Result<(), Trouble> {
    let offered = |name: &str| connection.capabilities.auth.iter().any(|mechanism| mechanism == name);
    let (plain, old) = (offered("PLAIN"), offered("LOGIN"));
    let limit = connection.timeouts.reply;
    let reply = if plain {
        let secret = BASE64.encode(format!("\0{}\0{}", login.user, login.password).as_bytes());
        connection.ask(Some(Bytes::from(format!("AUTH PLAIN {secret}\r\n"))), limit).await?
    } else if old {
        let mut reply = connection.ask(Some(Bytes::from_static(b"AUTH LOGIN\r\n")), limit).await?;
        for answer in [&login.user, &login.password] {
            if reply.code != 334 {
                break;
            }
            let line = format!("{}\r\n", BASE64.encode(answer.as_bytes()));
            reply = connection.ask(Some(Bytes::from(line)), limit).await?;
        }
        reply
    } else {
        return Err(lost(
            "the relay offers neither AUTH PLAIN nor AUTH LOGIN: many do so only over TLS; set tls, or remove user \
             and password",
        ));
    };
    if reply.is_positive() { Ok(()) } else { Err(refused(&login.user, &reply)) }
}

fn refused(user: &str, reply: &Reply) -> Trouble {
    lost(format_args!("the relay refused the login of {user:?}: {reply}; check user and password"))
}
