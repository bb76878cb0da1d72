//! The sessions of transactions, known to all hosts, so that what one leaves open is ended by others.
//!
//! A transaction that nobody goes on with keeps everybody from the documents that it has changed, for a
//! minute (MongoDB manual, `transactionLifetimeLimitSeconds`). A host that is killed, frozen or cut off
//! may leave some. Every session is therefore noted before it is used, in one document for each opened
//! store, and whoever reports a host ends those of stores that have been silent. Ending the session of a
//! host that lives only costs it the transaction, which it does again.

use std::{
    collections::VecDeque,
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
const SILENT_FOR: Duration = Duration::from_secs(10);
/// How long a note holds before a transaction makes another.
const NOTE_HOLDS: Duration = Duration::from_secs(4);
/// The most sessions that are remembered. Older ones have no transaction any more.
const MOST_REMEMBERED: usize = 256;
/// How often the end of a session is asked for that a broken connection left open.
const MOST_ENDINGS: u32 = 60;
/// How long after an answer that did not come it is asked for again.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The sessions of an opened store.
pub(super) struct Sessions {
    /// What the store is noted as.
    owner: String,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// Those without a transaction.
    idle: Vec<ClientSession>,
    /// The ids of all that may have one, the oldest first.
    known: VecDeque<Document>,
    /// When they were noted last, by the monotonic clock.
    noted_at: Option<Duration>,
}

impl Sessions {
    /// None yet.
    pub(super) fn new() -> Self {
        Self {
            owner: ObjectId::new().to_hex(),
            state: Mutex::default(),
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
                state.known.push_back(session.id().clone());
                if state.known.len() > MOST_REMEMBERED {
                    state.known.pop_front();
                }
                state.noted_at = None;
                session
            }
        };
        let noted_at = self.sessions.state().noted_at;
        let now = self.clock.monotonic();
        if noted_at.is_none_or(|at| now.saturating_sub(at) >= NOTE_HOLDS) {
            self.note_sessions().await?;
        }
        Ok(session)
    }

    /// Takes a session back whose transaction is over.
    pub(super) fn give_session_back(&self, session: ClientSession) {
        self.sessions.state().idle.push(session);
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

    /// Notes the sessions of this store, and that it is not silent.
    pub(super) async fn note_sessions(&self) -> Result<(), StoreError> {
        let now = self.clock.monotonic();
        let known: Vec<Document> = self.sessions.state().known.iter().cloned().collect();
        let set = doc! {"sessions": {"$literal": known}, "seen_at": self.time.now()};
        let owner = doc! {"_id": &self.sessions.owner};
        let stores = self.collection(SESSIONS);
        let noting = stores.update_one(owner, vec![doc! {"$set": set}]);
        in_time(noting.upsert(true).into_future()).await?;
        self.sessions.state().noted_at = Some(now);
        Ok(())
    }

    /// Ends the sessions of stores that have been silent.
    pub(super) async fn end_sessions_left_behind(&self) -> Result<(), StoreError> {
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
