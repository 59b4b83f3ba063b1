# A training pass over one batch by a team of threads. A member has a share of the sequences, and goes through all phases
# below with it; mixtures come in pieces (experts.py) for whoever is free. Members meet before and after each mixture.
# state: [the residual stream, or its gradient], [sums], two lists of what was put off (matrix.py), what mix_weights needs of
# the last mixture, then lists that the backward pass takes from the end.
# Nobody waits for the gradients of matrices: a member puts them off until it has come to the next meeting, and makes them
# there before it waits itself; those of experts are pieces again. Where layers are computed anew they are made at once: their
# operands lie in common arrays that the next layer overwrites.
# The arguments that all phases share are described in model.py; common, back and start in experts.py.


# sums: of probabilities [E] and of squared log-sum-exps [1], then rows chosen for each expert of each layer [E].
def begin(ids: Tensor, p: List[Tensor], numbers: List[float]) -> List[List[Tensor]]:
  x = __torch__.model.embed(ids, p, numbers)
  device = ops.prim.device(x)
  none = annotate(List[Tensor], [])
  return [[x], [torch.zeros([1], dtype=6, device=device), torch.zeros([1], dtype=6, device=device)], none, torch.list(none), torch.list(none)]


# Attention of a layer, and a dense block or what comes before the mixture. Again: the layer is computed a second time, from
# its input alone.
def ahead(state: List[List[Tensor]], layer: int, common: List[Tensor], start: int, again: bool, p: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> None:
  at = 3 + 21 * layer
  k = shape[20 + 2 * layer]
  if again:
    x = state.pop()[0]
  else:
    x = state[0][0]
    if shape[18] == 1:
      state.append([x])
  y, attended = __torch__.attention.forward(x, p, at, shape, numbers, shape[21 + 2 * layer], segments, cos, sin)
  if k == 0:
    y, fed = __torch__.experts.dense_half(y, p, at, shape, numbers, True)
    flow = [y]
    if again or shape[18] == 0:
      state.append(attended)
      state.append(fed)
  else:
    own, flow = __torch__.experts.enter(y, common, start, p, at, k, shape, numbers, True)
    state.append(attended)
    state.append(own)
    if not again:
      sums = state[1]
      sums[0] = sums[0] + torch.sum(__torch__.router.probabilities(own[3], shape[12]), [0])
      sums[1] = sums[1] + torch.sum(torch.square(own[6]))
      sums.append(torch.bincount(torch.flatten(own[4]), minlength=torch.size(own[3], 1)))
  if not again:
    state[0] = flow
  return None


# Once all have come: how many pieces the mixture has, and how many the gradients of its weights.
def open(state: List[List[Tensor]], layer: int, common: List[Tensor], members: int, p: List[Tensor]) -> List[int]:
  kept = __torch__.experts.open(common, p, 3 + 21 * layer, members)
  state.append(kept)
  return [torch.numel(kept[6]) - 1, 2 * (torch.numel(kept[8]) - 1)]


def mix(state: List[List[Tensor]], layer: int, common: List[Tensor], piece: int, p: List[Tensor], shape: List[int], numbers: List[float]) -> None:
  return __torch__.experts.mix(state[-1], common, p, 3 + 21 * layer, shape, numbers, piece)


# What comes after the mixture.
def after(state: List[List[Tensor]], common: List[Tensor], start: int, shape: List[int], numbers: List[float]) -> None:
  kept = state[-1]
  own = state[-2]
  state[0] = [__torch__.experts.leave(own, kept, common, start, state[0], numbers)]
  if shape[18] == 1:
    for _0 in range(3):
      _1 = state.pop()
  return None


# Rows chosen for each expert so far [L, E].
def load(state: List[List[Tensor]]) -> Tensor:
  sums = state[1]
  if torch.len(sums) > 2:
    return torch.stack(sums[2:])
  return torch.zeros([0, 1], dtype=4)


# The head, forward and backward; taught, lesson and top as in head.py. Returns the sum of losses [1] float64, rows chosen
# for each expert [L, E], the two other sums, and that of divergences from the teacher [1] float64.
def judge(state: List[List[Tensor]], labels: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float], taught: List[Tensor], lesson: List[float], top: int) -> List[Tensor]:
  total, apart, dx = __torch__.head.train(state[0][0], p, g, labels, numbers[9], shape[3], shape[2], numbers[0], numbers[8], shape[19] == 1, taught, lesson, top)
  state[0] = [dx]
  return [total, __torch__.team.load(state), state[1][0], state[1][1], apart]


def enter_backward(state: List[List[Tensor]], back: List[Tensor], start: int, numbers: List[float]) -> None:
  _0 = __torch__.experts.enter_backward(state[0][0], back, start, numbers)
  return None


# Mixtures take the two arrays in turn.
def outputs(back: List[Tensor], shape: List[int], layer: int) -> Tensor:
  turn = 0
  for i in range(layer):
    if shape[20 + 2 * i] > 0:
      turn = 1 - turn
  return back[2 + turn]


def mix_backward(state: List[List[Tensor]], layer: int, common: List[Tensor], back: List[Tensor], piece: int, p: List[Tensor], shape: List[int]) -> None:
  return __torch__.experts.mix_backward(state[-1], common, back, __torch__.team.outputs(back, shape, layer), p, 3 + 21 * layer, shape, piece)


# Of the layer that went behind last; the next layer but one uses the same arrays. g and stale are those of the experts'
# gradients, which all members share.
def mix_weights(state: List[List[Tensor]], layer: int, common: List[Tensor], back: List[Tensor], piece: int, g: List[Tensor], shape: List[int], stale: bool) -> None:
  return __torch__.experts.mix_weights(state[4], common, __torch__.team.outputs(back, shape, layer), g, 3 + 21 * layer, piece, stale)


# The rest of a layer. balance [E] is the gradient of every router probability.
def behind(state: List[List[Tensor]], layer: int, common: List[Tensor], back: List[Tensor], start: int, balance: Tensor, p: List[Tensor], g: List[Tensor], cos: Tensor, sin: Tensor, shape: List[int], numbers: List[float], segments: List[int]) -> None:
  at = 3 + 21 * layer
  later = state[2:4]
  stale = shape[19] == 1
  dy = state[0][0]
  if shape[20 + 2 * layer] == 0:
    dx = __torch__.experts.dense_half_backward(dy, state.pop(), p, g, at, shape, numbers, stale, later)
  else:
    kept = state.pop()
    state[4] = kept
    dx = __torch__.experts.leave_backward(dy, state.pop(), kept, common, back, start, p, g, at, shape, numbers, balance, numbers[10], stale, later)
  dx = __torch__.attention.backward(dx, state.pop(), p, g, at, shape, numbers, shape[21 + 2 * layer], segments, cos, sin, stale, later)
  state[0] = [dx]
  if shape[18] == 1:
    _0 = __torch__.matrix.catch_up(later)
  return None


def catch_up(state: List[List[Tensor]]) -> None:
  return __torch__.matrix.catch_up(state[2:4])


# The gradient of the embedding.
def end(state: List[List[Tensor]], ids: Tensor, p: List[Tensor], g: List[Tensor], shape: List[int], numbers: List[float]) -> None:
  dx = state[0][0]
  if numbers[6] != 1.:
    dx = torch.mul_(dx, numbers[6])
  demb = torch.embedding_dense_backward(dx, ids, torch.size(p[0], 0), -1, False)
  fresh = shape[19] == 1
  if torch.is_set_to(p[0], p[2]):
    fresh = False
  if fresh:
    _0 = torch.copy_(g[0], demb)
  else:
    _0 = torch.add_(g[0], demb)
  return None
