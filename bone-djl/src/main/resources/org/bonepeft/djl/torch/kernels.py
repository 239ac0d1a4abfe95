# Methods of one TorchScript module; TorchKernels and TorchTypes call them. The dialect is what torch.jit.save writes:
# torch.f(...) is ATen's f, element types are numbers (4 int64, 6 float32, 7 float64, 11 bool), a str argument is a number.

def dtype(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.tensor(ops.prim.dtype(x))

def requires_grad(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.tensor(ops.prim.requires_grad(x))

def same(self: __torch__.M, x: Tensor) -> Tensor:
  return x

def cast(self: __torch__.M, x: Tensor, dtype: str) -> Tensor:
  return torch.to(x, int(dtype))

def bits(self: __torch__.M, x: Tensor, dtype: str) -> Tensor:
  return torch.view_copy(x, int(dtype))

# As bits, in the same memory.
def view_bits(self: __torch__.M, x: Tensor, dtype: str) -> Tensor:
  empty = torch.empty([0], dtype=int(dtype))
  return torch.set_(empty, x, 0, torch.size(x), torch.stride(x))

def move(self: __torch__.M, x: Tensor, device: str) -> Tensor:
  return torch.to(x, torch.device(device), ops.prim.dtype(x))

def copy(self: __torch__.M, target: Tensor, values: Tensor) -> Tensor:
  return torch.copy_(target, values)

def ones_like(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.ones_like(x)

# As FewRows says.
def linear_few(self: __torch__.M, x: Tensor, weight: Tensor) -> Tensor:
  n, h = torch.size(weight)
  parts = 16 if n % 16 == 0 else 1
  rows = torch.expand(torch.t(torch.reshape(x, [-1, h])), [parts, -1, -1])
  y = torch.permute(torch.bmm(torch.reshape(weight, [parts, n // parts, h]), rows), [2, 0, 1])
  return torch.reshape(y, torch.slice(torch.size(x), 0, -1) + [n])

def linear_few_bias(self: __torch__.M, x: Tensor, weight: Tensor, bias: Tensor) -> Tensor:
  return torch.add(self.linear_few(x, weight), bias)

def zeros_like(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.zeros_like(x)

# True where query i of t may attend to key j of s: j <= i + s - t.
def causal(self: __torch__.M, q: Tensor, k: Tensor) -> Tensor:
  t = torch.size(q, -2)
  s = torch.size(k, -2)
  return torch.tril(torch.new_ones(q, [t, s], dtype=11), s - t)

# Key heads that serve several query heads are one more dimension of the batch, and stretch over those query heads without
# a copy; torch's own enable_gqa copies them and leaves the fused kernel.
def grouped(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Optional[Tensor], p: float, causal: bool, scale: float) -> Tensor:
  b, h, t, d = torch.size(q)
  g = torch.size(k, 1)
  if g == h:
    y = torch.scaled_dot_product_attention(q, k, v, mask, p, causal, scale=scale)
  else:
    r = h // g
    m = mask
    if mask is not None:
      if torch.size(mask, 1) == h:
        m = torch.reshape(torch.expand(mask, [b, h, -1, -1]), [b * g, r, torch.size(mask, 2), torch.size(mask, 3)])
      elif torch.size(mask, 0) > 1:
        m = torch.repeat_interleave(mask, g, 0)
    s = [b * g, 1, torch.size(k, 2), -1]
    kr = torch.expand(torch.reshape(k, s), [-1, r, -1, -1])
    vr = torch.expand(torch.reshape(v, s), [-1, r, -1, -1])
    y = torch.scaled_dot_product_attention(torch.reshape(q, [b * g, r, t, d]), kr, vr, m, p, causal, scale=scale)
    y = torch.reshape(y, [b, h, t, -1])
  return y

def attention(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, scale: str, dropout: str, causal: str) -> Tensor:
  t = torch.size(q, 2)
  m : Optional[Tensor] = None
  square = False
  if int(causal) == 1 and t > 1:
    if t == torch.size(k, 2):
      square = True
    else:
      m = torch.reshape(self.causal(q, k), [1, 1, t, -1])
  return self.grouped(q, k, v, m, float(dropout), square, float(scale))

def attention_masked(self: __torch__.M, q: Tensor, k: Tensor, v: Tensor, mask: Tensor, scale: str, dropout: str, causal: str) -> Tensor:
  m = torch.reshape(mask, [1] * (4 - torch.dim(mask)) + torch.size(mask))
  if int(causal) == 1:
    if ops.prim.dtype(m) == 11:
      m = torch.logical_and(m, self.causal(q, k))
    else:
      m = torch.masked_fill(m, torch.logical_not(self.causal(q, k)), -inf)
  if ops.prim.dtype(m) != 11:
    m = torch.to(m, ops.prim.dtype(q))
  return self.grouped(q, k, v, m, float(dropout), False, float(scale))

def rms_norm(self: __torch__.M, x: Tensor, weight: Tensor, eps: str) -> Tensor:
  size = torch.size(x, -1)
  if ops.prim.dtype(x) == 6 or ops.prim.dtype(x) == 7:
    # Fewer passes over the elements than torch.rms_norm, there and back.
    norm = torch.linalg_vector_norm(x, 2, [-1], True)
    squares = torch.addcmul(torch.new_full(norm, [1], float(eps)), norm, norm, value=1. / float(size))
    y = torch.mul(torch.mul(x, torch.rsqrt(squares)), weight)
  else:
    y = torch.rms_norm(x, [size], weight, float(eps))
  return y

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

# A function of x with the value 0 and the gradient scale g: added to its value, it gives a gradient to a result that was
# computed without autograd.
def with_gradient(self: __torch__.M, x: Tensor, g: Tensor, scale: float) -> Tensor:
  g = torch.reshape(g, [-1])
  y = torch.dot(torch.reshape(x, [-1]), g)
  if not bool(torch.isfinite(y)):
    y = torch.dot(torch.reshape(torch.masked_fill(x, torch.isinf(x), 0.), [-1]), g)
  return torch.mul(torch.sub(y, torch.detach(y)), scale)

# log softmax(x) in p; with a gradient p becomes softmax(x) - onehot(y). Returns the losses of the rows.
def token_losses(self: __torch__.M, x: Tensor, y: Tensor, p: Tensor, differentiate: bool) -> Tensor:
  if ops.prim.dtype(x) == ops.prim.dtype(p):
    torch._log_softmax(x, 1, False, out=p)
  else:
    torch.copy_(p, torch.log_softmax(x, 1, ops.prim.dtype(p)))
  t = torch.unsqueeze(y, 1)
  losses = torch.neg(torch.gather(p, 1, t))
  if differentiate:
    torch.exp_(p)
    torch.scatter_add_(p, 1, t, torch.neg(torch.ones_like(t, dtype=ops.prim.dtype(p))))
  return torch.squeeze(losses, 1)

# 1, or one over the number of tokens that count.
def loss_scale(self: __torch__.M, counted: Tensor, mean: str) -> float:
  scale = 1.
  if int(mean) == 1:
    n = int(torch.sum(counted))
    scale = 1. / float(n) if n > 0 else nan
  return scale

def cross_entropy(self: __torch__.M, logits: Tensor, labels: Tensor, ignored: str, chunk: str, mean: str) -> Tensor:
  x = torch.reshape(torch.detach(logits), [-1, torch.size(logits, -1)])
  y = torch.to(torch.reshape(labels, [-1]), 4)
  skipped = torch.eq(y, int(ignored))
  y = torch.masked_fill(y, skipped, 0)
  scale = self.loss_scale(torch.logical_not(skipped), mean)
  acc = 7 if ops.prim.dtype(x) == 7 else 6
  differentiate = torch.is_grad_enabled() and ops.prim.requires_grad(logits)
  g = torch.empty_like(x) if differentiate else x
  rows = torch.size(x, 0)
  step = int(chunk)
  p = torch.new_empty(x, [min(rows, step), torch.size(x, 1)], dtype=acc)
  direct = differentiate and ops.prim.dtype(g) == acc
  total = torch.new_zeros(x, [], dtype=acc)
  for i in range(0, rows, step):
    part = torch.slice(x, 0, i, i + step)
    q = torch.slice(g, 0, i, i + step) if direct else torch.slice(p, 0, 0, torch.size(part, 0))
    losses = self.token_losses(part, torch.slice(y, 0, i, i + step), q, differentiate)
    skip = torch.slice(skipped, 0, i, i + step)
    total = torch.add(total, torch.sum(torch.masked_fill(losses, skip, 0.)))
    if differentiate:
      torch.index_fill_(q, 0, torch.squeeze(torch.nonzero(skip), 1), 0.)
      if not direct:
        torch.copy_(torch.slice(g, 0, i, i + step), q)
  loss = torch.mul(total, scale)
  if differentiate:
    loss = torch.add(loss, torch.to(self.with_gradient(logits, g, scale), acc))
  return loss

def linear_cross_entropy(self: __torch__.M, hidden: Tensor, weight: Tensor, labels: Tensor, ignored: str, chunk: str, mean: str) -> Tensor:
  w = torch.detach(weight)
  wt = torch.t(w)
  h = torch.reshape(torch.detach(hidden), [-1, torch.size(hidden, -1)])
  y = torch.to(torch.reshape(labels, [-1]), 4)
  counted = torch.ne(y, int(ignored))
  scale = self.loss_scale(counted, mean)
  rows = torch.squeeze(torch.nonzero(counted), 1)
  n = torch.size(rows, 0)
  acc = 7 if ops.prim.dtype(h) == 7 else 6
  grad_h = torch.is_grad_enabled() and ops.prim.requires_grad(hidden)
  grad_w = torch.is_grad_enabled() and ops.prim.requires_grad(weight)
  g = torch.zeros_like(h) if grad_h else h
  gw = torch.zeros_like(w, dtype=acc) if grad_w else w
  step = int(chunk)
  logits = torch.new_empty(w, [min(n, step), torch.size(w, 0)])
  p = torch.new_empty(w, [min(n, step), torch.size(w, 0)], dtype=acc)
  total = torch.new_zeros(h, [], dtype=acc)
  for i in range(0, n, step):
    some = torch.slice(rows, 0, i, i + step)
    m = torch.size(some, 0)
    part = torch.to(torch.index_select(h, 0, some), ops.prim.dtype(w))
    q = torch.slice(p, 0, 0, m)
    x = torch.slice(logits, 0, 0, m)
    torch.mm(part, wt, out=x)
    losses = self.token_losses(x, torch.index_select(y, 0, some), q, grad_h or grad_w)
    total = torch.add(total, torch.sum(losses))
    if grad_h or grad_w:
      # The memory of the logits holds softmax - onehot in the weight's type from here on.
      if ops.prim.dtype(q) != ops.prim.dtype(x):
        torch.copy_(x, q)
        q = x
      if grad_h:
        torch.index_copy_(g, 0, some, torch.to(torch.mm(q, w), ops.prim.dtype(h)))
      if grad_w:
        torch.add_(gw, torch.mm(torch.t(q), part))
  loss = torch.mul(total, scale)
  if grad_h:
    loss = torch.add(loss, torch.to(self.with_gradient(hidden, g, scale), acc))
  if grad_w:
    loss = torch.add(loss, torch.to(self.with_gradient(weight, torch.to(gw, ops.prim.dtype(w)), scale), acc))
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

# As torch.nn.utils.clip_grad_norm_, but a norm that is not finite leaves the gradients as they are.
def clip(self: __torch__.M, gradients: List[Tensor], max_norm: str) -> Tensor:
  norm = torch.linalg_vector_norm(torch.stack(torch._foreach_norm(gradients)))
  share = torch.div(float(max_norm), torch.add(norm, 1.e-6))
  if bool(torch.logical_and(torch.isfinite(norm), torch.lt(share, 1.))):
    torch._foreach_mul_(gradients, share)
  return torch.to(norm, 7)

def adamw(self: __torch__.M, parameters: List[Tensor], gradients: List[Tensor], averages: List[Tensor], squares: List[Tensor], steps: List[Tensor], lr: str, beta1: str, beta2: str, eps: str, decay: str) -> Tensor:
  torch._foreach_add_(steps, 1)
  torch._fused_adamw_(parameters, gradients, averages, squares, annotate(List[Tensor], []), steps, lr=float(lr), beta1=float(beta1), beta2=float(beta2), weight_decay=float(decay), eps=float(eps), amsgrad=False, maximize=False)
  return steps[0]
