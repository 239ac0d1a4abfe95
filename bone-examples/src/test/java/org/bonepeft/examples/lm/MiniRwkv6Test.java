package org.bonepeft.examples.lm;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.Device;
import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Files;
import java.util.stream.IntStream;
import java.util.stream.LongStream;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import org.bonepeft.examples.minimath.MathCorpus;
import org.bonepeft.tensor.DType;
import org.junit.jupiter.api.Test;

class MiniRwkv6Test {
    @Test
    void bundledModel_knowsTheLanguageOfItsText() throws IOException {
        try (LanguageModel<?> loaded =
                LanguageModel.load(ModelOptions.bundled("mini-rwkv6"), Device.cpu(), DType.F32)) {
            assertThat(loaded.model()).isInstanceOf(Rwkv6ForCausalLm.class);
            assertThat(loaded.ends()).containsExactly(2L);
            MathCorpus text = new MathCorpus(77);
            long[] tokens = IntStream.range(0, 20)
                    .mapToObj(i -> loaded.tokenizer().encode(text.get()))
                    .flatMapToLong(document -> LongStream.concat(LongStream.of(2), LongStream.of(document)))
                    .toArray();
            NDArray ids = loaded.manager().create(tokens).expandDims(0);
            ParameterStore store = new ParameterStore(loaded.manager(), false);
            float loss = loaded.model().loss(store, new NDList(ids), ids, false).getFloat();
            assertThat(loss).isLessThan(3f); // by chance it is log 1028 = 6.9
        }
        assertThat(Files.size(ModelOptions.bundled("mini-rwkv6").resolve("model.safetensors")))
                .isLessThan(4 << 20);
    }
}
