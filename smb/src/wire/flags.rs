//! Sets of flags that keep the bits that nobody knows.

/// Declares a set of flags with its reader and its writer. Bits without a name are kept: a client may be newer than this program.
macro_rules! flags {
    ($(#[$doc:meta])* $name:ident: $bits:ty { $($(#[$($flag_doc:tt)*])* $flag:ident = $value:expr;)* }) => {
        bitflags::bitflags! {
            $(#[$doc])*
            #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
            pub struct $name: $bits {
                $($(#[$($flag_doc)*])* const $flag = $value;)*
                const _ = !0;
            }
        }

        impl binrw::BinRead for $name {
            type Args<'a> = ();

            fn read_options<R: std::io::Read + std::io::Seek>(
                reader: &mut R,
                endian: binrw::Endian,
                (): (),
            ) -> binrw::BinResult<Self> {
                <$bits>::read_options(reader, endian, ()).map($name::from_bits_retain)
            }
        }

        impl binrw::BinWrite for $name {
            type Args<'a> = ();

            fn write_options<W: std::io::Write + std::io::Seek>(
                &self,
                writer: &mut W,
                endian: binrw::Endian,
                (): (),
            ) -> binrw::BinResult<()> {
                self.bits().write_options(writer, endian, ())
            }
        }
    };
}

pub(crate) use flags;
