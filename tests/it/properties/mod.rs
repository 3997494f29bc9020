//! Properties that hold for all input, tried on generated input.

mod certificates;
mod text;
mod values;
