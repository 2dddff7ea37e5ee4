//! Three values along the diagonal of a matrix, or all nine of it.

use super::{Kind, array};
use crate::error::Result;
use crate::input::schema::Form;
use crate::input::tree::{Item, Node};

/// See [`diagonal_or_matrix`].
pub struct DiagonalOrMatrix<D, E> {
    diagonal: D,
    entry: E,
}

/// A list of three values, or a list of three such lists; what is not on the diagonal of the first is zero.
pub fn diagonal_or_matrix<T: Default, D: Kind<Output = T>, E: Kind<Output = T>>(
    diagonal: D,
    entry: E,
) -> DiagonalOrMatrix<D, E> {
    DiagonalOrMatrix { diagonal, entry }
}

/// A reference to a kind is as good as the kind.
impl<K: Kind> Kind for &K {
    type Output = K::Output;

    fn form(&self) -> Form {
        (*self).form()
    }

    fn read(&self, item: &Item) -> Result<K::Output> {
        (*self).read(item)
    }
}

impl<T: Default, D: Kind<Output = T>, E: Kind<Output = T>> Kind for DiagonalOrMatrix<D, E> {
    type Output = [[T; 3]; 3];

    fn form(&self) -> Form {
        Form::Value(format!("a list of 3, each {}, or 3 rows of 3", self.diagonal.form().describe()))
    }

    fn read(&self, item: &Item) -> Result<[[T; 3]; 3]> {
        let is_list = |item: &Item| matches!(item.node, Node::List(_));
        if matches!(&item.node, Node::List(rows) if rows.first().is_some_and(is_list)) {
            return array(array(&self.entry)).read(item);
        }
        let zeros = || [T::default(), T::default(), T::default()];
        let mut matrix = [zeros(), zeros(), zeros()];
        for (k, value) in array::<3, _>(&self.diagonal).read(item)?.into_iter().enumerate() {
            matrix[k][k] = value;
        }
        Ok(matrix)
    }
}
