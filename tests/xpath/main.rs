//! XPath against lxml; how to run it stands in `README.md`.

mod differential;
mod expression;
mod random;
mod tree;
