# RMS norm over the last axis, in float32: n = w * x * r, r = 1 / sqrt(mean(x^2) + epsilon).


def inverse_rms(x: Tensor, epsilon: float) -> Tensor:
  norm = torch.linalg_vector_norm(x, 2, [-1], True)
  return torch.rsqrt(norm * norm / torch.size(x, -1) + epsilon)


def apply(x: Tensor, r: Tensor, w: Tensor) -> Tensor:
  return torch.mul_(x * r, w)


def apply_into(x: Tensor, r: Tensor, w: Tensor, y: Tensor) -> Tensor:
  return torch.mul_(torch.mul(x, r, out=y), w)


# The gradient of n = w * x * r is w * dn * r for x as it stands there, and b * x for r, where b is -r^3 times the mean of
# w * dn * x. Returns b; adds the gradient of w to gw (which has the shape of the last axes of x).
def of_inverse(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor) -> Tensor:
  product = dn * x
  if torch.dim(w) == 1:
    mean = torch.unsqueeze(torch.mv(product, w / torch.size(x, -1)), 1)
    _0 = torch.addmv_(gw, torch.t(product), torch.squeeze(r, 1))
  else:
    mean = torch.sum(product * w, [-1], True) / torch.size(x, -1)
    _0 = torch.add_(gw, torch.sum(torch.mul_(product, r), [0]))
  return torch.neg(mean * r * r * r)


# Returns the gradient of x.
def backward(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor) -> Tensor:
  return __torch__.norm.backward_into(dn, x, r, w, gw, torch.empty_like(dn))


# The same in dx, which may be dn itself.
def backward_into(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor, dx: Tensor) -> Tensor:
  b = __torch__.norm.of_inverse(dn, x, r, w, gw)
  return torch.addcmul_(torch.mul_(torch.mul(dn, w, out=dx), r), x, b)


# For a norm of the residual stream: the same plus dy, the gradient of the stream [T, D] behind it, in dx.
def backward_residual_into(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor, dy: Tensor, dx: Tensor) -> Tensor:
  b = __torch__.norm.of_inverse(dn, x, r, w, gw)
  return torch.addcmul_(torch.addcmul(dy, dn * w, r, out=dx), x, b)


# The same in a new array, by blocks.
def backward_residual(dn: Tensor, x: Tensor, r: Tensor, w: Tensor, gw: Tensor, dy: Tensor) -> Tensor:
  total = torch.size(x, 0)
  step = __torch__.matrix.cached_rows(total, 2 * torch.size(x, 1))
  dx = torch.empty_like(x)
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    _0 = __torch__.norm.backward_residual_into(torch.narrow(dn, 0, start, size), torch.narrow(x, 0, start, size), torch.narrow(r, 0, start, size), w, gw, torch.narrow(dy, 0, start, size), torch.narrow(dx, 0, start, size))
  return dx
