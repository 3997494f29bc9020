//! Rules of this repository that no compiler holds: dependencies, layers, and documents that agree with the program.

mod dependencies;
mod drift;
mod layers;
