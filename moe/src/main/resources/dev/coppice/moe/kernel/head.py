# Final norm, head and cross-entropy in float32, a chunk of tokens at a time.
# Shapes: T tokens, D model, V vocabulary. Parameters: p[1] final norm D, p[2] head [V, D].
# Logits are divided by a number that some families have. A negative label is ignored.


def scaled(logits: Tensor, divisor: float) -> Tensor:
  y = torch.to(logits, 6)
  if divisor == 1.:
    return y
  return torch.div_(y, divisor)


def logits(x: Tensor, p: List[Tensor], dtype: int, epsilon: float, divisor: float) -> Tensor:
  n = __torch__.norm.apply(x, __torch__.norm.inverse_rms(x, epsilon), p[1])
  return __torch__.head.scaled(__torch__.product.times(torch.to(n, dtype), torch.t(torch.to(p[2], dtype))), divisor)


# Losses [T] and whether the most likely token is the label [T], both 0 where the label is ignored.
def score(x: Tensor, p: List[Tensor], labels: Tensor, chunk: int, dtype: int, epsilon: float, divisor: float) -> Tensor:
  tokens = torch.size(x, 0)
  result = torch.empty([2, tokens], dtype=6, device=ops.prim.device(x))
  for i in range(torch.floordiv(tokens + chunk - 1, chunk)):
    start = i * chunk
    size = min(chunk, tokens - start)
    label = torch.narrow(labels, 0, start, size)
    keep = torch.to(label >= 0, 6)
    out = __torch__.head.logits(torch.narrow(x, 0, start, size), p, dtype, epsilon, divisor)
    picked = torch.gather(torch.log_softmax(out, -1), 1, torch.unsqueeze(torch.clamp(label, 0), 1))
    column = torch.narrow(result, 1, start, size)
    _0 = torch.copy_(torch.select(column, 0, 0), torch.squeeze(picked, 1) * -keep)
    _1 = torch.copy_(torch.select(column, 0, 1), torch.argmax(out, -1) == label)
  return result


# Log-probabilities at a temperature, from those at 1.
def tempered(x: Tensor, temperature: float) -> Tensor:
  if temperature == 1.:
    return x
  return torch.log_softmax(x / temperature, -1)


# What train reads of a teacher whose residual stream after all layers is x: the normed stream [T, D'] and the head
# [V, D'], in the teacher's compute dtype.
def teacher(x: Tensor, p: List[Tensor], dtype: int, epsilon: float) -> List[Tensor]:
  n = __torch__.norm.apply(x, __torch__.norm.inverse_rms(x, epsilon), p[1])
  return [torch.to(n, dtype), torch.to(p[2], dtype)]


# KL(teacher || student) of each token [C], float64, and its gradient with respect to the student's logits over the
# temperature [C, V]. student and taught are log-probabilities [C, V] at the temperature; taught is overwritten.
# Where top > 0, the teacher's distribution is that over its so many likeliest tokens.
def divergence(student: Tensor, taught: Tensor, top: int) -> Tuple[Tensor, Tensor]:
  if top > 0:
    best, index = torch.topk(taught, top, -1)
    best = torch.log_softmax(best, -1)
    chance = torch.exp(best)
    lack = torch.sum(chance * (best - torch.gather(student, 1, index)), [1], dtype=7)
    d = torch.scatter_add_(torch.exp(student), 1, index, -chance)
  else:
    chance = torch.exp(taught)
    lack = torch.sum(torch.mul_(torch.sub_(taught, student), chance), [1], dtype=7)
    d = torch.sub_(torch.exp(student, out=taught), chance)
  return (lack, d)


# The sums of losses and of divergences from the teacher, and the gradient of factor * (the sum of losses + weight *
# temperature^2 * that of divergences) with respect to x; adds weight gradients to g.
# taught is [] without a teacher; lesson = [temperature, weight, divisor of the teacher's logits].
def train(x: Tensor, p: List[Tensor], g: List[Tensor], labels: Tensor, factor: float, chunk: int, dtype: int, epsilon: float, divisor: float, stale: bool, taught: List[Tensor], lesson: List[float], top: int) -> Tuple[Tensor, Tensor, Tensor]:
  tokens = torch.size(x, 0)
  r = __torch__.norm.inverse_rms(x, epsilon)
  n = torch.to(__torch__.norm.apply(x, r, p[1]), dtype)
  w = torch.to(p[2], dtype)
  dn = torch.empty_like(n)
  total = torch.zeros([1], dtype=7, device=ops.prim.device(x))
  apart = torch.zeros([1], dtype=7, device=ops.prim.device(x))
  for i in range(torch.floordiv(tokens + chunk - 1, chunk)):
    start = i * chunk
    size = min(chunk, tokens - start)
    n_chunk = torch.narrow(n, 0, start, size)
    label = torch.narrow(labels, 0, start, size)
    keep = torch.unsqueeze(torch.to(label >= 0, 6), 1)
    safe = torch.unsqueeze(torch.clamp(label, 0), 1)
    d = torch.log_softmax(__torch__.head.scaled(__torch__.product.times(n_chunk, torch.t(w)), divisor), -1)
    _0 = torch.sub_(total, torch.sum(torch.gather(d, 1, safe) * keep, dtype=7))
    if torch.len(taught) > 0:
      other = __torch__.head.scaled(__torch__.product.times(torch.narrow(taught[0], 0, start, size), torch.t(taught[1])), lesson[2])
      other = __torch__.head.tempered(torch.log_softmax(other, -1), lesson[0])
      lack, towards = __torch__.head.divergence(__torch__.head.tempered(d, lesson[0]), other, top)
      _1 = torch.add_(apart, torch.sum(lack * torch.squeeze(keep, 1)))
      d = torch.scatter_add_(torch.exp_(d), 1, safe, -keep)
      d = torch.add_(d, towards, alpha=lesson[0] * lesson[1])
    else:
      d = torch.scatter_add_(torch.exp_(d), 1, safe, -keep)
    d = torch.to(torch.mul_(d, keep * (factor / divisor)), dtype)
    first = stale
    if i > 0:
      first = False
    _2 = __torch__.matrix.accumulate(g[2], torch.t(d), n_chunk, first)
    _3 = __torch__.product.into(d, w, torch.narrow(dn, 0, start, size))
  return (total, apart, __torch__.norm.backward(torch.to(dn, 6), x, r, p[1], g[1]))
