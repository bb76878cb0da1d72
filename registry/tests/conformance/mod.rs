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
pub(crate) mod auditing;
pub(crate) mod backfilling;
pub(crate) mod blackouts;
pub(crate) mod cancelling;
pub(crate) mod capabilities;
pub(crate) mod chaining;
pub(crate) mod claiming;
pub(crate) mod endings;
pub(crate) mod firing;
pub(crate) mod hosts;
pub(crate) mod jobs;
pub(crate) mod joining;
pub(crate) mod limits;
pub(crate) mod listing;
pub(crate) mod overlap;
pub(crate) mod policies;
pub(crate) mod rates;
pub(crate) mod sample;
pub(crate) mod secrets;
pub(crate) mod templates;
pub(crate) mod waiting;

/// Makes a test of every promise. `$open` makes an empty store, its clock, and whatever has to live
/// as long as it.
macro_rules! conformance_tests {
    ($open:path) => {
        conformance_tests!($open;
            accounts: a_token_is_found_with_its_user,
            accounts: a_user_or_a_token_is_added_once,
            accounts: a_token_is_put_in_the_place_of_the_one_before,
            accounts: users_are_listed_by_id,
            accounts: a_user_is_changed_by_who_knows_it,
            accounts: tokens_are_listed_used_and_removed,
            auditing: the_audit_log_is_read_newest_first,
            auditing: the_audit_log_is_searched,
            auditing: lines_of_the_audit_log_are_a_chain,
            auditing: lines_that_are_added_at_once_are_one_chain,
            backfilling: a_backfill_is_read_as_it_was_saved,
            backfilling: backfills_are_listed_newest_first,
            backfilling: a_backfill_changes_until_it_is_finished,
            backfilling: slots_of_a_backfill_become_executions_one_after_the_other,
            backfilling: a_backfill_that_does_not_run_makes_nothing,
            backfilling: running_backfills_say_how_much_is_unfinished,
            backfilling: slots_of_a_backfill_meet_earlier_executions_by_its_policy,
            backfilling: a_deleted_job_ends_its_backfills,
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
            capabilities: the_register_follows_the_grants_of_jobs,
            capabilities: what_was_denied_comes_first_and_then_what_is_not_used,
            capabilities: an_attempt_counts_once_and_only_under_its_claim,
            capabilities: what_ended_together_is_added_up,
            capabilities: uses_are_forgotten_after_thirty_days,
            capabilities: a_job_that_was_narrowed_shows_what_it_used_before,
            chaining: an_end_is_unsettled_where_others_depend_on_the_job,
            chaining: a_failure_is_unsettled_where_it_pauses_the_job,
            chaining: an_end_is_settled_once,
            chaining: each_parent_alone_starts_its_child,
            joining: parents_within_a_chain_are_joined_in_any_order,
            joining: parents_of_two_chains_are_kept_apart,
            joining: a_child_that_is_skipped_stays_skipped,
            joining: the_latest_ends_of_parents_are_joined_across_chains,
            joining: a_parent_that_the_child_no_longer_has_does_not_count,
            chaining: a_child_that_was_deleted_does_not_follow,
            chaining: a_chain_is_listed_from_its_root,
            chaining: dependents_and_dependencies_are_those_of_the_present,
            chaining: a_job_that_others_need_is_not_deleted,
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
            hosts: a_host_is_read_as_it_reported_itself,
            hosts: a_host_shows_what_it_holds,
            hosts: a_silent_host_is_lost_and_then_forgotten,
            hosts: a_host_hears_what_it_is_told,
            hosts: those_at_work_are_counted_upon,
            hosts: a_name_belongs_to_one_process,
            hosts: an_execution_is_claimed_where_its_placement_is_met,
            hosts: what_a_host_may_not_run_does_not_wake_it,
            hosts: what_a_host_may_not_run_hides_nothing_behind_it,
            jobs: a_job_is_read_as_it_was_saved,
            jobs: an_id_is_taken_once,
            jobs: a_replaced_job_keeps_its_revisions,
            jobs: a_job_is_replaced_only_by_who_knows_its_version,
            jobs: a_schedule_is_kept_or_replaced,
            jobs: a_deleted_job_leaves_its_revisions,
            jobs: jobs_are_due_the_longest_first,
            jobs: jobs_are_listed_newest_first_and_narrowed,
            jobs: a_job_of_another_organisation_is_not_there,
            jobs: jitter_puts_off_the_firing_and_not_the_slot,
            jobs: intervals_are_reanchored_after_the_clock_was_set_back,
            limits: limits_are_listed_templates_first,
            limits: a_limit_is_kept_and_each_end_lets_one_go,
            limits: every_end_gives_its_place_back,
            limits: a_lost_worker_is_replaced_though_its_limit_is_full,
            limits: one_that_was_let_go_and_ends_leaves_its_turn_to_the_next,
            limits: all_limits_of_an_execution_hold_at_once,
            limits: a_new_limit_counts_what_runs,
            limits: a_limit_is_raised_lowered_and_removed,
            limits: priority_decides_who_gets_a_place,
            limits: a_limit_is_of_one_organisation,
            listing: executions_are_listed_newest_first_and_narrowed,
            listing: an_execution_of_another_organisation_is_not_there,
            listing: an_execution_is_enqueued_once,
            listing: an_execution_needs_its_job,
            overlap: a_slot_that_meets_nothing_waits_for_nothing,
            overlap: one_slot_is_buffered_and_the_next_is_skipped,
            overlap: buffered_slots_run_one_by_one_in_their_order,
            overlap: a_retry_that_waits_stands_in_the_way,
            overlap: an_execution_that_waits_for_a_limit_stands_in_the_way,
            overlap: a_later_slot_takes_the_place_of_those_that_wait,
            overlap: a_later_slot_waits_until_those_it_cancels_have_ended,
            overlap: slots_run_beside_each_other_where_all_are_allowed,
            overlap: a_slot_that_was_stored_before_disturbs_nothing,
            overlap: every_end_lets_the_next_slot_go,
            overlap: nothing_waits_for_a_job_that_is_deleted,
            policies: a_policy_is_the_default_until_it_is_set,
            policies: a_policy_is_set_only_by_who_knows_its_version,
            policies: a_policy_belongs_to_an_organisation,
            rates: uses_are_counted_by_key,
            rates: no_more_are_let_through_at_once_than_there_is_room_for,
            secrets: a_secret_is_read_replaced_and_removed,
            secrets: a_secret_belongs_to_an_organisation,
            templates: a_version_is_added_once,
            templates: a_pending_version_is_approved_once,
            templates: a_version_is_decided_about_in_order,
            templates: of_several_who_decide_at_once_one_does,
            templates: templates_belong_to_an_organisation,
            waiting: a_higher_priority_is_claimed_first,
            waiting: an_execution_that_waits_too_long_is_missed,
            waiting: one_that_waits_too_long_at_a_gate_is_missed_and_says_which,
            waiting: a_first_attempt_keeps_the_queue_deadline_for_good,
            waiting: a_cancelled_execution_is_not_missed,
            waiting: an_execution_that_loses_too_many_workers_fails,
            waiting: attempts_that_ended_otherwise_do_not_count_as_lost,
            waiting: a_job_that_was_passed_over_has_not_run,
        );
    };
    ($open:path; $($module:ident: $test:ident,)*) => {
        $(
            #[tokio::test]
            async fn $test() {
                let (store, clock, _keep) = $open().await;
                conformance::$module::$test(store, clock).await;
            }
        )*
    };
}
pub(crate) use conformance_tests;
