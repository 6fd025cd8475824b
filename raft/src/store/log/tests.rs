mod support;

mod damage;
mod failure;
mod golden;
mod reopen;
mod suite;
