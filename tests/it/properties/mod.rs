//! Properties that hold for all input, tried on generated input.

mod certificates;
mod proxies;
mod text;
mod values;
