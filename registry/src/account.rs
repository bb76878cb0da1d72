//! Who may call the service: users, and the tokens and sessions they call it with.
//!
//! What a role may do is decided by the table of the API, not here.

mod role;
mod token;
mod user;

pub use role::Role;
pub use token::{TokenKind, TokenRecord, TokenScope, TokenState};
pub use user::{PasswordHash, User, UserStatus};
