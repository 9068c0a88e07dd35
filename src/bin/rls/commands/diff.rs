//! `rls diff`: compares two images.

use std::collections::{BTreeMap, BTreeSet};
use std::io::Stdout;

use futures::TryStreamExt;
use registry_ls::Kind;
use registry_ls::analysis::{Difference, DifferenceKind, differences};
use registry_ls::error::{Error, Fault, Result};
use registry_ls::layers::{FilePath, ImageFiles, ListOptions};
use registry_ls::name::{Digest, Reference};
use registry_ls::registry::{Content, Document, Manifest, Platform, PlatformChoice, RepositoryHandle};
use serde_json::{Value, json};

use super::context::Context;
use super::digest::full_name;
use super::files::kind;
use super::platform::descend;
use super::stream::close;
use super::suggestions;
use crate::args::DiffArgs;
use crate::output::{DifferenceRecord, DifferenceView, difference_kind};
use crate::report::CommandError;
use crate::usage::Usage;

/// What the files of both images may take in memory, in bytes.
const MAX_HELD: usize = 12 << 20;

type Output = crate::output::Output<DifferenceView, Stdout>;

pub async fn run(args: &DiffArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(DifferenceView { platforms: true })?;
    let named = context.references(&[args.left.clone(), args.right.clone()]).await?;
    let [(left, left_reference), (right, right_reference)] =
        <[_; 2]>::try_from(named).map_err(|_| Usage::new("rls diff compares two references"))?;
    let left = Side::read(context, left, left_reference).await?;
    let right = Side::read(context, right, right_reference).await?;
    let mut comparison = Comparison { args, context, output: &mut output, left: &left, right: &right, count: 0 };
    let outcome = if left.manifest.digest == right.manifest.digest {
        context.report.summary("identical: both have the same digest");
        Ok(())
    } else {
        comparison.run().await
    };
    let count = comparison.count;
    close(output, outcome)?;
    if count > 0 && args.exit_code { Err(CommandError::Reported(Box::new(Kind::Incomplete))) } else { Ok(()) }
}

/// One of the references.
struct Side {
    repository: RepositoryHandle,
    reference: Reference,
    manifest: Manifest,
}

/// An image to compare.
struct Image {
    document: Document,
    config: Value,
}

impl Side {
    async fn read(
        context: &Context<'_>,
        repository: RepositoryHandle,
        reference: Reference,
    ) -> Result<Self, CommandError> {
        match context.until_shutdown(repository.manifest(reference.target())).await? {
            Ok(manifest) => Ok(Self { repository, reference, manifest }),
            Err(error) => {
                let hint_context = suggestions::hint_context(context, &repository, reference.target(), &error).await;
                Err(CommandError::Failed(error, Box::new(hint_context)))
            }
        }
    }

    fn failed(&self, context: &Context<'_>, error: Error) -> CommandError {
        context.failed(self.repository.registry(), error.within(format!("cannot compare {}", self.reference)))
    }

    /// The images of an index, by platform; `None` for an image.
    fn platforms(&self) -> Result<Option<BTreeMap<Platform, Digest>>> {
        let (document, _) = self.manifest.readable()?;
        if !matches!(document.content, Content::Index(_)) {
            return Ok(None);
        }
        let images = document.children().filter(|child| child.attests().is_none()).filter_map(|child| {
            let platform = child.platform.clone().filter(|platform| !platform.is_unknown())?;
            Some((platform, child.digest.supported()?.clone()))
        });
        Ok(Some(images.collect()))
    }

    /// The image for a platform; without one, an image itself, or the image of an index for this machine.
    async fn image(&self, platform: Option<&Platform>) -> Result<Image> {
        let (document, _) = self.manifest.readable()?;
        let manifest = match (&document.content, platform) {
            (Content::Index(_), Some(platform)) => match self.repository.choose(&document, Some(platform)).await? {
                PlatformChoice::Image { manifest, .. } => manifest,
                PlatformChoice::None(_) => {
                    descend(&self.repository, &self.reference, self.manifest.clone(), Some(platform)).await?.1
                }
            },
            (Content::Index(_), None) => {
                descend(&self.repository, &self.reference, self.manifest.clone(), None).await?.1
            }
            _ => self.manifest.clone(),
        };
        let (document, _) = manifest.readable()?;
        let config = match document.image_config() {
            Some(descriptor) => {
                serde_json::from_slice(&self.repository.config(descriptor).await?.bytes).unwrap_or_default()
            }
            None => Value::Null,
        };
        Ok(Image { document, config })
    }
}

struct Comparison<'a> {
    args: &'a DiffArgs,
    context: &'a Context<'a>,
    output: &'a mut Output,
    left: &'a Side,
    right: &'a Side,
    count: usize,
}

