//! `rls files`: lists the files of an image.

use futures::{StreamExt, TryStreamExt};
use registry_ls::Kind;
use registry_ls::error::{Error, Fault, Missing};
use registry_ls::layers::{FileKind, FilePath, ImageFile, ImageFiles, ListOptions};
use registry_ls::name::Reference;
use registry_ls::registry::RepositoryHandle;

use super::context::Context;
use super::digest::full_name;
use super::platform::descend;
use super::stream::{close, next_or_flush};
use super::suggestions;
use crate::args::{FileOrder, FilesArgs, LayerArgs};
use crate::output::{FileRecord, FileView, Time};
use crate::report::{CommandError, HintContext};
use crate::usage::Usage;

/// What files that are sorted may take in memory, in bytes.
const MAX_HELD: usize = 128 << 20;

/// What an allocation takes besides its content, in bytes.
const ALLOCATION: usize = 16;

pub async fn run(args: &FilesArgs, context: &Context<'_>) -> Result<(), CommandError> {
    let mut output = context.output(FileView { long: args.long })?;
    let image = Image::open(context, &args.reference, &args.layers).await?;
    let paths = args.paths.iter().map(FilePath::new).collect();
    let layers = image.files.layers();
    let files = image.files.clone().list(ListOptions::new(paths, args.depth));
    let record = |file: &ImageFile| FileRecord {
        registry: image.repository.registry().to_string(),
        reference: full_name(image.repository.registry(), &image.reference),
        layer: layers[file.layer].clone(),
        ..record(file)
    };
    let progress = context.progress("files");
    let mut batches = files.inspect_ok(|batch| progress.inc(batch.len() as u64)).boxed_local();
    let outcome = async {
        let (mut held, mut printed) = (Held::default(), false);
        while let Some(batch) = next_or_flush(context, &mut batches, &mut output).await? {
            let batch = match batch {
                Ok(batch) => batch,
                // The other paths are still listed.
                Err(error) if matches!(error.kind(), Kind::NotFound(Missing::File)) && printed => {
                    context.report.success();
                    if let CommandError::Failed(error, hint_context) = image.failed(context, error) {
                        context.report.failure(&error, &hint_context);
                    }
                    break;
                }
                Err(error) => return Err(image.failed(context, error)),
            };
            printed |= !batch.is_empty();
            match args.sort {
                FileOrder::None => batch.iter().try_for_each(|file| output.write(&record(file)))?,
                FileOrder::Path | FileOrder::Size => {
                    held.add(batch).map_err(|error| image.too_large(context, error))?
                }
            }
        }
        held.sorted(args.sort, args.reverse).iter().try_for_each(|file| output.write(&record(file)))?;
        Ok(())
    };
    let outcome = outcome.await;
    drop(batches);
    drop(progress);
    close(output, outcome)
}

/// An image whose layers are read.
pub(super) struct Image {
    pub repository: RepositoryHandle,
    pub reference: Reference,
    pub files: ImageFiles,
}

impl Image {
    /// Finds the image of a reference, in an index by its platform.
    pub async fn open(context: &Context<'_>, text: &str, args: &LayerArgs) -> Result<Self, CommandError> {
        let texts = [text.to_owned()];
        let Some((repository, reference)) = context.references(&texts).await?.pop() else {
            return Err(Usage::new("one image is needed").into());
        };
        let opened = async {
            let manifest = repository.manifest(reference.target()).await?;
            let (_, manifest) = descend(&repository, &reference, manifest, args.platform.as_ref()).await?;
            ImageFiles::new(&repository, &manifest.readable()?.0)
        };
        match context.until_shutdown(opened).await? {
            Ok(files) => Ok(Self { repository, reference, files: files.with_limits(args.limits()) }),
            Err(error) => {
                let hint_context = suggestions::hint_context(context, &repository, reference.target(), &error).await;
                Err(CommandError::Failed(error, Box::new(hint_context)))
            }
        }
    }

    /// Ends the command because its files do not fit into memory.
    fn too_large(&self, context: &Context<'_>, error: Error) -> CommandError {
        let hint_context = context.hint_context(self.repository.registry());
        let files = HintContext { image: Some(self.reference.to_string()), ..hint_context.of_held_list() };
        CommandError::Failed(error.within(format!("cannot list {}", self.reference)), Box::new(files))
    }

    /// Ends the command with an error about the image.
    pub fn failed(&self, context: &Context<'_>, error: Error) -> CommandError {
        let error = match error.kind() {
            Kind::NotFound(Missing::File) => {
                let what = error.what().replace("the image", &self.reference.to_string());
                error.called(what)
            }
            Kind::Invalid => error,
            _ => error.within(format!("cannot read {}", self.reference)),
        };
        let image = Some(self.repository.registry().qualify(&self.reference));
        let hint_context = HintContext { image, ..context.hint_context(self.repository.registry()) };
        CommandError::Failed(error, Box::new(hint_context))
    }
}

/// Files that wait to be sorted.
#[derive(Default)]
struct Held {
    files: Vec<ImageFile>,
    bytes: usize,
}

impl Held {
    fn add(&mut self, batch: Vec<ImageFile>) -> Result<(), Error> {
        for file in batch {
            let link = file.file.link.as_ref().map_or(0, |link| link.len() + ALLOCATION);
            // The vector may be twice as large as what is in it.
            self.bytes += 2 * size_of::<ImageFile>() + file.file.path.as_bytes().len() + ALLOCATION + link;
            self.files.push(file);
        }
        if self.bytes <= MAX_HELD {
            return Ok(());
        }
        let error = Error::new(Kind::Protocol(Fault::TooLarge), "the image has too many files to sort");
        Err(error.because(format!("the first {} take more than {} MiB of memory", self.files.len(), MAX_HELD >> 20)))
    }

    fn sorted(mut self, order: FileOrder, reverse: bool) -> Vec<ImageFile> {
        match order {
            FileOrder::None => {}
            FileOrder::Path => self.files.sort_by(|a, b| a.file.path.cmp(&b.file.path)),
            FileOrder::Size => self.files.sort_by(|a, b| (a.file.size, &a.file.path).cmp(&(b.file.size, &b.file.path))),
        }
        if reverse {
            self.files.reverse();
        }
        self.files
    }
}

fn record(file: &ImageFile) -> FileRecord {
    let file = &file.file;
    let link = |link: &[u8]| match file.kind {
        FileKind::Hardlink => FilePath::new(link).to_string(),
        _ => String::from_utf8_lossy(link).into_owned(),
    };
    FileRecord {
        path: file.path.to_string(),
        kind: kind(file.kind),
        mode: format!("{:04o}", file.mode),
        uid: file.uid,
        gid: file.gid,
        size: file.size,
        modified: file.modified.and_then(Time::new),
        link: file.link.as_deref().map(link),
        ..FileRecord::default()
    }
}

/// The name of a kind of file in records.
pub(super) fn kind(kind: FileKind) -> &'static str {
    match kind {
        FileKind::File => "file",
        FileKind::Directory => "directory",
        FileKind::Symlink => "symlink",
        FileKind::Hardlink => "hardlink",
        FileKind::CharDevice => "char-device",
        FileKind::BlockDevice => "block-device",
        FileKind::Fifo => "fifo",
        _ => "other",
    }
}
