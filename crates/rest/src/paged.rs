//! Long collections, read page by page.

use futures_util::stream::{self, BoxStream, StreamExt};

use crate::call::Slice;
use crate::encode::Map;
use crate::fault::Fault;

/// Rows read at once.
const PIECE: u64 = 500;

/// Where the reading is.
struct Reader<T, P> {
    pages: P,
    after: Option<T>,
    skip: u64,
    left: u64,
}

/// The part of a collection of `total` that `slice` is about. `pages` reads the rows after one, leaving out some; `make`
/// makes an entry of a row.
pub(crate) fn paged<T, P, F, M>(
    slice: Slice,
    total: u64,
    pages: P,
    make: M,
) -> BoxStream<'static, Result<Map, Fault>>
where
    T: Clone + Send + Sync + 'static,
    P: Fn(Option<T>, u64, u64) -> F + Send + 'static,
    F: Future<Output = Result<Vec<T>, Fault>> + Send,
    M: Fn(&T) -> Map + Send + 'static,
{
    let left = slice.limit.min(total.saturating_sub(slice.skip));
    let reader = Reader { pages, after: None, skip: slice.skip, left };
    let pieces = stream::try_unfold(reader, |mut reader: Reader<T, P>| async move {
        if reader.left == 0 {
            return Ok::<_, Fault>(None);
        }
        let size = reader.left.min(PIECE);
        let rows = (reader.pages)(reader.after.take(), reader.skip, size).await?;
        reader.left = if (rows.len() as u64) < size { 0 } else { reader.left - size };
        reader.skip = 0;
        reader.after = rows.last().cloned();
        Ok(Some((rows, reader)))
    });
    let entries = pieces.flat_map(move |piece| {
        stream::iter(match piece {
            Ok(rows) => rows.iter().map(|row| Ok(make(row))).collect(),
            Err(fault) => vec![Err(fault)],
        })
    });
    entries.boxed()
}
