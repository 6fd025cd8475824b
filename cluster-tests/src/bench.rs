//! The figures that the project is held to, each with the same load on etcd beside it where there is one.

pub mod apply;
pub mod etcd_side;
pub mod figures;
pub mod load;
pub mod machine;
pub mod report;
pub mod tenure_side;
pub mod volume;
