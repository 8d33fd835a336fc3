//! Parts that know what twins, assets and runs are.

pub mod asset_table;
pub mod choose;
pub mod file_view;
pub mod in_files;
pub mod instance_mark;
pub mod jobs;
pub mod log;
pub mod markdown;
pub mod parts;
pub mod phases;
pub mod plot;
pub mod problem_box;
pub mod results;
pub mod run_table;
pub mod start_form;
pub mod status;
pub mod strip;
pub mod table_view;
