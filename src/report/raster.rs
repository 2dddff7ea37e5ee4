//! Pictures made of points: colours for values, and PNG files of them.

use flate2::write::ZlibEncoder;
use flate2::{Compression, Crc};
use std::io::Write;

/// Points with colours, the upper row first: red, green, blue, opacity.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Raster {
    pub columns: usize,
    pub rows: usize,
    pub pixels: Vec<[u8; 4]>,
}

/// The colour map viridis (S. van der Walt and N. Smith, 2015, public domain): even steps of value look like even steps,
/// to colour-blind readers and in grey too.
const VIRIDIS: [[u8; 3]; 9] = [
    [0x44, 0x01, 0x54],
    [0x47, 0x2d, 0x7b],
    [0x3b, 0x52, 0x8b],
    [0x2c, 0x72, 0x8e],
    [0x21, 0x91, 0x8c],
    [0x28, 0xae, 0x80],
    [0x5e, 0xc9, 0x62],
    [0xad, 0xdc, 0x30],
    [0xfd, 0xe7, 0x25],
];

/// The colour of a value between 0 and 1.
pub(super) fn colour(value: f64) -> [u8; 4] {
    let at = value.clamp(0.0, 1.0) * (VIRIDIS.len() - 1) as f64;
    let (k, part) = ((at as usize).min(VIRIDIS.len() - 2), at - at.floor());
    // At the very end the last interval is used up.
    let part = if at as usize > k { 1.0 } else { part };
    let mix = |c: usize| {
        let (a, b) = (f64::from(VIRIDIS[k][c]), f64::from(VIRIDIS[k + 1][c]));
        (a + (b - a) * part).round() as u8
    };
    [mix(0), mix(1), mix(2), 255]
}

impl Raster {
    /// The colour of each point by column and row.
    pub(super) fn of(columns: usize, rows: usize, pixel: impl Fn(usize, usize) -> [u8; 4]) -> Self {
        let pixels = (0..rows).flat_map(|row| (0..columns).map(move |column| (column, row)));
        Self { columns, rows, pixels: pixels.map(|(column, row)| pixel(column, row)).collect() }
    }

    /// The picture as a PNG file (ISO/IEC 15948).
    pub(super) fn png(&self) -> Vec<u8> {
        let mut out = vec![0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a];
        let mut header = Vec::new();
        header.extend((self.columns as u32).to_be_bytes());
        header.extend((self.rows as u32).to_be_bytes());
        // Eight bits, colour with opacity, no interlacing.
        header.extend([8, 6, 0, 0, 0]);
        chunk(&mut out, *b"IHDR", &header);
        let mut packed = ZlibEncoder::new(Vec::new(), Compression::best());
        for row in self.pixels.chunks(self.columns.max(1)) {
            // A vector takes whatever is written. The first byte of a row says that it is not filtered.
            let _ = packed.write_all(&[0]);
            let _ = packed.write_all(row.as_flattened());
        }
        chunk(&mut out, *b"IDAT", &packed.finish().unwrap_or_default());
        chunk(&mut out, *b"IEND", &[]);
        out
    }

    /// The picture as a URL that holds it.
    pub(super) fn url(&self) -> String {
        format!("data:image/png;base64,{}", base64(&self.png()))
    }
}

fn chunk(out: &mut Vec<u8>, kind: [u8; 4], data: &[u8]) {
    out.extend((data.len() as u32).to_be_bytes());
    let from = out.len();
    out.extend(kind);
    out.extend(data);
    let mut crc = Crc::new();
    crc.update(&out[from..]);
    out.extend(crc.sum().to_be_bytes());
}

/// RFC 4648.
fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let get = |k: usize| u32::from(three.get(k).copied().unwrap_or(0));
        let bits = get(0) << 16 | get(1) << 8 | get(2);
        for k in 0..4 {
            let letter = char::from(LETTERS[(bits >> (18 - 6 * k) & 63) as usize]);
            out.push(if k <= three.len() { letter } else { '=' });
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use flate2::read::ZlibDecoder;
    use std::io::Read;

    /// The examples of RFC 4648, section 10.
    #[test]
    fn base64_of_the_standard() {
        for (plain, coded) in [
            ("", ""),
            ("f", "Zg=="),
            ("fo", "Zm8="),
            ("foo", "Zm9v"),
            ("foob", "Zm9vYg=="),
            ("foobar", "Zm9vYmFy"),
        ] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }

    #[test]
    fn a_picture_is_a_png() {
        let raster = Raster::of(3, 2, |column, row| [column as u8, row as u8, 7, 255]);
        let png = raster.png();
        // The chunk that ends every PNG file has a known check sum.
        assert!(png.ends_with(&[0, 0, 0, 0, b'I', b'E', b'N', b'D', 0xae, 0x42, 0x60, 0x82]));
        let from = png.windows(4).position(|w| w == b"IDAT").unwrap() + 4;
        let mut rows = Vec::new();
        ZlibDecoder::new(&png[from..]).read_to_end(&mut rows).unwrap();
        assert_eq!(
            rows,
            [0, 0, 0, 7, 255, 1, 0, 7, 255, 2, 0, 7, 255, 0, 0, 1, 7, 255, 1, 1, 7, 255, 2, 1, 7, 255]
        );
        assert!(raster.url().starts_with("data:image/png;base64,iVBORw0KGgo"));
    }

    #[test]
    fn the_ends_of_the_colours() {
        assert_eq!([colour(-1.0), colour(2.0)], [[0x44, 0x01, 0x54, 255], [0xfd, 0xe7, 0x25, 255]]);
        assert_eq!(colour(0.5), [0x21, 0x91, 0x8c, 255]);
    }
}
