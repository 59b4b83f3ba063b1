# AdamW on lists. The lists must be arguments of the module's method: the in-place call is deleted otherwise.


# [norm of all gradients, the number to divide them by].
def clip(grads: List[Tensor], limit: float) -> Tensor:
  norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(grads, 2)), 2)
  divisor = torch.clamp(norm / limit, 1.)
  return torch.stack([norm, divisor])


# Loss-free balancing: the selection bias of an expert that was chosen more than the mean falls by a step.
# counts [E] are int64.
def balance(bias_E: Tensor, counts_E: Tensor, step: float) -> Tensor:
  load_E = torch.to(counts_E, 6)
  return torch.add_(bias_E, torch.sign(torch.mean(load_E) - load_E), alpha=step)
