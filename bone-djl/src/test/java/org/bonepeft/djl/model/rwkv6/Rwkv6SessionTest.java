package org.bonepeft.djl.model.rwkv6;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.io.IOException;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.stream.LongStream;
import org.bonepeft.BoneException;
import org.bonepeft.djl.generate.Completion;
import org.bonepeft.djl.generate.GenerationConfig;
import org.bonepeft.djl.generate.Generator;
import org.bonepeft.testkit.Tolerance;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class Rwkv6SessionTest {
    private static final int VOCABULARY = 23;

    private static NDManager manager;
    private static Rwkv6ForCausalLm model;

    @BeforeAll
    static void open() {
        manager = NDManager.newBaseManager();
        model = TinyRwkv6.lively(VOCABULARY, manager);
    }

    @AfterAll
    static void close() {
        manager.close();
    }

    private static long[] text(int length, int start) {
        return LongStream.range(start, start + length)
                .map(i -> i * i % VOCABULARY)
                .toArray();
    }

    /** The logits behind the last token, by the model's forward. */
    private static float[] expected(long[] tokens) {
        try (NDManager scratch = manager.newSubManager()) {
            NDArray ids = scratch.create(tokens).reshape(1, tokens.length);
            NDArray logits = model.forward(new ParameterStore(manager, false), new NDList(ids), false)
                    .singletonOrThrow();
            return logits.get("0, -1").toFloatArray();
        }
    }

    private static void check(float[][] logits, long[]... texts) {
        assertThat(logits).hasNumberOfRows(texts.length);
        for (int i = 0; i < texts.length; i++) {
            Tolerance.FLOAT32.check("row " + i, logits[i], expected(texts[i]));
        }
    }

    @Test
    void append_textsOfAnyLength_givesTheLogitsOfEachAlone() {
        long[] longest = text(700, 0); // more than is read at once
        long[] middle = text(9, 3);
        long[] shortest = text(4, 5);
        try (Rwkv6Session session = model.start(0)) {
            check(session.append(List.of(middle, longest, shortest, middle)), middle, longest, shortest, middle);
            session.keep(new int[] {2, 0});
            long[] more = text(2, 1);
            check(session.append(List.of(more, middle)), joined(shortest, more), joined(middle, middle));
        }
    }

    private static long[] joined(long[] first, long[] second) {
        return LongStream.concat(Arrays.stream(first), Arrays.stream(second)).toArray();
    }

    @Test
    void state_writtenAndRead_goesOnToTheSameBits(@TempDir Path directory) throws IOException {
        Path file = directory.resolve("state.safetensors");
        float[][] expected;
        try (Rwkv6Session session = model.start(0)) {
            session.append(List.of(text(5, 0), text(8, 2)));
            session.state().write(file);
            expected = session.append(List.of(text(3, 1), text(3, 4)));
        }
        try (Rwkv6State state = Rwkv6State.read(file, model.config(), manager);
                Rwkv6Session session = model.start(state)) {
            assertThat(session.append(List.of(text(3, 1), text(3, 4)))).isDeepEqualTo(expected);
        }
        Rwkv6Config other = Rwkv6Config.of(VOCABULARY, 48, 2, 8);
        assertThatThrownBy(() -> Rwkv6State.read(file, other, manager))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("state.blocks.0.att_shift is (2, 32), expected (2, 48)");
    }

    @Test
    void append_wrongNumberOfRows_isRefused() {
        try (Rwkv6Session session = model.start(0)) {
            assertThatThrownBy(session::state).hasMessageContaining("no state before the first token");
            session.append(List.of(text(2, 0)));
            assertThatThrownBy(() -> session.append(List.of(text(2, 0), text(2, 0))))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("expected 1 sequences");
            assertThatThrownBy(() -> session.append(List.of(new long[0]))).isInstanceOf(BoneException.class);
        }
    }

    @Test
    void generate_isGreedyForward_whateverTheBatch() {
        Generator generator = new Generator(
                model, GenerationConfig.builder().setMaxNewTokens(12).build());
        List<long[]> prompts = List.of(text(3, 0), text(7, 4));
        List<Completion> completions = generator.generate(prompts);
        for (int i = 0; i < prompts.size(); i++) {
            long[] text = prompts.get(i);
            for (long token : completions.get(i).tokens()) {
                float[] logits = expected(text);
                int best = 0;
                for (int j = 1; j < logits.length; j++) {
                    best = logits[j] > logits[best] ? j : best;
                }
                assertThat(token).isEqualTo(best);
                text = joined(text, new long[] {token});
            }
        }
    }

    @Test
    void memory_doesNotGrowWithTheText() {
        try (Rwkv6Session session = model.start(0)) {
            session.append(List.of(text(3, 0)));
            int before = arrays(session);
            for (int i = 0; i < 50; i++) {
                session.append(List.of(text(1, i)));
            }
            assertThat(arrays(session)).isEqualTo(before);
        }
    }

    private static int arrays(Rwkv6Session session) {
        NDManager owner = session.state().layers().get(0).wkv().getManager();
        return ((ai.djl.ndarray.BaseNDManager) owner).getManagedArrays().size();
    }
}
