# RMS norm over the last axis, in float32: n = weight * x * r, r = 1 / sqrt(mean(x^2) + epsilon). x has any dimensions.


# r, with a last axis of one.
def inverse_rms(x: Tensor, epsilon: float) -> Tensor:
  norm = torch.linalg_vector_norm(x, 2, [-1], True)
  return torch.rsqrt(norm * norm / torch.size(x, -1) + epsilon)


# n in a new array.
def apply(x: Tensor, r: Tensor, weight: Tensor) -> Tensor:
  return torch.mul_(x * r, weight)


# The same in y.
def apply_into(x: Tensor, r: Tensor, weight: Tensor, y: Tensor) -> Tensor:
  return torch.mul_(torch.mul(x, r, out=y), weight)


# The gradient of n = weight * x * r is weight * dn * r for x as it stands there, and b * x for r, where b is -r^3 times
# the mean of weight * dn * x. Returns b; adds the gradient of the weight to grad (which has the shape of the last axes
# of x).
def of_inverse(dn: Tensor, x: Tensor, r: Tensor, weight: Tensor, grad: Tensor) -> Tensor:
  product = dn * x
  if torch.dim(weight) == 1:
    mean = torch.unsqueeze(torch.mv(product, weight / torch.size(x, -1)), 1)
    _0 = torch.addmv_(grad, torch.t(product), torch.squeeze(r, 1))
  else:
    mean = torch.sum(product * weight, [-1], True) / torch.size(x, -1)
    _0 = torch.add_(grad, torch.sum(torch.mul_(product, r), [0]))
  return torch.neg(mean * r * r * r)


# Returns the gradient of x.
def backward(dn: Tensor, x: Tensor, r: Tensor, weight: Tensor, grad: Tensor) -> Tensor:
  return __torch__.norm.backward_into(dn, x, r, weight, grad, torch.empty_like(dn))


# The same in dx, which may be dn itself.
def backward_into(dn: Tensor, x: Tensor, r: Tensor, weight: Tensor, grad: Tensor, dx: Tensor) -> Tensor:
  b = __torch__.norm.of_inverse(dn, x, r, weight, grad)
  return torch.addcmul_(torch.mul_(torch.mul(dn, weight, out=dx), r), x, b)


# For a norm of the residual stream: the same plus dy, the gradient of the stream [T, D] behind it, in dx.
def backward_residual_into(dn_TD: Tensor, x_TD: Tensor, r_T1: Tensor, weight_D: Tensor, grad_D: Tensor, dy_TD: Tensor,
    dx_TD: Tensor) -> Tensor:
  b_T1 = __torch__.norm.of_inverse(dn_TD, x_TD, r_T1, weight_D, grad_D)
  return torch.addcmul_(torch.addcmul(dy_TD, dn_TD * weight_D, r_T1, out=dx_TD), x_TD, b_T1)


# The same in a new array, by blocks.
def backward_residual(dn_TD: Tensor, x_TD: Tensor, r_T1: Tensor, weight_D: Tensor, grad_D: Tensor,
    dy_TD: Tensor) -> Tensor:
  total = torch.size(x_TD, 0)
  step = __torch__.matrix.cached_rows(total, 2 * torch.size(x_TD, 1))
  dx_TD = torch.empty_like(x_TD)
  for i in range(torch.floordiv(total + step - 1, step)):
    start = i * step
    size = min(step, total - start)
    dn = torch.narrow(dn_TD, 0, start, size)
    x = torch.narrow(x_TD, 0, start, size)
    r = torch.narrow(r_T1, 0, start, size)
    dy = torch.narrow(dy_TD, 0, start, size)
    dx = torch.narrow(dx_TD, 0, start, size)
    _0 = __torch__.norm.backward_residual_into(dn, x, r, weight_D, grad_D, dy, dx)
  return dx_TD
