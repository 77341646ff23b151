#![doc = include_str!("../README.md")]

pub mod mariadb;
pub mod postgres;
pub mod process;
