//! The first user, and showing the token that it gets.

use jiff::Timestamp;
use sandglass_api::auth::{BootstrapToken, Bootstrapped, SecretToken, bootstrap};
use sandglass_registry::Store;

use crate::failure::{Failure, OrFail as _};

/// Makes the first user where there is none. A token that was made is shown at once, before anything
/// else can fail, because nobody can read it again.
pub(super) async fn make(
    store: &dyn Store,
    now: Timestamp,
    given: Option<&BootstrapToken>,
) -> Result<(), Failure> {
    let made = bootstrap(store, now, given)
        .await
        .or_fail("making the first user")?;
    if let Bootstrapped::Made(token) = made {
        show(&token);
    }
    Ok(())
}

fn show(token: &SecretToken) {
    let line = "-".repeat(72);
    eprintln!(
        "{line}\nThis is the first start. The user `admin` was made, with this API token:\n\n    \
         {}\n\nIt is shown this once. Send it as `Authorization: Bearer …`.\n{line}",
        token.reveal()
    );
}
