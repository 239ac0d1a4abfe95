# Methods of one LayerScript, beside those of attention.py and the kernels; LlamaLayer calls them. p begins with the
# weights of the two norms. qkv, output, gate_up and down are the layer's linears.

# [batch, tokens, hidden] -> [batch * tokens, hidden]
def rows(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.reshape(x, [-1, torch.size(x, -1)])

# Returns rows, which feed_forward takes.
def attention_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Optional[Tensor], dropout: float, p: List[Tensor]) -> Tensor:
  b = torch.size(x, 0)
  r = self.rows(x)
  q, k, v = self.qkv(self.rms_norm(r, p[0], "{eps}"), p)
  y = self.weighted(self.turned(q, b, cos, sin), self.turned(k, b, cos, sin), self.heads(v, b, torch.size(cos, -1)), mask, dropout)
  return torch.add(r, self.output(self.rows(y), p))

def cached_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Optional[Tensor], keys: Tensor, values: Tensor, at: int, p: List[Tensor]) -> Tensor:
  b = torch.size(x, 0)
  r = self.rows(x)
  q, k, v = self.qkv(self.rms_norm(r, p[0], "{eps}"), p)
  k = self.appended(keys, self.turned(k, b, cos, sin), at)
  v = self.appended(values, self.heads(v, b, torch.size(cos, -1)), at)
  y = self.weighted(self.turned(q, b, cos, sin), k, v, mask, 0.)
  return torch.add(r, self.output(self.rows(y), p))

def feed_forward(self: __torch__.M, r: Tensor, p: List[Tensor]) -> Tensor:
  gate, up = self.gate_up(self.rms_norm(r, p[1], "{eps}"), p)
  return torch.add(r, self.down(self.swiglu(gate, up), p))

def feed_part(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tensor:
  return torch.reshape(self.feed_forward(self.rows(x), p), torch.size(x))

def attend_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return torch.reshape(self.attention_part(x, cos, sin, None, float(dropout), p), torch.size(x))

def attend_part_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return torch.reshape(self.attention_part(x, cos, sin, mask, float(dropout), p), torch.size(x))

def layer(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return torch.reshape(self.feed_forward(self.attention_part(x, cos, sin, None, float(dropout), p), p), torch.size(x))

def layer_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return torch.reshape(self.feed_forward(self.attention_part(x, cos, sin, mask, float(dropout), p), p), torch.size(x))

def layer_cached(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, p: List[Tensor], at: str) -> Tensor:
  return torch.reshape(self.feed_forward(self.cached_part(x, cos, sin, None, keys, values, int(at), p), p), torch.size(x))

def layer_cached_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, keys: Tensor, values: Tensor, p: List[Tensor], at: str) -> Tensor:
  return torch.reshape(self.feed_forward(self.cached_part(x, cos, sin, mask, keys, values, int(at), p), p), torch.size(x))
