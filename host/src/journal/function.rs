//! The functions that a journal knows: one table.

use sandglass_contract::Effect;

/// A function of the contract whose calls are journaled. Log lines and progress are records of their
/// own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Function {
    Count,
    Find,
    Aggregate,
    InsertMany,
    UpdateMany,
    DeleteMany,
    CursorNext,
    Send,
    Create,
    WriterWrite,
    WriterFinish,
    Read,
    HttpRead,
    HttpSend,
    Placeholder,
    IsCancelled,
    Remaining,
    Now,
    Monotonic,
    RandomBytes,
    RandomNumber,
}

impl Function {
    /// Interface, function, and whether a call can change something outside the run. What is written
    /// to an artifact is outside only once it is finished.
    pub(crate) const fn row(self) -> (&'static str, &'static str, Effect) {
        use Effect::{Read, Write};
        match self {
            Self::Count => ("database", "count", Read),
            Self::Find => ("database", "find", Read),
            Self::Aggregate => ("database", "aggregate", Read),
            Self::InsertMany => ("database", "insert-many", Write),
            Self::UpdateMany => ("database", "update-many", Write),
            Self::DeleteMany => ("database", "delete-many", Write),
            Self::CursorNext => ("database", "cursor.next", Read),
            Self::Send => ("email", "send", Write),
            Self::Create => ("artifacts", "create", Write),
            Self::WriterWrite => ("artifacts", "writer.write", Read),
            Self::WriterFinish => ("artifacts", "writer.finish", Write),
            Self::Read => ("artifacts", "read", Read),
            Self::HttpRead => ("http", "send", Read),
            Self::HttpSend => ("http", "send", Write),
            Self::Placeholder => ("secrets", "placeholder", Read),
            Self::IsCancelled => ("control", "is-cancelled", Read),
            Self::Remaining => ("control", "remaining", Read),
            Self::Now => ("clock", "now", Read),
            Self::Monotonic => ("clock", "monotonic", Read),
            Self::RandomBytes => ("random", "bytes", Read),
            Self::RandomNumber => ("random", "number", Read),
        }
    }
}
