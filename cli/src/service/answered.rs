//! Steps of the start that need the store, which may have gone away since it was opened.

use std::time::Duration;

use sandglass_contract::Clock;
use sandglass_registry::StoreError;
use sandglass_scheduler::{CatalogueError, NameError};

use crate::failure::Failure;

/// How long after an attempt the next is made.
const AGAIN_AFTER: Duration = Duration::from_secs(2);

/// Carries out a step, again and again for as long as the store does not answer. It must be one that
/// may be carried out twice, since nobody knows what an answer that did not come would have said.
///
/// # Errors
/// Where the step fails for another reason.
pub(super) async fn until_answered<T>(
    clock: &dyn Clock,
    step: impl AsyncFn() -> Result<T, Failure>,
) -> Result<T, Failure> {
    loop {
        match step().await {
            Err(failure) if failure.was_caused_by(is_silence) => {
                tracing::warn!(why = %failure, "store.waiting");
                clock.sleep(AGAIN_AFTER).await;
            }
            done => return done,
        }
    }
}

/// Whether an error says that the store did not answer.
fn is_silence(error: &(dyn std::error::Error + 'static)) -> bool {
    let catalogue = error.downcast_ref::<CatalogueError>();
    let name = error.downcast_ref::<NameError>();
    let of_store = match (catalogue, name) {
        (Some(CatalogueError::Store(error)), _) | (_, Some(NameError::Store(error))) => Some(error),
        _ => error.downcast_ref::<StoreError>(),
    };
    of_store.is_some_and(StoreError::is_retryable)
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU32, Ordering};

    use sandglass_contract::{
        SystemClock,
        clock::{Sleep, whole_milliseconds},
    };

    use super::*;
    use crate::failure::OrFail as _;

    /// A clock for which waiting takes no time.
    struct Hasty(SystemClock);

    impl Clock for Hasty {
        fn now(&self) -> jiff::Timestamp {
            whole_milliseconds(self.0.now())
        }

        fn monotonic(&self) -> Duration {
            self.0.monotonic()
        }

        fn sleep(&self, _: Duration) -> Sleep {
            self.0.sleep(Duration::ZERO)
        }
    }

    async fn attempts(error: impl Fn() -> CatalogueError) -> (u32, bool) {
        let count = AtomicU32::new(0);
        let step = async || match count.fetch_add(1, Ordering::Relaxed) {
            0 | 1 => Err(error()).or_fail("doing it"),
            _ => Ok(()),
        };
        let done = until_answered(&Hasty(SystemClock::default()), step).await;
        (count.into_inner(), done.is_ok())
    }

    #[tokio::test]
    async fn only_a_store_that_does_not_answer_is_asked_again() {
        let silent = || StoreError::Unavailable("no answer".into()).into();
        assert_eq!(attempts(silent).await, (3, true));
        assert_eq!(attempts(|| StoreError::Fenced.into()).await, (1, false));
    }
}
