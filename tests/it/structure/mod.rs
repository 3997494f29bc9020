//! Rules of this repository that no compiler enforces: dependencies, layers, the shape of the source tree, and documents
//! that agree with the program.

mod dependencies;
mod drift;
mod layers;
mod shape;
