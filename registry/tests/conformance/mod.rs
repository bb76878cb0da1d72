//! What every store must do. Each function is one promise of the `Store` traits; a test target names
//! this module and hands in stores of its kind.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    reason = "tests may panic"
)]

pub(crate) mod accounts;
pub(crate) mod blackouts;
pub(crate) mod cancelling;
pub(crate) mod claiming;
pub(crate) mod endings;
pub(crate) mod firing;
pub(crate) mod jobs;
pub(crate) mod listing;
pub(crate) mod sample;
pub(crate) mod templates;

/// Makes a test of every promise. `$open` makes an empty store, its clock, and whatever has to live
/// as long as it.
macro_rules! conformance_tests {
    ($open:path) => {
        conformance_tests!($open;
            accounts: a_token_is_found_with_its_user,
            accounts: a_user_or_a_token_is_added_once,
            accounts: a_token_is_put_in_the_place_of_the_one_before,
            blackouts: a_calendar_is_read_as_it_was_saved,
            blackouts: calendars_are_listed_by_name,
            blackouts: a_calendar_is_changed_only_by_who_knows_its_version,
            blackouts: calendars_belong_to_an_organisation,
            blackouts: several_calendars_are_asked_together,
            cancelling: a_waiting_execution_is_cancelled_at_once,
            cancelling: a_running_execution_is_asked_to_end,
            cancelling: a_retry_of_what_was_to_be_cancelled_ends_it,
            cancelling: what_was_to_be_cancelled_is_not_claimed_again,
            cancelling: a_finished_execution_stays_as_it_is,
            cancelling: deleting_a_job_cancels_what_it_left,
            claiming: the_longest_waiting_are_claimed_first,
            claiming: nothing_is_claimed_before_its_time,
            claiming: a_claim_brings_the_job_as_it_was,
            claiming: a_claim_holds_until_its_lease_runs_out,
            claiming: a_lost_worker_leaves_an_attempt_behind,
            claiming: a_renewed_lease_holds_on,
            claiming: a_stale_claim_writes_nothing,
            claiming: concurrent_claims_never_share_an_execution,
            endings: a_finished_attempt_ends_the_execution,
            endings: a_status_follows_from_every_outcome,
            endings: a_retry_waits_for_its_time,
            endings: attempts_add_up,
            endings: records_are_read_in_their_order,
            endings: a_record_sent_twice_is_stored_once,
            endings: an_ended_execution_takes_no_more_records,
            firing: a_slot_becomes_an_execution_and_moves_the_job_on,
            firing: a_slot_is_stored_once,
            firing: a_slot_of_a_job_that_changed_is_outdated,
            firing: a_slot_is_skipped_while_another_execution_is_unfinished,
            firing: a_missed_slot_is_stored_as_it_is,
            firing: many_slots_are_answered_in_their_order,
            jobs: a_job_is_read_as_it_was_saved,
            jobs: an_id_is_taken_once,
            jobs: a_replaced_job_keeps_its_revisions,
            jobs: a_job_is_replaced_only_by_who_knows_its_version,
            jobs: a_schedule_is_kept_or_replaced,
            jobs: a_deleted_job_leaves_its_revisions,
            jobs: jobs_are_due_the_longest_first,
            jobs: jobs_are_listed_newest_first_and_narrowed,
            jobs: a_job_of_another_organisation_is_not_there,
            listing: executions_are_listed_newest_first_and_narrowed,
            listing: an_execution_of_another_organisation_is_not_there,
            listing: an_execution_is_enqueued_once,
            listing: an_execution_needs_its_job,
            templates: a_version_is_added_once,
            templates: a_pending_version_is_approved_once,
            templates: templates_belong_to_an_organisation,
        );
    };
    ($open:path; $($module:ident: $test:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (store, clock, _keep) = $open();
                conformance::$module::$test(store, clock).await;
            }
        )*
    };
}
pub(crate) use conformance_tests;
