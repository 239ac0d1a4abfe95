# Methods of one TorchScript module; TorchKernels and TorchTypes call them. The dialect is what torch.jit.save writes:
# torch.f(...) is ATen's f, element types are numbers (4 int64, 6 float32, 7 float64, 11 bool), a str argument is a number.

def dtype(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.tensor(ops.prim.dtype(x))

def cast(self: __torch__.M, x: Tensor, dtype: str) -> Tensor:
  return torch.to(x, int(dtype))

def bits(self: __torch__.M, x: Tensor, dtype: str) -> Tensor:
  return torch.view_copy(x, int(dtype))

def move(self: __torch__.M, x: Tensor, device: str) -> Tensor:
  return torch.to(x, torch.device(device), ops.prim.dtype(x))

def copy(self: __torch__.M, target: Tensor, values: Tensor) -> Tensor:
  return torch.copy_(target, values)

def ones_like(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.ones_like(x)

# True where query i of t may attend to key j of s: j <= i + s - t.
def causal(self: __torch__.M, q: Tensor, k: Tensor) -> Tensor:
  t = torch.size(q, -2)
  s = torch.size(k, -2)
  return torch.tril(torch.new_ones(q, [t, s], dtype=11), s - t)

def attention(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, scale: str, dropout: str, causal: str) -> Tensor:
  t = torch.size(q, -2)
  gqa = torch.size(q, -3) != torch.size(k, -3)
  p = float(dropout)
  if int(causal) == 1 and t == torch.size(k, -2):
    y = torch.scaled_dot_product_attention(q, k, v, None, p, True, scale=float(scale), enable_gqa=gqa)
  elif int(causal) == 1 and t > 1:
    y = torch.scaled_dot_product_attention(q, k, v, self.causal(q, k), p, False, scale=float(scale), enable_gqa=gqa)
  else:
    y = torch.scaled_dot_product_attention(q, k, v, None, p, False, scale=float(scale), enable_gqa=gqa)
  return y

def attention_masked(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: str, dropout: str, causal: str) -> Tensor:
  gqa = torch.size(q, -3) != torch.size(k, -3)
  m = mask
  if int(causal) == 1:
    if ops.prim.dtype(mask) == 11:
      m = torch.logical_and(mask, self.causal(q, k))
    else:
      m = torch.masked_fill(mask, torch.logical_not(self.causal(q, k)), -inf)
  if ops.prim.dtype(m) != 11:
    m = torch.to(m, ops.prim.dtype(q))
  return torch.scaled_dot_product_attention(q, k, v, m, float(dropout), False, scale=float(scale), enable_gqa=gqa)

def rms_norm(self: __torch__.M, x: Tensor, weight: Tensor, eps: str) -> Tensor:
  return torch.rms_norm(x, [torch.size(x, -1)], weight, float(eps))

def rotary(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
  halves = torch.chunk(x, 2, -1)
  turned = torch.cat([torch.neg(halves[1]), halves[0]], -1)
  return torch.addcmul(torch.mul(x, cos), turned, sin)

def swiglu(self: __torch__.M, gate: Tensor, up: Tensor) -> Tensor:
  return torch.mul(torch.silu(gate), up)

def gelu(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.gelu(x, approximate="none")

def gelu_tanh(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.gelu(x, approximate="tanh")

# A function of x with the value 0 and the gradient g: what a method that knows its gradient returns added to its value.
def with_gradient(self: __torch__.M, x: Tensor, g: Tensor) -> Tensor:
  g = torch.reshape(g, [-1])
  y = torch.dot(torch.reshape(x, [-1]), g)
  if not bool(torch.isfinite(y)):
    y = torch.dot(torch.reshape(torch.masked_fill(x, torch.isinf(x), 0.), [-1]), g)
  return torch.sub(y, torch.detach(y))

def cross_entropy(self: __torch__.M, logits: Tensor, labels: Tensor, ignored: str, chunk: str, mean: str) -> Tensor:
  x = torch.reshape(torch.detach(logits), [-1, torch.size(logits, -1)])
  y = torch.to(torch.reshape(labels, [-1]), 4)
  rows = torch.squeeze(torch.nonzero(torch.ne(y, int(ignored))), 1)
  n = torch.size(rows, 0)
  acc = 6
  if ops.prim.dtype(x) == 7:
    acc = 7
  scale = 1.
  if int(mean) == 1:
    scale = 1. / float(n) if n > 0 else nan
  differentiate = torch.is_grad_enabled() and ops.prim.requires_grad(logits)
  g = torch.zeros_like(x) if differentiate else x
  total = torch.zeros([], dtype=acc, device=ops.prim.device(x))
  step = int(chunk)
  for i in range(0, n, step):
    some = torch.slice(rows, 0, i, i + step)
    p = torch.log_softmax(torch.index_select(x, 0, some), 1, acc)
    t = torch.unsqueeze(torch.index_select(y, 0, some), 1)
    total = torch.sub(total, torch.sum(torch.gather(p, 1, t)))
    if differentiate:
      torch.exp_(p)
      torch.scatter_add_(p, 1, t, torch.neg(torch.ones_like(t, dtype=acc)))
      torch.mul_(p, scale)
      torch.index_copy_(g, 0, some, torch.to(p, ops.prim.dtype(x)))
  loss = torch.mul(total, scale)
  if differentiate:
    loss = torch.add(loss, torch.to(self.with_gradient(logits, g), acc))
  return loss

def linear_cross_entropy(self: __torch__.M, hidden: Tensor, weight: Tensor, labels: Tensor, ignored: str, chunk: str, mean: str) -> Tensor:
  w = torch.detach(weight)
  h = torch.reshape(torch.detach(hidden), [-1, torch.size(hidden, -1)])
  y = torch.to(torch.reshape(labels, [-1]), 4)
  rows = torch.squeeze(torch.nonzero(torch.ne(y, int(ignored))), 1)
  n = torch.size(rows, 0)
  acc = 6
  if ops.prim.dtype(h) == 7:
    acc = 7
  scale = 1.
  if int(mean) == 1:
    scale = 1. / float(n) if n > 0 else nan
  grad_h = torch.is_grad_enabled() and ops.prim.requires_grad(hidden)
  grad_w = torch.is_grad_enabled() and ops.prim.requires_grad(weight)
  g = torch.zeros_like(h) if grad_h else h
  gw = torch.zeros_like(w, dtype=acc) if grad_w else w
  total = torch.zeros([], dtype=acc, device=ops.prim.device(h))
  step = int(chunk)
  for i in range(0, n, step):
    some = torch.slice(rows, 0, i, i + step)
    part = torch.to(torch.index_select(h, 0, some), ops.prim.dtype(w))
    p = torch.log_softmax(torch.matmul(part, torch.t(w)), 1, acc)
    t = torch.unsqueeze(torch.index_select(y, 0, some), 1)
    total = torch.sub(total, torch.sum(torch.gather(p, 1, t)))
    if grad_h or grad_w:
      torch.exp_(p)
      torch.scatter_add_(p, 1, t, torch.neg(torch.ones_like(t, dtype=acc)))
      q = torch.to(p, ops.prim.dtype(w))
      if grad_h:
        torch.index_copy_(g, 0, some, torch.to(torch.matmul(q, w), ops.prim.dtype(h)))
      if grad_w:
        torch.add_(gw, torch.matmul(torch.t(q), part))
  loss = torch.mul(total, scale)
  if grad_h:
    loss = torch.add(loss, torch.to(self.with_gradient(hidden, torch.mul_(g, scale)), acc))
  if grad_w:
    loss = torch.add(loss, torch.to(self.with_gradient(weight, torch.to(torch.mul_(gw, scale), ops.prim.dtype(w))), acc))
  return loss

def svd(self: __torch__.M, a: Tensor) -> Tuple[Tensor, Tensor, Tensor]:
  return torch.linalg_svd(a, False)

def qr(self: __torch__.M, a: Tensor) -> Tuple[Tensor, Tensor]:
  return torch.linalg_qr(a)

# Halko, Martinsson, Tropp 2011, algorithms 4.4 and 5.1, as torch.svd_lowrank runs them.
def svd_low_rank(self: __torch__.M, a: Tensor, omega: Tensor, iterations: str) -> Tuple[Tensor, Tensor, Tensor]:
  q = (torch.linalg_qr(torch.matmul(a, omega)))[0]
  for i in range(int(iterations)):
    q = (torch.linalg_qr(torch.matmul(torch.t(a), q)))[0]
    q = (torch.linalg_qr(torch.matmul(a, q)))[0]
  u, s, vh = torch.linalg_svd(torch.matmul(torch.t(q), a), False)
  return (torch.matmul(q, u), s, vh)

# As torch.nn.utils.clip_grad_norm_.
def clip(self: __torch__.M, gradients: List[Tensor], max_norm: str) -> Tensor:
  norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients)))
  torch._foreach_mul_(gradients, torch.clamp(torch.div(float(max_norm), torch.add(norm, 1.e-6)), max=1.))
  return torch.to(norm, 7)

def adamw(self: __torch__.M, parameters: List[Tensor], gradients: List[Tensor], averages: List[Tensor], squares: List[Tensor], steps: List[Tensor], lr: str, beta1: str, beta2: str, eps: str, decay: str) -> Tensor:
  torch._foreach_add_(steps, 1)
  torch._fused_adamw_(parameters, gradients, averages, squares, annotate(List[Tensor], []), steps, lr=float(lr), beta1=float(beta1), beta2=float(beta2), weight_decay=float(decay), eps=float(eps), amsgrad=False, maximize=False)
  return steps[0]
