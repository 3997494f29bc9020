//! Properties that hold for all input, tried on generated input.

mod text;
mod values;
