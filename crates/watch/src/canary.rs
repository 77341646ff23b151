//! The canary: a post of our own every half minute, through our own door, every stage, the relay, and back (P25).
//!
//! What it measures is what members see. Whatever breaks on the way, for whatever reason, it does not come back.

mod flights;
mod post;
mod token;

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use posthaste_lists::canary::{Keeper, Leg, Road};
use posthaste_mime::{make_message_id, rfc5322_date};
use posthaste_model::{Beat, Clock, ListName};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

pub use self::post::{Door, post};

use self::flights::{Flights, LIFE, Next};
use self::token::Token;
use crate::CanaryVitals;
use crate::Key;

/// How long our own door may take.
const PATIENCE: Duration = Duration::from_secs(20);

/// What is chosen about the canary.
#[derive(Clone, Debug)]
pub struct CanaryOptions {
    /// Its address.
    pub address: ListName,
    /// From one to the next.
    pub interval: Duration,
    /// One that is away for so long is missing.
    pub late: Duration,
    /// Our own LMTP listener.
    pub door: Door,
}

/// Sends canaries and waits for them.
pub struct Canary {
    options: CanaryOptions,
    key: Key,
    clock: Arc<dyn Clock>,
    flights: Mutex<Flights>,
    /// Signalled when one came back or left our queue.
    changed: Notify,
}

impl Canary {
    /// One that sends nothing yet.
    pub fn new(options: CanaryOptions, key: Key, clock: Arc<dyn Clock>) -> Self {
        let first = u32::try_from(clock.now().as_micros() / 1_000_000).unwrap_or_default();
        let flights = Mutex::new(Flights::new(first, options.interval, options.late));
        Self { options, key, clock, flights, changed: Notify::new() }
    }

    /// Sends one after the other until `stop`.
    pub async fn run(&self, stop: &CancellationToken, beat: &Beat) {
        loop {
            let changed = self.changed.notified();
            let next = self.flights().next(self.clock.monotonic());
            let wait = match next {
                Next::Launch => {
                    beat.busy("a canary");
                    self.launch().await;
                    continue;
                }
                Next::Wait(wait) => wait,
            };
            beat.waiting("the next canary");
            tokio::select! {
                () = stop.cancelled() => return,
                () = self.clock.sleep(wait) => {}
                () = changed => {}
            }
        }
    }

    /// The figures.
    pub fn vitals(&self) -> CanaryVitals {
        self.flights().vitals(self.clock.monotonic())
    }

    async fn launch(&self) {
        let number = self.flights().launch(self.clock.monotonic());
        let token = Token::new(number, self.clock.now());
        let to = self.address(token, Leg::Out);
        let message = self.message(number);
        let handing = post(&self.options.door, "", &to, message.as_bytes());
        let outcome = tokio::select! {
            outcome = handing => outcome,
            () = self.clock.sleep(PATIENCE) => Err(format!("our LMTP door did not answer within {} s", PATIENCE.as_secs())),
        };
        if let Err(error) = &outcome {
            tracing::warn!(error, "the canary could not be sent");
            self.flights().handed_over(outcome);
        }
    }

    fn message(&self, number: u32) -> String {
        let (name, now) = (&self.options.address, self.clock.now());
        let mut unique = [0; 16];
        for (to, from) in
            unique.iter_mut().zip(number.to_be_bytes().into_iter().chain(now.as_micros().to_be_bytes()))
        {
            *to = from;
        }
        let id = make_message_id(&unique, name.host());
        let date = rfc5322_date(now);
        format!(
            "From: {name}\r\nTo: {name}\r\nSubject: Canary {number}\r\nDate: {date}\r\nMessage-ID: {id}\r\n\
             Auto-Submitted: auto-generated\r\n\r\n\
             Posthaste sends itself this message to see that mail to its lists is being delivered.\r\n\
             It goes to nobody. If you can read it somewhere other than in a queue, something is\r\n\
             wrong: the mail server should hand mail for {name} to Posthaste.\r\n"
        )
    }

    fn address(&self, token: Token, leg: Leg) -> String {
        let name = &self.options.address;
        format!("{}+{}@{}", name.local(), token.extension(leg, &self.key), name.host())
    }

    fn token(&self, extension: &str) -> Option<(Leg, Token)> {
        Token::read(extension, &self.key)
    }

    /// A token of an earlier run of this server that may still come back without being a fault of anybody.
    fn is_young(&self, token: Token) -> bool {
        let now = u32::try_from(self.clock.now().as_micros() / 1_000_000).unwrap_or(u32::MAX);
        now.abs_diff(token.sent) < u32::try_from(LIFE.as_secs()).unwrap_or(u32::MAX)
    }

    fn flights(&self) -> MutexGuard<'_, Flights> {
        self.flights.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Keeper for Canary {
    fn name(&self) -> &ListName {
        &self.options.address
    }

    fn read(&self, extension: &str) -> Result<Leg, String> {
        let Some((leg, token)) = self.token(extension) else { return Err("its token is not ours".into()) };
        let flights = self.flights();
        let good = match leg {
            Leg::Out => flights.expected(token.number),
            Leg::Back => {
                flights.known(token.number) || (!flights.was_sent(token.number) && self.is_young(token))
            }
            // A report of failure for one that nobody waits for any more is no news, and must not bounce itself.
            Leg::Gone => true,
        };
        if good { Ok(leg) } else { Err("nobody waits for it any more".into()) }
    }

    fn arrived(&self, extension: &str) {
        let Some((leg, token)) = self.token(extension) else { return };
        let (now, wall) = (self.clock.monotonic(), self.clock.now());
        match leg {
            Leg::Out => self.flights().queued(token.number),
            Leg::Back => self.flights().returned(token.number, now, wall),
            Leg::Gone => self.flights().gone(token.number),
        }
        self.changed.notify_one();
    }

    fn road(&self, extension: &str) -> Option<Road> {
        let (_, token) = self.token(extension)?;
        let awaited = self.flights().awaited(token.number, self.clock.monotonic());
        awaited.then(|| Road {
            sender: self.address(token, Leg::Gone),
            recipient: self.address(token, Leg::Back),
        })
    }

    fn left(&self, extension: &str, how: Result<(), String>) {
        let Some((_, token)) = self.token(extension) else { return };
        self.flights().left(token.number, how);
        self.changed.notify_one();
    }
}
