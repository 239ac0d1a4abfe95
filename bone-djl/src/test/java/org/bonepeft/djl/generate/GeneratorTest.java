package org.bonepeft.djl.generate;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ai.djl.ndarray.NDArray;
import ai.djl.ndarray.NDList;
import ai.djl.ndarray.NDManager;
import ai.djl.training.ParameterStore;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.LongStream;
import java.util.stream.Stream;
import org.bonepeft.BoneException;
import org.bonepeft.adapter.AdapterMethod;
import org.bonepeft.adapter.Bat;
import org.bonepeft.adapter.Bone;
import org.bonepeft.adapter.Lora;
import org.bonepeft.djl.AdaptedModel;
import org.bonepeft.djl.AdapterConfig;
import org.bonepeft.djl.Adapters;
import org.bonepeft.djl.model.CausalLm;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaFamily;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.peft.Targets;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

class GeneratorTest {
    private static final List<long[]> PROMPTS = List.of(new long[] {3, 1, 4, 1, 5}, new long[] {9}, new long[] {2, 6});

    private final NDManager manager = NDManager.newBaseManager();
    private final LlamaForCausalLm model = LlamaForCausalLm.create(builder().build(), manager, 7);

    @AfterEach
    void close() {
        manager.close();
    }

    private static LlamaConfig.Builder builder() {
        return LlamaConfig.builder()
                .setVocabSize(23)
                .setHiddenSize(16)
                .setIntermediateSize(24)
                .setLayers(2)
                .setHeads(4)
                .optKeyValueHeads(2)
                .optMaxPositions(64)
                .optInitializerRange(0.5);
    }

    static List<LlamaConfig> configs() {
        return List.of(
                builder().build(),
                builder().optTied(true).build(),
                builder()
                        .optFamily(LlamaFamily.MISTRAL)
                        .optWindows(List.of(4, 4))
                        .build(),
                builder().optFamily(LlamaFamily.QWEN2).optWindows(List.of(0, 3)).build());
    }

    /** Greedy, every token by a forward pass over the whole sequence. */
    private List<Long> uncached(LlamaForCausalLm llama, long[] prompt, int count) {
        List<Long> tokens = new ArrayList<>();
        long[] all = prompt;
        for (int i = 0; i < count; i++) {
            try (NDManager scratch = manager.newSubManager()) {
                NDArray logits = llama.forward(
                                new ParameterStore(scratch, false),
                                new NDList(scratch.create(all).expandDims(0)),
                                false)
                        .singletonOrThrow();
                tokens.add(logits.get("0, -1").argMax().getLong());
            }
            all = LongStream.concat(LongStream.of(all), LongStream.of(tokens.get(i)))
                    .toArray();
        }
        return tokens;
    }

    private static GenerationConfig.Builder config(int tokens) {
        return GenerationConfig.builder().setMaxNewTokens(tokens);
    }

