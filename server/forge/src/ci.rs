//! `.gitlab-ci.yml`: from text to the jobs of a pipeline, in the subset of GITLAB.md §8.
//! Pure: files come through a trait, time and randomness are not used.

pub mod compile;
pub mod document;
pub mod duration;
pub mod expression;
pub mod include;
pub mod job;
pub mod parallel;
pub mod plan;
pub mod rules;
pub mod shape;
pub mod status;
pub mod variables;
