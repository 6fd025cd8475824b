//! An open file: reading and writing it, and what is known of it.

use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::fs::FileExt;
use std::sync::{Mutex, PoisonError};
use std::time::{SystemTime, UNIX_EPOCH};

use lease::{FileId, FileKey};
use rustix::fs::{FallocateFlags, Timespec, Timestamps, UTIME_NOW, UTIME_OMIT, fallocate, futimens};
use rustix::io::Errno;

use super::attributes::Attributes;
use super::error::{Error, Result};
use super::identity;
use super::lock;
use super::name::Name;
use super::path::SmbPath;
use super::record::Record;
use super::stat::{Found, Kind, Stat};
use super::volume::Volume;

/// An open file, directory or named stream. It goes on meaning the same file whatever that is called meanwhile.
///
/// It holds one descriptor of the host, two if it is of a named stream.
#[derive(Debug)]
pub struct Handle {
    pub(super) volume: Volume,
    pub(super) file: File,
    pub(super) kind: Kind,
    /// Whether the host let the file be opened for writing.
    pub(super) writable: bool,
    pub(super) id: FileId,
    pub(super) stream: Option<OpenStream>,
    /// The names from the root to the file, as they were when it was last looked for.
    pub(super) place: Mutex<Place>,
}

/// The named stream that a handle is of.
#[derive(Debug)]
pub(super) struct OpenStream {
    pub(super) file: File,
    pub(super) name: Mutex<Name>,
}

/// Where a file was last.
#[derive(Debug, Clone)]
pub(super) struct Place {
    pub(super) parent: FileId,
    pub(super) names: Vec<Name>,
}

/// Times to set; what is none stays.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// When it was created.
    pub created: Option<SystemTime>,
    /// When it was last read.
    pub accessed: Option<SystemTime>,
    /// When its data last changed.
    pub written: Option<SystemTime>,
    /// When anything of it last changed.
    pub changed: Option<SystemTime>,
}

impl Handle {
    /// For a file that was just opened or made.
    pub(super) fn new(volume: Volume, (fd, writable): (OwnedFd, bool), kind: Kind, place: Place) -> Result<Handle> {
        let id = identity::file_id(&fd, &identity::facts(&fd)?)?;
        Ok(Handle { volume, file: File::from(fd), kind, writable, id, stream: None, place: Mutex::new(place) })
    }

    /// Which file it is.
    pub fn id(&self) -> FileId {
        self.id
    }

    /// What leases and share modes on it are about.
    pub fn key(&self) -> FileKey {
        FileKey { volume: self.volume.id(), file: self.id, stream: self.stream_name().map(|name| name.folded().into()) }
    }

    /// The name of the stream; none for the file itself.
    pub fn stream_name(&self) -> Option<Name> {
        self.stream.as_ref().map(|stream| stream.name.lock().unwrap_or_else(PoisonError::into_inner).clone())
    }

    /// File or directory; a named stream is a file.
    pub fn kind(&self) -> Kind {
        if self.stream.is_some() { Kind::File } else { self.kind }
    }

    /// Whether data can be written to it, as far as the host is asked. Of a directory the host is asked when something is made in it.
    pub fn is_writable(&self) -> bool {
        self.writable
    }

    /// The volume it is of.
    pub fn volume(&self) -> &Volume {
        &self.volume
    }

    /// The directory it was in when it was last looked for by name.
    pub fn parent(&self) -> FileId {
        self.place().parent
    }

    /// The path it had when it was last looked for by name, with the stream if it is of one.
    pub fn path(&self) -> SmbPath {
        SmbPath::of_names(self.place().names, self.stream_name())
    }

    pub(super) fn place(&self) -> Place {
        self.place.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    pub(super) fn moved_to(&self, place: Place) {
        *self.place.lock().unwrap_or_else(PoisonError::into_inner) = place;
    }

    /// The file that has the data.
    pub(super) fn data(&self) -> Result<&File> {
        match (&self.stream, self.kind) {
            (Some(stream), _) => Ok(&stream.file),
            (None, Kind::File) => Ok(&self.file),
            (None, Kind::Directory) => Err(Error::IsDirectory),
        }
    }

    /// What a lookup of its path would find, if it is still called that.
    pub fn found(&self) -> Result<Found> {
        let place = self.place();
        Ok(Found {
            id: self.id,
            parent: place.parent,
            name: place.names.last().cloned(),
            stream: self.stream_name(),
            stat: self.stat()?,
        })
    }

    /// What a client may ask of it.
    pub fn stat(&self) -> Result<Stat> {
        let record = self.volume.records().read(&self.file, self.id)?;
        let base = Stat::new(self.kind, &identity::facts(&self.file)?, record.as_ref());
        match &self.stream {
            Some(stream) => Ok(Stat::of_stream(base, &identity::facts(&stream.file)?)),
            None => Ok(base),
        }
    }

    /// Reads from `offset` until the buffer is full or the stream ends, and says how many bytes that were.
    ///
    /// # Errors
    /// [`Error::IsDirectory`]; [`Error::InvalidParameter`] for an offset that the host can not address.
    pub fn read_at(&self, buffer: &mut [u8], offset: u64) -> Result<usize> {
        let file = self.data()?;
        let mut done = 0;
        while let Some(rest) = buffer.get_mut(done..).filter(|rest| !rest.is_empty()) {
            let at = offset.checked_add(done as u64).ok_or(Error::InvalidParameter)?;
            match file.read_at(rest, at) {
                Ok(0) => break,
                Ok(count) => done += count,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error.into()),
            }
        }
        Ok(done)
    }

