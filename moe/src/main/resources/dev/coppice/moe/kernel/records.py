# What kernels pass one another, by name. Layer and Model (parameters.py) and Call (calls.py) are generated from Java.


# What a norm of rows needs in its backward pass: its input and one over the root mean square.
class Normed(NamedTuple):
  x : Tensor
  r : Tensor


# What latent attention keeps of a block of rows: all latents, then those of keys and values, and of queries where
# these have one.
class LatentSaved(NamedTuple):
  down_TL : Tensor
  key_value_r_T1 : Tensor
  key_value_TL : Tensor
  query_r_T1 : Optional[Tensor]
  query_TL : Optional[Tensor]


# What the projections to queries, keys and values keep of a block of rows: the norm before them, and those of heads.
class ProjectionSaved(NamedTuple):
  r_T1 : Tensor
  n_TD : Tensor
  joint : Optional[__torch__.records.Normed]
  query : Optional[__torch__.records.Normed]
  key : Optional[__torch__.records.Normed]
  latent : Optional[__torch__.records.LatentSaved]


# What one call of the attention operator keeps.
class AttendSaved(NamedTuple):
  query_BHSN : Tensor
  key_BHSN : Tensor
  value_BHSN : Tensor
  out_BHSN : Tensor
  lse_BHS : Tensor


# What the attention half of a layer keeps: its input, the heads' outputs, blocks of rows, and calls of the operator.
class AttentionSaved(NamedTuple):
  x_TD : Tensor
  out_TA : Tensor
  blocks : List[__torch__.records.ProjectionSaved]
  calls : List[__torch__.records.AttendSaved]


# What the shared experts keep; output and gate only where they have a gate.
class SharedSaved(NamedTuple):
  h_TF : Tensor
  d_activation_TF : Tensor
  output_TD : Optional[Tensor]
  gate_T1 : Optional[Tensor]


# What a dense block's half of a layer keeps.
class DenseSaved(NamedTuple):
  x_TD : Tensor
  r_T1 : Tensor
  n_TD : Tensor
  h_TF : Tensor
  d_activation_TF : Tensor


# What a router says of its tokens: scores, the chosen experts, their weights, and the logits' log-sum-exp.
class Routing(NamedTuple):
  scores_TE : Tensor
  index_TK : Tensor
  weight_TK : Tensor
  lse_T : Tensor
  logits_TE : Tensor


# What a mixture's half of a layer keeps of a member's tokens.
class RoutedSaved(NamedTuple):
  x_TD : Tensor
  r_T1 : Tensor
  n_TD : Tensor
  routing : __torch__.records.Routing
  shared : Optional[__torch__.records.SharedSaved]


# Rows of one expert that lie side by side.
class Run(NamedTuple):
  expert : int
  start : int
  rows : int


# Which rows are whose, for the tokens of all members. place: the row of each choice. token and weight: those of each
# row. tasks: runs of one expert or of several, for any free member. weight_tasks: the same of whole experts, for the
# gradients of their weights.
class DispatchPlan(NamedTuple):
  place_TK : Tensor
  token_R : Tensor
  weight_R : Tensor
  tasks : List[List[__torch__.records.Run]]
  weight_tasks : List[List[__torch__.records.Run]]


# A mixture's arrays of all tokens, which members share: the experts' input and output, the chosen experts and their
# weights, and what gate.py keeps of each row.
class Buffers(NamedTuple):
  normed_TD : Tensor
  expert_RD : Tensor
  index_TK : Tensor
  weight_TK : Tensor
  h_RF : Tensor
  d_activation_RF : Tensor


# The backward pass's arrays of all tokens: gradients of the experts' sum and of each row's weight, float32, and of the
# experts' outputs, for mixtures in turn.
class GradBuffers(NamedTuple):
  sum_TD : Tensor
  weight_R : Tensor
  even_RD : Tensor
  odd_RD : Tensor


# What a teacher says of tokens: its normed residual stream and its head, and how much it counts. top > 0: only that
# many of its likeliest tokens.
class Teacher(NamedTuple):
  n_TD : Tensor
  head_VD : Tensor
  logits_divisor : float
  temperature : float
  weight : float
  top : int


# grad += a @ b, or grad = a @ b.
class Matmul(NamedTuple):
  grad : Tensor
  a : Tensor
  b : Tensor


# Gradients of matrices that nothing waits for.
class Deferred:
  overwriting : List[__torch__.records.Matmul]
  adding : List[__torch__.records.Matmul]
  def __init__(self: __torch__.records.Deferred) -> NoneType:
    self.overwriting = annotate(List[__torch__.records.Matmul], [])
    self.adding = annotate(List[__torch__.records.Matmul], [])
    return None


# One member's training pass over its tokens, which begin at start. x_TD is the residual stream on the way forward, and
# its gradient on the way back. Lists are stacks: the backward pass takes from the end what the forward pass left.
class Pass:
  call : __torch__.calls.Call
  model : __torch__.parameters.Model
  grads : __torch__.parameters.Model
  cos_T1R : Tensor
  sin_T1R : Tensor
  start : int
  x_TD : Tensor
  shared_TD : Optional[Tensor]
  probability_E : Tensor
  squared_lse : Tensor
  loads : List[Tensor]
  inputs : List[Tensor]
  attention : List[__torch__.records.AttentionSaved]
  routed : List[__torch__.records.RoutedSaved]
  dense : List[__torch__.records.DenseSaved]
  plans : List[__torch__.records.DispatchPlan]
  last_plan : Optional[__torch__.records.DispatchPlan]
  deferred : __torch__.records.Deferred
  def __init__(self: __torch__.records.Pass, x_TD: Tensor, model: __torch__.parameters.Model,
      grads: __torch__.parameters.Model, call: __torch__.calls.Call, cos_T1R: Tensor, sin_T1R: Tensor,
      start: int) -> NoneType:
    self.call = call
    self.model = model
    self.grads = grads
    self.cos_T1R = cos_T1R
    self.sin_T1R = sin_T1R
    self.start = start
    self.x_TD = x_TD
    self.shared_TD = annotate(Optional[Tensor], None)
    self.probability_E = torch.zeros([1], dtype=6, device=ops.prim.device(x_TD))
    self.squared_lse = torch.zeros([1], dtype=6, device=ops.prim.device(x_TD))
    self.loads = annotate(List[Tensor], [])
    self.inputs = annotate(List[Tensor], [])
    self.attention = annotate(List[__torch__.records.AttentionSaved], [])
    self.routed = annotate(List[__torch__.records.RoutedSaved], [])
    self.dense = annotate(List[__torch__.records.DenseSaved], [])
    self.plans = annotate(List[__torch__.records.DispatchPlan], [])
    self.last_plan = annotate(Optional[__torch__.records.DispatchPlan], None)
    self.deferred = __torch__.records.Deferred()
    return None
