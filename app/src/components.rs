//! Parts that know what twins, assets and runs are.

pub mod asset_table;
#[cfg(any(feature = "hydrate", test))]
pub mod bring_form;
#[cfg(any(feature = "hydrate", test))]
pub mod checks_view;
#[cfg(any(feature = "hydrate", test))]
pub mod choose;
#[cfg(any(feature = "hydrate", test))]
pub mod dashboard;
#[cfg(any(feature = "hydrate", test))]
pub mod desk;
#[cfg(any(feature = "hydrate", test))]
pub mod diff_view;
#[cfg(any(feature = "hydrate", test))]
pub mod editor;
#[cfg(any(feature = "hydrate", test))]
pub mod embed_form;
#[cfg(any(feature = "hydrate", test))]
pub mod facets;
#[cfg(any(feature = "hydrate", test))]
pub mod federated;
#[cfg(any(feature = "hydrate", test))]
pub mod file_view;
pub mod finding;
#[cfg(any(feature = "hydrate", test))]
pub mod fmu_card;
#[cfg(any(feature = "hydrate", test))]
pub mod graph_view;
#[cfg(any(feature = "hydrate", test))]
pub mod history_view;
pub mod in_files;
pub mod instance_mark;
#[cfg(any(feature = "hydrate", test))]
pub mod jobs;
#[cfg(any(feature = "hydrate", test))]
pub mod log;
#[cfg(any(feature = "hydrate", test))]
pub mod markdown;
#[cfg(any(feature = "hydrate", test))]
mod math;
#[cfg(any(feature = "hydrate", test))]
pub mod notebook_view;
#[cfg(any(feature = "hydrate", test))]
pub mod offer_form;
pub mod parameter_form;
#[cfg(any(feature = "hydrate", test))]
pub mod parts;
#[cfg(any(feature = "hydrate", test))]
pub mod parts_view;
#[cfg(any(feature = "hydrate", test))]
pub mod phases;
#[cfg(any(feature = "hydrate", test))]
pub mod plot;
pub mod problem_box;
#[cfg(any(feature = "hydrate", test))]
pub mod results;
#[cfg(any(feature = "hydrate", test))]
pub mod run_actions;
#[cfg(any(feature = "hydrate", test))]
pub mod run_history;
#[cfg(any(feature = "hydrate", test))]
pub mod run_note;
#[cfg(any(feature = "hydrate", test))]
pub mod run_table;
#[cfg(any(feature = "hydrate", test))]
mod said;
#[cfg(any(feature = "hydrate", test))]
mod snippet;
#[cfg(any(feature = "hydrate", test))]
mod stages;
#[cfg(any(feature = "hydrate", test))]
pub mod start_form;
#[cfg(any(feature = "hydrate", test))]
pub mod status;
pub mod strip;
#[cfg(any(feature = "hydrate", test))]
pub mod table_view;
#[cfg(any(feature = "hydrate", test))]
pub mod test_report;
#[cfg(any(feature = "hydrate", test))]
pub mod timeline;
#[cfg(any(feature = "hydrate", test))]
pub mod update_form;
#[cfg(any(feature = "hydrate", test))]
pub mod use_view;