    private static List<List<Long>> tokens(CausalLm llama, GenerationConfig config) {
        return new Generator(llama, config)
                .generate(PROMPTS).stream().map(Completion::tokens).toList();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void batchWithCache_givesTheTokensOfEachSequenceAloneWithoutCache(LlamaConfig config) {
        LlamaForCausalLm llama = LlamaForCausalLm.create(config, manager, 11);
        List<List<Long>> expected =
                PROMPTS.stream().map(prompt -> uncached(llama, prompt, 30)).toList();
        assertThat(tokens(llama, config(30).build())).isEqualTo(expected);
        assertThat(expected.stream().flatMap(List::stream).distinct()).hasSizeGreaterThan(4);
    }

    @Test
    void sequences_endEachForItself() {
        List<Long> third = uncached(model, PROMPTS.get(2), 20);
        long stop = third.get(6);
        List<Completion> completions =
                new Generator(model, config(20).optStopTokens(Set.of(stop)).build()).generate(PROMPTS);
        for (int i = 0; i < PROMPTS.size(); i++) {
            List<Long> all = uncached(model, PROMPTS.get(i), 20);
            int at = all.indexOf(stop);
            assertThat(completions.get(i).tokens()).isEqualTo(at < 0 ? all : all.subList(0, at));
            assertThat(completions.get(i).end()).isEqualTo(at < 0 ? Completion.End.LENGTH : Completion.End.STOP_TOKEN);
        }
        assertThat(completions.get(2).tokens()).hasSizeLessThan(7);
    }

    @Test
    void stopString_cutsTheText() {
        List<Long> all = uncached(model, PROMPTS.get(0), 12);
        String text = text(all.stream().mapToLong(Long::longValue).toArray());
        String stop = text(new long[] {all.get(4), all.get(5)});
        Completion completion = new Generator(
                        model,
                        config(12)
                                .optDecoder(GeneratorTest::text)
                                .optStopStrings(List.of("~", stop))
                                .build())
                .generate(PROMPTS.subList(0, 1))
                .get(0);
        assertThat(completion.end()).isEqualTo(Completion.End.STOP_STRING);
        assertThat(completion.text()).isEqualTo(text.substring(0, text.indexOf(stop)));
        assertThat(completion.tokens()).isEqualTo(all.subList(0, text.indexOf(stop) + 2));
    }

    private static String text(long[] tokens) {
        return LongStream.of(tokens)
                .mapToObj(token -> Character.toString((char) ('a' + token)))
                .collect(Collectors.joining());
    }

    @Test
    void listener_hearsEveryTokenAndMayEndASequence() {
        List<List<Long>> heard = List.of(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
        List<Completion> completions = new Generator(model, config(9).build()).generate(PROMPTS, (sequence, token) -> {
            heard.get(sequence).add(token);
            return sequence != 1 || heard.get(1).size() < 4;
        });
        assertThat(completions.stream().map(Completion::tokens)).isEqualTo(heard);
        assertThat(completions.stream().map(Completion::end))
                .containsExactly(Completion.End.LENGTH, Completion.End.LISTENER, Completion.End.LENGTH);
        assertThat(heard.get(1)).hasSize(4);
    }

    @Test
    void contextOfTheModel_endsEachSequenceAtItsOwnLength() {
        List<Completion> completions = new Generator(model, config(1000).build()).generate(PROMPTS);
        assertThat(completions.stream().map(completion -> completion.tokens().size()))
                .containsExactly(59, 63, 62);
        assertThat(completions).allMatch(completion -> completion.end() == Completion.End.CONTEXT);
        assertThat(completions.get(0).tokens()).isEqualTo(uncached(model, PROMPTS.get(0), 59));
    }

    @Test
    void drawing_dependsOnTheSeedAlone() {
        GenerationConfig.Builder drawn =
                config(25).optTemperature(1.5).optTopK(12).optTopP(0.9);
        List<List<Long>> first = tokens(model, drawn.optSeed(1).build());
        assertThat(tokens(model, drawn.build())).isEqualTo(first);
        assertThat(tokens(model, drawn.optSeed(2).build())).isNotEqualTo(first);
        assertThat(new Generator(model, drawn.optSeed(1).build())
                        .generate(PROMPTS.subList(0, 1))
                        .get(0)
                        .tokens())
                .isEqualTo(first.get(0));
    }

    @Test
    void adapters_actAsTheyAreActiveMergedOrSwitched() {
        AdaptedModel adapted = Adapters.attach(model, adapter("bone", new Bone(4)));
        adapted.add(adapter("lora", new Lora(2, 4)));
        adapted.add(adapter("bat", new Bat(4)));
        adapted.layers().values().forEach(layer -> layer.adapters().values().forEach(adapter -> adapter.parameters()
                .forEach((name, parameter) -> adapter.assign(
                        name,
                        manager.randomNormal(parameter.getArray().getShape()).mul(0.3)))));
        adapted.activate();
        List<List<Long>> base = tokens(model, config(15).build());
        List<List<List<Long>>> seen = new ArrayList<>(List.of(base));
        for (String name : List.of("bone", "lora", "bat")) {
            adapted.activate(name);
            List<List<Long>> unmerged = tokens(model, config(15).build());
            assertThat(unmerged.get(1)).isEqualTo(uncached(model, PROMPTS.get(1), 15));
            adapted.merge(true);
            assertThat(tokens(model, config(15).build())).isEqualTo(unmerged);
            adapted.unmerge();
            seen.add(unmerged);
        }
        assertThat(seen).doesNotHaveDuplicates();
        adapted.activate();
        assertThat(tokens(model, config(15).build())).isEqualTo(base);
    }

    private static AdapterConfig adapter(String name, AdapterMethod method) {
        return AdapterConfig.builder()
                .setMethod(method)
                .setTargets(Targets.of("q_proj", "v_proj", "down_proj"))
                .optName(name)
                .build();
    }

    @ParameterizedTest
    @MethodSource("configs")
    void sessionInParts_isTheSessionAtOnce(LlamaConfig config) {
        LlamaForCausalLm llama = LlamaForCausalLm.create(config, manager, 11);
        long[] long0 = {3, 1, 4, 1, 5, 9, 2, 6};
        long[] long1 = {2, 7, 1, 8};
        try (CausalLm.Session whole = llama.start(8);
                CausalLm.Session parts = llama.start(12)) {
            float[][] expected = whole.append(List.of(long0, long1));
            parts.append(List.of(Arrays.copyOf(long0, 2), Arrays.copyOf(long1, 2)));
            parts.append(List.of(Arrays.copyOfRange(long0, 2, 7), Arrays.copyOfRange(long1, 2, 3)));
            float[][] actual = parts.append(List.of(Arrays.copyOfRange(long0, 7, 8), Arrays.copyOfRange(long1, 3, 4)));
            for (int i = 0; i < 2; i++) {
                org.bonepeft.testkit.Tolerance.FLOAT32.check("sequence " + i, actual[i], expected[i]);
            }
            assertThatThrownBy(() -> whole.append(List.of(long0, long1)))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("no room for 8 tokens more after 8");
            assertThatThrownBy(() -> parts.append(List.of(long0)))
                    .isInstanceOf(BoneException.class)
                    .hasMessageContaining("expected 2 sequences");
        }
    }

    @Test
    void promptsThatDoNotFit_areNamed() {
        Generator generator = new Generator(model, config(1).build());
        assertThat(generator.generate(List.of())).isEmpty();
        assertThatThrownBy(() -> generator.generate(List.of(new long[] {1}, new long[0])))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("prompt 1 has 0 tokens");
        assertThatThrownBy(() -> generator.generate(List.of(new long[64])))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("prompt 0 has 64 tokens; expected 1 or more, and less than the model's 64");
        assertThatThrownBy(() -> generator.generate(List.of(new long[] {23})))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("the token 23, outside the model's vocabulary of 23");
    }

    @Test
    void manyTokens_leaveNoArrays() {
        Generator generator = new Generator(model, config(50).build());
        generator.generate(PROMPTS);
        int arrays = manager.getManagedArrays().size();
        Stream.generate(() -> PROMPTS).limit(4).forEach(generator::generate);
        assertThat(manager.getManagedArrays()).hasSize(arrays);
        List<Integer> during = new ArrayList<>();
        generator.generate(PROMPTS, (sequence, token) -> during.add(allArrays()));
        assertThat(during.get(during.size() - 1)).isEqualTo(during.get(PROMPTS.size()));
    }

    private int allArrays() {
        return manager.getManagedArrays().size();
    }
}
