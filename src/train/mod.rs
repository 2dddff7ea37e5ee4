//! From reference frames to a potential.
//!
//! The energy of a frame is E = Σ_i E_{t(i)}(G_i); forces and stress are contractions of g = ∂E/∂G with
//! the sparse Jacobian ∂G/∂r, which does not depend on the parameters θ of the networks and is computed
//! once. So training sees a network only through E and g of single atoms, and every row of the Jacobian
//! of the residuals is a sum of derivatives of one network along one direction.
//!
//! | module | what it holds |
//! |---|---|
//! | [`dataset`] | frames with weights, and what is wrong with them |
//! | `duplicates` | frames that are there twice |
//! | [`novelty`] | frames that are unlike what was learnt from |
//! | [`references`] | energies of the elements by least squares |
//! | [`split`] | what trains and what validates |
//! | [`generate`] | descriptors made for the elements and cutoffs at hand |
//! | [`features`] | descriptors of frames and their Jacobian |
//! | [`store`] | features of all frames within a bound on memory |
//! | [`prune`] | descriptors that say nothing new are left out |
//! | [`grow`] | descriptors for more elements |
//! | [`scaling`] | the statistics of descriptors |
//! | [`layout`] | the parameters of all networks as one vector |
//! | [`tangent`] | a network, its input gradient, and the parameter derivatives of both |
//! | [`loss`] | what counts as an error, and how much |
//! | [`objective`] | the loss over all frames, however they are kept |
//! | [`problem`] | residuals, their gradient and Jacobian from stored derivatives |
//! | [`surroundings`] | the neighbours in a frame, ready to be displaced |
//! | [`blocks`] | a network over many atoms at once |
//! | [`displaced`] | the loss and its gradient without stored derivatives, descriptor included |
//! | [`dense`] | products and factors of large symmetric matrices |
//! | [`optimizer`] | what every optimiser can do |
//! | [`marquardt`] | Levenberg–Marquardt |
//! | [`kalman`] | the extended Kalman filter |
//! | [`quasi_newton`] | L-BFGS |
//! | [`average`] | the average of the parameters over epochs |
//! | [`schedule`] | learning rates |
//! | `first_order` | Adam and AdamW of burn (feature `train`, as the five below) |
//! | `place` | where tensors live, and how precise they are |
//! | `tensors` | networks over many atoms as tensors, and the derivatives in θ |
//! | `two_passes` | the loss by tensors on the processor, contracted with what is stored |
//! | `tables` | frames as tables on a device |
//! | `uploaded` | the loss by tensors on a device, all of it |
//! | [`trainer`] | epoch after epoch, with early stopping and exact resume |
//! | [`checkpoint`] | the state of a training in a file |

pub mod average;
pub mod blocks;
pub mod checkpoint;
pub mod dataset;
pub mod dense;
pub mod displaced;
mod duplicates;
pub mod features;
#[cfg(feature = "train")]
pub mod first_order;
pub mod generate;
pub mod grow;
pub mod kalman;
pub mod layout;
pub mod loss;
pub mod marquardt;
pub mod novelty;
pub mod objective;
pub mod optimizer;
#[cfg(feature = "train")]
pub mod place;
pub mod problem;
pub mod prune;
pub mod quasi_newton;
pub mod references;
pub mod scaling;
pub mod schedule;
pub mod split;
pub mod store;
pub mod surroundings;
#[cfg(feature = "train")]
pub mod tables;
pub mod tangent;
#[cfg(feature = "train")]
pub mod tensors;
pub mod trainer;
#[cfg(feature = "train")]
pub mod two_passes;
#[cfg(feature = "train")]
pub mod uploaded;

#[cfg(test)]
mod tests;
