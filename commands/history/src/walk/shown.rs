//! The commits of a walk that are shown, in the order in which they are.

use pond_objects::{Link, ObjectId, ReadError};

use crate::walk::commits::Walk;
use crate::walk::lineage::{Choose, Chosen, Lineage, Looking};
use crate::walk::order::{Order, sort};
use crate::walk::touched::Touched;

/// Shown commits, one after the other. `T` is what is found out about each while it is chosen.
pub enum ShownCommits<'a, T> {
    /// As they come: what follows what is not asked, and no commit is read before its turn if the order allows.
    List(Box<dyn Iterator<Item = Result<(ObjectId, Link), ReadError>> + 'a>),
    /// For a graph.
    Graph(Lineage<T>),
}

impl<'a, T> ShownCommits<'a, T> {
    /// The commits of a walk; with their shown parents if it is told how to look for these. `order` is what was
    /// asked for: without one they come as they are found, or, for a graph, no parent before its child. With `touched` only those need to come
    /// that it takes.
    ///
    /// # Errors
    /// Those of reading the commits.
    pub fn new(
        walk: Walk<'a>,
        order: Option<Order>,
        graph: Option<Looking>,
        touched: Option<&'a Touched<'a>>,
    ) -> Result<Self, ReadError> {
        // In a graph no parent comes before its child.
        let order = order.unwrap_or(if graph.is_some() { Order::Topological } else { Order::Found });
        if order == Order::Found {
            return Ok(Self::List(match touched {
                Some(touched) => walk.touched(touched),
                None => Box::new(walk),
            }));
        }
        let sorted = sort(walk.collect::<Result<_, _>>()?, order);
        Ok(match graph {
            Some(looking) => Self::Graph(Lineage::new(sorted, looking)),
            None => Self::List(Box::new(sorted.into_iter().map(Ok))),
        })
    }

    /// The next commit for which `choose` gives something. It is asked once about each commit.
    ///
    /// # Errors
    /// Those of `choose`, and of reading the commits.
    pub fn next<E: From<ReadError>>(
        &mut self,
        choose: &mut Choose<'_, T, E>,
    ) -> Result<Option<Chosen<T>>, E> {
        let found = match self {
            Self::Graph(lineage) => return lineage.next(choose),
            Self::List(found) => found,
        };
        for found in found {
            let (id, link) = found?;
            if let Some(choice) = choose(&id, &link)? {
                return Ok(Some(Chosen { id, link, choice, parents: Vec::new() }));
            }
        }
        Ok(None)
    }
}