impl Comparison<'_> {
    async fn run(&mut self) -> Result<(), CommandError> {
        let (context, left, right) = (self.context, self.left, self.right);
        let platforms = [left, right].map(|side| side.platforms().map_err(|error| side.failed(context, error)));
        let [of_left, of_right] = platforms;
        let platforms = match (&self.args.layers.platform, of_left?, of_right?) {
            (None, Some(of_left), Some(of_right)) if !self.args.files => self.platforms(&of_left, &of_right)?,
            (platform, ..) => vec![platform.clone()],
        };
        for platform in platforms {
            let image = async |side: &Side| -> Result<Image, CommandError> {
                let image = context.until_shutdown(side.image(platform.as_ref())).await?;
                image.map_err(|error| side.failed(context, error))
            };
            let (of_left, of_right) = (image(left).await?, image(right).await?);
            let found = differences((&of_left.document, &of_left.config), (&of_right.document, &of_right.config));
            self.write(platform.as_ref(), found)?;
            if self.args.files {
                let found = self.files(&of_left.document, &of_right.document).await?;
                self.write(platform.as_ref(), found)?;
            }
        }
        Ok(())
    }

    /// Compares the platforms of two indexes, and returns those whose images differ.
    fn platforms(
        &mut self,
        left: &BTreeMap<Platform, Digest>,
        right: &BTreeMap<Platform, Digest>,
    ) -> Result<Vec<Option<Platform>>, CommandError> {
        let mut in_both = Vec::new();
        let mut found = Vec::new();
        for platform in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
            let (of_left, of_right) = (left.get(platform), right.get(platform));
            if of_left == of_right {
                continue;
            }
            let value = |digest: Option<&Digest>| digest.map_or(Value::Null, |digest| digest.as_str().into());
            let kind = DifferenceKind::Platform;
            found.push(Difference::new(kind, platform.to_string(), value(of_left), value(of_right)));
            if of_left.is_some() && of_right.is_some() {
                in_both.push(Some(platform.clone()));
            }
        }
        self.write(None, found)?;
        Ok(in_both)
    }

    fn write(&mut self, platform: Option<&Platform>, found: Vec<Difference>) -> Result<(), CommandError> {
        let name = |side: &Side| full_name(side.repository.registry(), &side.reference);
        for Difference { kind, path, left, right, .. } in found {
            self.count += usize::from(left != right);
            self.output.write(&DifferenceRecord {
                registry: self.left.repository.registry().to_string(),
                reference: name(self.left),
                other: name(self.right),
                platform: platform.map(ToString::to_string),
                kind: difference_kind(kind),
                path,
                left,
                right,
            })?;
        }
        Ok(())
    }

    /// Compares the files of two images.
    async fn files(&self, left: &Document, right: &Document) -> Result<Vec<Difference>, CommandError> {
        let context = self.context;
        let mut budget = MAX_HELD;
        let limits = self.args.layers.limits();
        let mut trees = Vec::new();
        for (side, document) in [(self.left, left), (self.right, right)] {
            let read = async {
                let files = ImageFiles::new(&side.repository, document)?.with_limits(limits);
                tree(files, &mut budget).await
            };
            trees.push(context.until_shutdown(read).await?.map_err(|error| side.failed(context, error))?);
        }
        let [left, right] = <[Tree; 2]>::try_from(trees).unwrap_or_default();
        let mut found = Vec::new();
        for path in left.keys().chain(right.keys()).collect::<BTreeSet<_>>() {
            let (of_left, of_right) = (left.get(path), right.get(path));
            if of_left != of_right {
                let value = |file: Option<&FileFacts>| file.map_or(Value::Null, FileFacts::value);
                let kind = DifferenceKind::File;
                found.push(Difference::new(kind, path.to_string(), value(of_left), value(of_right)));
            }
        }
        Ok(found)
    }
}

type Tree = BTreeMap<FilePath, FileFacts>;

/// What is compared of a file.
#[derive(Debug, PartialEq, Eq)]
struct FileFacts {
    kind: &'static str,
    mode: u32,
    owner: (u64, u64),
    size: Option<u64>,
    link: Option<Box<[u8]>>,
    digest: Option<Digest>,
}

impl FileFacts {
    fn value(&self) -> Value {
        let mut value = json!({
            "type": self.kind,
            "mode": format!("{:04o}", self.mode),
            "uid": self.owner.0,
            "gid": self.owner.1,
        });
        if let Some(size) = self.size {
            value["size"] = size.into();
        }
        if let Some(link) = &self.link {
            value["link"] = String::from_utf8_lossy(link).into();
        }
        if let Some(digest) = &self.digest {
            value["digest"] = digest.as_str().into();
        }
        value
    }
}

/// The files of an image.
async fn tree(files: ImageFiles, budget: &mut usize) -> Result<Tree> {
    let mut tree = Tree::new();
    let mut batches = Box::pin(files.list(ListOptions::default().with_digests()));
    while let Some(batch) = batches.try_next().await? {
        for found in batch {
            let file = found.file;
            let link = file.link.as_ref().map_or(0, |link| link.len());
            let digest = found.digest.as_ref().map_or(0, |digest| digest.as_str().len());
            let bytes = size_of::<(FilePath, FileFacts)>() + file.path.as_bytes().len() + link + digest;
            *budget = budget.checked_sub(bytes).ok_or_else(|| {
                Error::new(Kind::Protocol(Fault::TooLarge), "the images have too many files to compare")
                    .because(format!("their names and digests take more than {} MiB", MAX_HELD >> 20))
            })?;
            let facts = FileFacts {
                kind: kind(file.kind),
                mode: file.mode,
                owner: (file.uid, file.gid),
                size: file.size,
                link: file.link,
                digest: found.digest,
            };
            tree.insert(file.path, facts);
        }
    }
    Ok(tree)
}
