//! The sessions of transactions, known to all hosts, so that what one leaves open is ended by others.
//!
//! A transaction that nobody goes on with keeps everybody from the documents that it has changed, for a
//! minute (MongoDB manual, `transactionLifetimeLimitSeconds`). A host that is killed, frozen or cut off
//! may leave some. Every session is therefore noted before it is used, in one document for each opened
//! store, and whoever reports a host ends those of stores that have been silent. Ending the session of a
//! host that lives only costs it the transaction, which it does again.

use std::{
    future::IntoFuture as _,
    sync::{Mutex, MutexGuard, PoisonError},
    time::Duration,
};

use mongodb::{
    ClientSession,
    bson::{Bson, Document, doc, oid::ObjectId},
};

use super::{MongoStore, collections::SESSIONS, failure::in_time, reading::Read};
use crate::store::StoreError;

/// How long after its last note a store is taken to be gone.
const SILENT_FOR: Duration = Duration::from_secs(7);
/// How long a note holds before a transaction makes another.
const NOTE_HOLDS: Duration = Duration::from_secs(2);
/// The most sessions that wait for the next transaction.
const MOST_IDLE: usize = 64;
/// How often the end of a session is asked for that a broken connection left open.
const MOST_ENDINGS: u32 = 60;
/// How long after an answer that did not come it is asked for again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The sessions of an opened store.
pub(super) struct Sessions {
    /// What the store is noted as.
    owner: String,
    state: Mutex<State>,
    /// Held while they are noted, so that no older note takes the place of a newer one.
    noting: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    /// Those without a transaction.
    idle: Vec<ClientSession>,
    /// The ids of all that may have one.
    known: Vec<Document>,
    /// How many have ever been known.
    ever_known: u64,
    /// How many of those the last note knew, and when it was made by the monotonic clock.
    noted: Option<(u64, Duration)>,
}

impl State {
    /// Whether every session is noted, and that the store lives.
    fn is_noted(&self, now: Duration) -> bool {
        self.noted.is_some_and(|(known, at)| {
            known == self.ever_known && now.saturating_sub(at) < NOTE_HOLDS
        })
    }
}

impl Sessions {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            owner: ObjectId::new().to_hex(),
            state: Mutex::default(),
            noting: tokio::sync::Mutex::default(),
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl MongoStore {
    /// A session for a transaction, which others can end.
    pub(super) async fn take_session(&self) -> Result<ClientSession, StoreError> {
        let idle = self.sessions.state().idle.pop();
        let session = match idle {
            Some(session) => session,
            None => {
                let starting = self.connection.client().start_session();
                let session = in_time(starting.into_future()).await?;
                let mut state = self.sessions.state();
                state.known.push(session.id().clone());
                state.ever_known += 1;
                session
            }
        };
        let now = self.clock.monotonic();
        let is_noted = self.sessions.state().is_noted(now);
        if !is_noted && let Err(error) = self.note_sessions().await {
            self.give_session_back(session);
            return Err(error);
        }
        Ok(session)
    }

    /// Takes a session back whose transaction is over.
    pub(super) fn give_session_back(&self, session: ClientSession) {
        let mut state = self.sessions.state();
        match state.idle.len() < MOST_IDLE {
            true => state.idle.push(session),
            false => state.known.retain(|it| it != session.id()),
        }
    }

    /// Ends a session of whose transaction nobody knows whether it is over, as soon as the server answers.
    pub(super) fn drop_session(&self, session: ClientSession) {
        let (store, id) = (self.clone(), session.id().clone());
        tokio::spawn(async move {
            for _ in 0..MOST_ENDINGS {
                if store.end_sessions(vec![id.clone().into()]).await.is_ok() {
                    break;
                }
                store.clock.sleep(AGAIN_AFTER).await;
            }
            store.sessions.state().known.retain(|it| *it != id);
            drop(session);
        });
    }

    /// Notes the sessions of this store, and ends those of stores that have been silent. That it fails
    /// costs others a wait, and nothing else.
    pub(super) async fn look_after_sessions(&self) {
        if let Err(error) = self.note_sessions().await {
            tracing::warn!(%error, "sessions.not_noted");
        }
        if let Err(error) = self.end_sessions_left_behind().await {
            tracing::warn!(%error, "sessions.not_ended");
        }
    }

    /// Notes the sessions of this store, and that it is not silent.
    async fn note_sessions(&self) -> Result<(), StoreError> {
        let _alone = self.sessions.noting.lock().await;
        let now = self.clock.monotonic();
        let (known, ever_known) = {
            let state = self.sessions.state();
            (state.known.clone(), state.ever_known)
        };
        let set = doc! {"sessions": {"$literal": known}, "seen_at": self.time.now()};
        let owner = doc! {"_id": &self.sessions.owner};
        let stores = self.collection(SESSIONS);
        let noting = stores.update_one(owner, vec![doc! {"$set": set}]);
        in_time(noting.upsert(true).into_future()).await?;
        self.sessions.state().noted = Some((ever_known, now));
        Ok(())
    }

    /// Ends the sessions of stores that have been silent.
    async fn end_sessions_left_behind(&self) -> Result<(), StoreError> {
        let silent = doc! {"$dateDiff": {
            "startDate": "$seen_at", "endDate": self.time.now(), "unit": "millisecond",
        }};
        let longest = i64::try_from(SILENT_FOR.as_millis()).unwrap_or(i64::MAX);
        let gone = Read::of(doc! {
            "_id": {"$ne": &self.sessions.owner},
            "$expr": {"$gte": [silent, longest]},
        });
        for store in self.find(SESSIONS, gone).await? {
            let sessions = store.get_array("sessions").cloned().unwrap_or_default();
            self.end_sessions(sessions).await?;
            // One that was noted meanwhile lives.
            let seen_at = store.get("seen_at").cloned().unwrap_or(Bson::Null);
            let id = store.get("_id").cloned().unwrap_or(Bson::Null);
            let stores = self.collection(SESSIONS);
            let forgetting = stores.delete_one(doc! {"_id": id, "seen_at": seen_at});
            in_time(forgetting.into_future()).await?;
        }
        Ok(())
    }

    /// Ends sessions with their transactions. Everybody may end those of the same user (MongoDB manual,
    /// `killSessions`).
    async fn end_sessions(&self, sessions: Vec<Bson>) -> Result<(), StoreError> {
        if sessions.is_empty() {
            return Ok(());
        }
        let admin = self.connection.database("admin");
        let ending = admin.run_command(doc! {"killSessions": sessions});
        in_time(ending.into_future()).await?;
        Ok(())
    }
}
