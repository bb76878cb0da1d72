//! What the server's and the driver's errors mean for whoever asked the database.

use mongodb::{
    bson::Document,
    error::{
        Error, ErrorKind, RETRYABLE_ERROR, RETRYABLE_WRITE_ERROR, TRANSIENT_TRANSACTION_ERROR,
        UNKNOWN_TRANSACTION_COMMIT_RESULT,
    },
};
use sandglass_query::{CollectionName, DatabaseError, Value, extended_json};

/// A document with that key is there already. All numbers are of the MongoDB manual, "Error Codes".
const DUPLICATE_KEY: i32 = 11000;
/// `MaxTimeMSExpired`.
const TIME_EXPIRED: i32 = 50;
/// `ExceededMemoryLimit`, `QueryExceededMemoryLimitNoDiskUseAllowed`, and what sorts and groups of
/// older servers say.
const MEMORY_EXCEEDED: [i32; 7] = [146, 292, 16819, 16820, 16945, 17062, 31299];
/// The server is busy, changing its role or shutting down, or somebody ended the operation: trying
/// again may help. So may it where the user's rights are put right.
const PASSING: [i32; 26] = [
    1, 6, 7, 8, 13, 18, 24, 43, 46, 89, 91, 112, 134, 175, 189, 202, 225, 237, 244, 251, 262, 9001,
    10107, 11600, 11602, 13435,
];
/// More of those: not primary, or recovering, or interrupted.
const PASSING_TOO: [i32; 4] = [10058, 11601, 13436, 391];

/// What an error means.
pub(super) fn fault(error: Error) -> DatabaseError {
    const LABELS: [&str; 4] = [
        RETRYABLE_ERROR,
        RETRYABLE_WRITE_ERROR,
        TRANSIENT_TRANSACTION_ERROR,
        UNKNOWN_TRANSACTION_COMMIT_RESULT,
    ];
    if error.get_custom::<Refusal>().is_some() {
        return refused(error);
    }
    let is_passing = LABELS.iter().any(|label| error.contains_label(label));
    match error.kind.as_ref() {
        ErrorKind::Command(command) => match coded(command.code, &command.message) {
            Some(fault) => fault,
            None if is_passing => DatabaseError::unavailable(error),
            None if passes(command.code) => DatabaseError::unavailable(error),
            None => DatabaseError::InvalidArgument(command.message.clone()),
        },
        ErrorKind::InvalidArgument { message, .. } => {
            DatabaseError::InvalidArgument(message.clone())
        }
        ErrorKind::BsonDeserialization(_) | ErrorKind::InvalidResponse { .. } => {
            DatabaseError::corrupt("the answer of the server", error)
        }
        _ => DatabaseError::unavailable(error),
    }
}

/// The first error among those that the answer to a write command lists.
pub(super) fn write_error(collection: &CollectionName, answer: &Document) -> Option<DatabaseError> {
    if let Ok(errors) = answer.get_array("writeErrors")
        && let Some(Value::Document(error)) = errors.first()
    {
        return Some(listed(collection, error));
    }
    let concern = answer.get_document("writeConcernError").ok()?;
    Some(DatabaseError::unavailable(concern.to_string()))
}

/// A refusal on its way through a transaction, which it ends without another try.
pub(super) fn refusal(error: DatabaseError) -> Error {
    Error::custom(Refusal(parking_lot::Mutex::new(Some(error))))
}

struct Refusal(parking_lot::Mutex<Option<DatabaseError>>);

fn refused(error: Error) -> DatabaseError {
    let refusal = error.get_custom::<Refusal>();
    let carried = refusal.and_then(|refusal| refusal.0.lock().take());
    carried.unwrap_or_else(|| DatabaseError::unavailable(error))
}

fn listed(collection: &CollectionName, error: &Document) -> DatabaseError {
    let code = error.get_i32("code").unwrap_or_default();
    let message = error.get_str("errmsg").unwrap_or("the server refuses it");
    if code == DUPLICATE_KEY {
        let key = error.get_document("keyValue").ok();
        let (field, value) = key
            .and_then(|key| key.iter().next())
            .map_or(("_id", "?".to_owned()), |(field, value)| {
                (field, extended_json::value_to_json(value).to_string())
            });
        return DatabaseError::DuplicateKey {
            collection: collection.clone(),
            field: field.to_owned(),
            value,
        };
    }
    match coded(code, message) {
        Some(fault) => fault,
        None if passes(code) => DatabaseError::unavailable(message.to_owned()),
        None => DatabaseError::InvalidArgument(message.to_owned()),
    }
}

/// What needs more than is allowed.
fn coded(code: i32, message: &str) -> Option<DatabaseError> {
    if code == TIME_EXPIRED {
        return Some(DatabaseError::LimitExceeded(
            "the operation takes longer than is allowed; narrow the filter".to_owned(),
        ));
    }
    MEMORY_EXCEEDED.contains(&code).then(|| {
        DatabaseError::LimitExceeded(format!(
            "a sort or a group has to hold more than is allowed; narrow the filter or set a limit \
             ({message})"
        ))
    })
}

fn passes(code: i32) -> bool {
    PASSING.contains(&code) || PASSING_TOO.contains(&code)
}
