//! Bulk lookups of `m2m participant`: `--cpf-file` and `--login-file`.

mod faults;
mod pace;
mod resume;
mod rows;
mod stop;
mod then;
mod token;
