//! Every operation of the API, each with its entry in the OpenAPI document.

mod artifacts;
mod audit;
mod backfills;
mod blackouts;
mod capabilities;
mod chains;
mod concurrency;
mod executions;
mod health;
mod hosts;
mod jobs;
mod logs;
mod oidc;
mod outbox;
mod pauses;
mod policy;
mod root;
mod schedules;
mod secrets;
mod sign_in;
mod stream;
mod system;
mod templates;
mod tokens;
mod users;

use utoipa_axum::{router::OpenApiRouter, routes};

pub(crate) use health::Health;

use crate::state::ApiState;

/// The operations that anybody may call.
pub(crate) fn public() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(root::start_page))
        .routes(routes!(sign_in::sign_in))
        .routes(routes!(oidc::list_methods))
        .routes(routes!(oidc::begin_oidc))
        .routes(routes!(oidc::finish_oidc))
        .routes(routes!(health::livez))
        .routes(routes!(health::readyz))
        .routes(routes!(crate::openapi::openapi_document))
}

/// The operations that need a token.
pub(crate) fn admin() -> OpenApiRouter<ApiState> {
    OpenApiRouter::default()
        .routes(routes!(sign_in::get_me))
        .routes(routes!(sign_in::sign_out))
        .routes(routes!(sign_in::change_password))
        .routes(routes!(tokens::list_own_tokens, tokens::create_own_token))
        .routes(routes!(tokens::revoke_own_token))
        .routes(routes!(users::list_users, users::create_user))
        .routes(routes!(users::get_user, users::update_user))
        .routes(routes!(tokens::list_tokens, tokens::create_token))
        .routes(routes!(tokens::revoke_token))
        .routes(routes!(jobs::list_jobs, jobs::create_job))
        .routes(routes!(jobs::preview_job))
        .routes(routes!(jobs::get_job, jobs::update_job, jobs::delete_job))
        .routes(routes!(jobs::run_job))
        .routes(routes!(pauses::pause_job))
        .routes(routes!(pauses::resume_job))
        .routes(routes!(backfills::start_backfill))
        .routes(routes!(backfills::list_backfills))
        .routes(routes!(backfills::get_backfill))
        .routes(routes!(backfills::pause_backfill))
        .routes(routes!(backfills::resume_backfill))
        .routes(routes!(backfills::cancel_backfill))
        .routes(routes!(concurrency::list_concurrency_limits))
        .routes(routes!(
            concurrency::set_concurrency_limit,
            concurrency::remove_concurrency_limit
        ))
        .routes(routes!(hosts::list_hosts))
        .routes(routes!(hosts::drain_host))
        .routes(routes!(hosts::resume_host))
        .routes(routes!(audit::list_audit_log))
        .routes(routes!(audit::export_audit_log))
        .routes(routes!(audit::verify_audit_log))
        .routes(routes!(executions::list_job_executions))
        .routes(routes!(executions::list_executions))
        .routes(routes!(executions::get_execution))
        .routes(routes!(executions::cancel_execution))
        .routes(routes!(executions::list_effects))
        .routes(routes!(chains::get_chain))
        .routes(routes!(logs::list_logs))
        .routes(routes!(stream::stream_logs))
        .routes(routes!(artifacts::get_artifact))
        .routes(routes!(
            templates::list_templates,
            templates::upload_template
        ))
        .routes(routes!(templates::get_template))
        .routes(routes!(templates::versions::list_template_versions))
        .routes(routes!(templates::versions::get_template_version))
        .routes(routes!(templates::comparing::compare_template_versions))
        .routes(routes!(templates::comparing::check_template_version))
        .routes(routes!(templates::versions::approve_template_version))
        .routes(routes!(templates::versions::reject_template_version))
        .routes(routes!(templates::versions::retire_template_version))
        .routes(routes!(capabilities::list_capabilities))
        .routes(routes!(policy::get_policy, policy::set_policy))
        .routes(routes!(outbox::list_outbox))
        .routes(routes!(schedules::preview_schedule))
        .routes(routes!(
            blackouts::list_blackout_calendars,
            blackouts::create_blackout_calendar
        ))
        .routes(routes!(
            blackouts::get_blackout_calendar,
            blackouts::update_blackout_calendar,
            blackouts::delete_blackout_calendar
        ))
        .routes(routes!(secrets::list_secrets))
        .routes(routes!(secrets::set_secret, secrets::remove_secret))
        .routes(routes!(system::get_system))
}