    /// Writes all of it at `offset`; the stream grows as needed. Once it returns, every process of this host reads what was written.
    ///
    /// # Errors
    /// [`Error::DiskFull`], after which a part may have been written; [`Error::AccessDenied`] if the host lets the file only be read.
    pub fn write_at(&self, bytes: &[u8], offset: u64) -> Result<()> {
        self.data()?.write_all_at(bytes, offset)?;
        self.touch_file_of_stream()
    }

    /// Sets the end of the stream (MS-FSA 2.1.5.15.4). What is beyond the old one reads as zeroes.
    pub fn set_len(&self, bytes: u64) -> Result<()> {
        self.data()?.set_len(bytes)?;
        self.touch_file_of_stream()
    }

    /// Sets what the host keeps for the stream (MS-FSA 2.1.5.15.1): more than there is keeps room, less cuts the stream off.
    ///
    /// Room is best effort: where the file system can not keep any, writes get it when they come.
    pub fn allocate(&self, bytes: u64) -> Result<()> {
        let file = self.data()?;
        let size = identity::facts(file)?.stx_size;
        if bytes < size {
            return self.set_len(bytes);
        }
        if bytes == 0 {
            return Ok(());
        }
        match fallocate(file, FallocateFlags::KEEP_SIZE, 0, bytes) {
            Ok(()) | Err(Errno::OPNOTSUPP | Errno::NOSYS) => Ok(()),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Returns once the data is on the disk, as far as the host can tell.
    pub fn flush(&self) -> Result<()> {
        match &self.stream {
            Some(stream) => stream.file.sync_data()?,
            None => self.file.sync_data()?,
        }
        Ok(())
    }

    /// Sets times (MS-FSA 2.1.5.15.2). The change time is kept until the host sees another change.
    pub fn set_times(&self, times: Times) -> Result<()> {
        if let Some(created) = times.created {
            self.change_record(|record| record.created = Some(created))?;
        }
        if times.accessed.is_some() || times.written.is_some() {
            let stamps = Timestamps { last_access: timespec(times.accessed), last_modification: timespec(times.written) };
            futimens(&self.file, &stamps)?;
        }
        if let Some(changed) = times.changed {
            // Last: it is kept with the moment at which it was set.
            self.change_record(|record| record.changed = Some((changed, SystemTime::now())))?;
        }
        Ok(())
    }

    /// Sets the attributes (MS-FSA 2.1.5.15.2): those that clients may set; DIRECTORY and NORMAL follow from the rest.
    pub fn set_attributes(&self, attributes: Attributes) -> Result<()> {
        self.change_record(|record| record.attributes = attributes.stored())
    }

    /// Sets the attributes of what was just made.
    pub(super) fn set_first_attributes(&self, attributes: Attributes) -> Result<()> {
        let default = Attributes::of_new(self.kind);
        let attributes = attributes.stored() | default;
        // Most are made with none of their own, and need no record.
        if attributes == default {
            return Ok(());
        }
        self.volume.records().write(&self.file, self.id, &Record { attributes, ..Record::default() })
    }

    /// Reads the record, changes it and writes it, while no other process does.
    pub(super) fn change_record(&self, change: impl FnOnce(&mut Record)) -> Result<()> {
        // The place's mutex keeps the threads of this handle apart, which share one descriptor and so one lock of the host.
        let _threads = self.place.lock().unwrap_or_else(PoisonError::into_inner);
        let _processes = lock::exclusive(&self.file);
        let records = self.volume.records();
        let mut record = match records.read(&self.file, self.id)? {
            Some(record) => record,
            None => Record { attributes: Attributes::of_new(self.kind), ..Record::default() },
        };
        let before = record;
        change(&mut record);
        if record == before {
            return Ok(());
        }
        records.write(&self.file, self.id, &record)
    }

    /// A change to a stream is one to its file (MS-FSA 2.1.1.4).
    fn touch_file_of_stream(&self) -> Result<()> {
        if self.stream.is_none() {
            return Ok(());
        }
        let now = Timespec { tv_sec: 0, tv_nsec: UTIME_NOW };
        let stamps = Timestamps { last_access: timespec(None), last_modification: now };
        Ok(futimens(&self.file, &stamps)?)
    }
}

/// A time as the host wants it; none leaves it as it is.
fn timespec(time: Option<SystemTime>) -> Timespec {
    let Some(time) = time else { return Timespec { tv_sec: 0, tv_nsec: UTIME_OMIT } };
    match time.duration_since(UNIX_EPOCH) {
        Ok(since) => Timespec { tv_sec: since.as_secs().try_into().unwrap_or(i64::MAX), tv_nsec: since.subsec_nanos().into() },
        Err(before) => {
            let before = before.duration();
            let whole = i64::try_from(before.as_secs()).unwrap_or(i64::MAX).saturating_neg();
            match before.subsec_nanos() {
                0 => Timespec { tv_sec: whole, tv_nsec: 0 },
                part => Timespec { tv_sec: whole.saturating_sub(1), tv_nsec: (1_000_000_000 - part).into() },
            }
        }
    }
}
