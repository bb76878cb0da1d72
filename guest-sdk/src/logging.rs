//! Macros that write lines to the log of a run.

/// Writes a line of a [`Level`](crate::Level): `log!(host, Level::Info, "text {}", value)`, with fields
/// in front of the text where there are any: `log!(host, Level::Info, name = value; "text")`.
#[macro_export]
macro_rules! log {
    ($host:expr, $level:expr, $($field:ident = $value:expr),+ ; $($text:tt)+) => {
        $crate::Host::log(
            $host,
            $level,
            &::std::format!($($text)+),
            &[$((
                ::std::string::String::from(::std::stringify!($field)),
                ::std::string::ToString::to_string(&$value),
            )),+],
        )
    };
    ($host:expr, $level:expr, $($text:tt)+) => {
        $crate::Host::log($host, $level, &::std::format!($($text)+), &[])
    };
}

/// Writes a line for finding faults; see [`log!`](crate::log!).
#[macro_export]
macro_rules! debug {
    ($host:expr, $($rest:tt)+) => { $crate::log!($host, $crate::Level::Debug, $($rest)+) };
}

/// Writes a line that a reader of the record wants to see; see [`log!`](crate::log!).
#[macro_export]
macro_rules! info {
    ($host:expr, $($rest:tt)+) => { $crate::log!($host, $crate::Level::Info, $($rest)+) };
}

/// Writes a line about something odd; see [`log!`](crate::log!).
#[macro_export]
macro_rules! warn {
    ($host:expr, $($rest:tt)+) => { $crate::log!($host, $crate::Level::Warn, $($rest)+) };
}

/// Writes a line about a failure; see [`log!`](crate::log!).
#[macro_export]
macro_rules! error {
    ($host:expr, $($rest:tt)+) => { $crate::log!($host, $crate::Level::Error, $($rest)+) };
}
