//! The documents of the demo collections, with dates that lie before now.

use bson::{DateTime, Document, doc};
use jiff::Timestamp;

use super::numbers::Numbers;

const HOUR: u64 = 3_600_000;
const DAY: u64 = 24 * HOUR;
const USERS: u64 = 1000;

const FIRST_NAMES: [&str; 12] = [
    "Ada",
    "Alan",
    "Barbara",
    "Clara",
    "Donald",
    "Edsger",
    "Frances",
    "Grace",
    "John",
    "Katherine",
    "Margaret",
    "Niklaus",
];
const LAST_NAMES: [&str; 10] = [
    "Ashford", "Berger", "Castillo", "Dubois", "Eriksen", "Fischer", "Garcia", "Hansen", "Ivanova",
    "Jansen",
];
const BROWSERS: [&str; 4] = ["Firefox", "Chrome", "Safari", "Edge"];
const SERVICES: [&str; 4] = ["web", "billing", "search", "mail"];
const EVENTS: [&str; 5] = [
    "Request answered",
    "Session opened",
    "Invoice written",
    "Cache refreshed",
    "Connection to the database lost, trying again",
];
const SUBJECTS: [&str; 5] = [
    "Your invoice",
    "Welcome",
    "Question about an order",
    "Meeting on Monday",
    "Password changed",
];

/// Every collection with its documents.
pub(super) fn all(now: Timestamp) -> [(&'static str, Vec<Document>); 4] {
    let past = Past(now);
    [
        ("users", users(past)),
        ("sessions", sessions(past)),
        ("logs", logs(past)),
        ("messages", messages(past)),
    ]
}

/// Moments before now.
#[derive(Clone, Copy)]
struct Past(Timestamp);

impl Past {
    fn milliseconds_ago(self, milliseconds: u64) -> DateTime {
        let ago = i64::try_from(milliseconds).unwrap_or(i64::MAX);
        DateTime::from_millis(self.0.as_millisecond().saturating_sub(ago))
    }
}

fn user_id(number: u64) -> String {
    format!("user_{:04}", number + 1)
}

/// Two years of users; about every third was last active more than half a year ago.
fn users(past: Past) -> Vec<Document> {
    let mut numbers = Numbers::new(1);
    let user = |number| {
        let (first, last) = (numbers.pick(&FIRST_NAMES), numbers.pick(&LAST_NAMES));
        let joined = 30 * DAY + numbers.below(700 * DAY);
        let active = match numbers.below(3) {
            0 => numbers.below(joined),
            _ => numbers.below(joined.min(120 * DAY)),
        };
        let address = format!("{first}.{last}.{number}@example.com").to_ascii_lowercase();
        doc! {
            "_id": user_id(number),
            "name": format!("{first} {last}"),
            "email": address,
            "plan": numbers.pick(&["free", "free", "team", "business"]),
            "active": active < 90 * DAY,
            "createdAt": past.milliseconds_ago(joined),
            "lastActive": past.milliseconds_ago(active),
        }
    };
    (0..USERS).map(user).collect()
}

fn sessions(past: Past) -> Vec<Document> {
    let mut numbers = Numbers::new(2);
    let session = |number: u64| {
        let begun = numbers.below(365 * DAY);
        let active = begun.saturating_sub(numbers.below(14 * DAY));
        doc! {
            "_id": format!("session_{:05}", number + 1),
            "userId": user_id(numbers.below(USERS)),
            "browser": numbers.pick(&BROWSERS),
            "createdAt": past.milliseconds_ago(begun),
            "lastActive": past.milliseconds_ago(active),
        }
    };
    (0..2000).map(session).collect()
}

fn logs(past: Past) -> Vec<Document> {
    let mut numbers = Numbers::new(3);
    let line = |number: u64| {
        let level = match numbers.below(20) {
            0 => "ERROR",
            1 | 2 => "WARN",
            _ => "INFO",
        };
        doc! {
            "_id": format!("log_{:05}", number + 1),
            "timestamp": past.milliseconds_ago(numbers.below(90 * DAY)),
            "level": level,
            "service": numbers.pick(&SERVICES),
            "message": numbers.pick(&EVENTS),
            "durationMs": i64::try_from(numbers.below(2000)).unwrap_or(0),
        }
    };
    (0..3000).map(line).collect()
}

fn messages(past: Past) -> Vec<Document> {
    let mut numbers = Numbers::new(4);
    let message = |number: u64| {
        doc! {
            "_id": format!("message_{:05}", number + 1),
            "from": user_id(numbers.below(USERS)),
            "to": user_id(numbers.below(USERS)),
            "subject": numbers.pick(&SUBJECTS),
            "read": numbers.below(4) > 0,
            "sentAt": past.milliseconds_ago(numbers.below(400 * DAY)),
        }
    };
    (0..1500).map(message).collect()
}

#[cfg(test)]
mod tests {
    #![allow(clippy::unwrap_used, reason = "tests may panic")]

    use super::*;

    #[test]
    fn the_documents_are_the_same_every_time_and_lie_in_the_past() {
        let now: Timestamp = "2026-10-16T10:00:00Z".parse().unwrap();
        let (first, second) = (all(now), all(now));
        assert_eq!(first, second);
        let sizes = first
            .each_ref()
            .map(|(name, documents)| (*name, documents.len()));
        assert_eq!(
            sizes,
            [
                ("users", 1000),
                ("sessions", 2000),
                ("logs", 3000),
                ("messages", 1500)
            ]
        );
        let half_a_year_ago = DateTime::from_millis(now.as_millisecond() - 182 * 86_400_000);
        for (name, documents) in &first {
            let dates = documents
                .iter()
                .flat_map(Document::values)
                .filter_map(|it| it.as_datetime());
            assert!(
                dates
                    .into_iter()
                    .all(|it| it.timestamp_millis() <= now.as_millisecond()),
                "{name}"
            );
        }
        let (_, users) = &first[0];
        let old = users
            .iter()
            .filter(|it| *it.get_datetime("lastActive").unwrap() < half_a_year_ago);
        assert!((100..500).contains(&old.count()));
    }
}
