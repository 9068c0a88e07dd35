use std::collections::HashMap;

use registry_ls::Kind;
use registry_ls::error::{Danger, Error, Operation, Result};
use registry_ls::name::{Digest, Reference, Registry, Repository, Tag, Target};
use registry_ls::registry::{Client, Deletion, Inventory};

use super::Context;
use super::nearest;
use crate::args::RmArgs;
use crate::ending::Ending;
use crate::output::{Action, Output, RemovalRecord, RemovalView};
use crate::report::{Stop, failure};
use crate::usage::Usage;

const _: () = ();
