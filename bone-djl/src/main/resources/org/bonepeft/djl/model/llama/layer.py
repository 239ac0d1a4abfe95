# Methods of one LayerScript, beside those of attention.py and the kernels; LlamaLayer calls them. p begins with the
# weights of the two norms. qkv, output, gate_up and down are the layer's linears.

# [batch, tokens, hidden] -> [batch * tokens, hidden]
def rows(self: __torch__.M, x: Tensor) -> Tensor:
  return torch.reshape(x, [-1, torch.size(x, -1)])

def projected(self: __torch__.M, x: Tensor, r: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor]) -> Tuple[Tensor, Tensor, Tensor]:
  q, k, v = self.qkv(self.rms_norm(r, p[0], "{eps}"), p)
  return self.placed(q, k, v, torch.size(x, 0), cos, sin)

# Returns rows, which feed_forward takes.
def attention_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Optional[Tensor], dropout: float, p: List[Tensor]) -> Tensor:
  r = self.rows(x)
  q, k, v = self.projected(x, r, cos, sin, p)
  return torch.add(r, self.output(self.rows(self.weighted(q, k, v, mask, dropout)), p))

def cached_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Optional[Tensor], keys: Tensor, values: Tensor, at: int, p: List[Tensor]) -> Tensor:
  r = self.rows(x)
  q, k, v = self.projected(x, r, cos, sin, p)
  y = self.weighted(q, self.appended(keys, k, at), self.appended(values, v, at), mask, 0.)
  return torch.add(r, self.output(self.rows(y), p))

# Returns the sum in the shape of x.
def feed_forward(self: __torch__.M, r: Tensor, x: Tensor, p: List[Tensor]) -> Tensor:
  gate, up = self.gate_up(self.rms_norm(r, p[1], "{eps}"), p)
  return torch.reshape(torch.add(r, self.down(self.swiglu(gate, up), p)), torch.size(x))

def feed_part(self: __torch__.M, x: Tensor, p: List[Tensor]) -> Tensor:
  return self.feed_forward(self.rows(x), x, p)

def attend_part(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return torch.reshape(self.attention_part(x, cos, sin, None, float(dropout), p), torch.size(x))

def attend_part_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return torch.reshape(self.attention_part(x, cos, sin, mask, float(dropout), p), torch.size(x))

def layer(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return self.feed_forward(self.attention_part(x, cos, sin, None, float(dropout), p), x, p)

def layer_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, p: List[Tensor], dropout: str) -> Tensor:
  return self.feed_forward(self.attention_part(x, cos, sin, mask, float(dropout), p), x, p)

def layer_cached(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, keys: Tensor, values: Tensor, p: List[Tensor], at: str) -> Tensor:
  return self.feed_forward(self.cached_part(x, cos, sin, None, keys, values, int(at), p), x, p)

def layer_cached_masked(self: __torch__.M, x: Tensor, cos: Tensor, sin: Tensor, mask: Tensor, keys: Tensor, values: Tensor, p: List[Tensor], at: str) -> Tensor:
  return self.feed_forward(self.cached_part(x, cos, sin, mask, keys, values, int(at), p), x, p)
