package org.bonepeft.examples.pretrain;

import java.io.PrintStream;
import java.util.Arrays;
import java.util.OptionalInt;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;
import org.bonepeft.djl.model.rwkv6.Rwkv6Config;
import org.bonepeft.djl.model.rwkv6.Rwkv6ForCausalLm;
import picocli.CommandLine;

/** The models that come with the project. */
enum MiniModel {
    /** For {@code bone glue}. */
    ROBERTA("mini-roberta", "mini-glue") {
        @Override
        Pretraining prepare(boolean quick, long seed, OptionalInt steps, PrintStream out, PrintStream err) {
            Recipe recipe = quick ? Recipe.quick(seed) : Recipe.full(seed);
            return new RobertaPretraining(steps.isPresent() ? recipe.withSteps(steps.getAsInt()) : recipe, out, err);
        }
    },
    /** For {@code bone metamath}. */
    LLAMA("mini-llama", "mini-metamath") {
        @Override
        Pretraining prepare(boolean quick, long seed, OptionalInt steps, PrintStream out, PrintStream err) {
            CausalRecipe recipe = quick ? CausalRecipe.quick(seed) : CausalRecipe.full(seed);
            return new CausalPretraining<>(
                    steps.isPresent() ? recipe.withSteps(steps.getAsInt()) : recipe,
                    (vocabulary, manager) -> LlamaForCausalLm.create(llama(vocabulary), manager, seed),
                    LlamaForCausalLm::save,
                    out,
                    err);
        }

        private static LlamaConfig llama(int vocabulary) {
            return LlamaConfig.builder()
                    .setVocabSize(vocabulary)
                    .setHiddenSize(128)
                    .setIntermediateSize(320)
                    .setLayers(5)
                    .setHeads(4)
                    .optMaxPositions(512)
                    .optTied(true)
                    .optInitializerRange(0.05)
                    .optTokenIds(1, java.util.List.of(2))
                    .build();
        }
    },
    /** For {@code bone metamath}, a recurrent one. */
    RWKV6("mini-rwkv6", "mini-metamath") {
        @Override
        Pretraining prepare(boolean quick, long seed, OptionalInt steps, PrintStream out, PrintStream err) {
            CausalRecipe recipe = quick ? CausalRecipe.quick(seed) : CausalRecipe.full(seed);
            return new CausalPretraining<>(
                    steps.isPresent() ? recipe.withSteps(steps.getAsInt()) : recipe,
                    (vocabulary, manager) -> Rwkv6ForCausalLm.create(rwkv6(vocabulary), manager, seed),
                    Rwkv6ForCausalLm::save,
                    out,
                    err);
        }

        private static Rwkv6Config rwkv6(int vocabulary) {
            return new Rwkv6Config(vocabulary, 128, 128, 352, 4, 32, 16, 16, 1e-5, 64e-5, java.util.List.of(2));
        }
    };

    private final String title;
    private final String data;

    MiniModel(String title, String data) {
        this.title = title;
        this.data = data;
    }

    /** Its name, on the command line too. */
    String title() {
        return title;
    }

    /** The name of the folder with the data made along with it. */
    String data() {
        return data;
    }

    /**
     * Chooses the recipe.
     *
     * @param steps instead of the recipe's
     */
    abstract Pretraining prepare(boolean quick, long seed, OptionalInt steps, PrintStream out, PrintStream err);

    /** Reads a name from the command line. */
    static final class Converter implements CommandLine.ITypeConverter<MiniModel> {
        @Override
        public MiniModel convert(String value) {
            return Arrays.stream(values())
                    .filter(model -> model.title.equals(value))
                    .findFirst()
                    .orElseThrow(() -> new CommandLine.TypeConversionException("'" + value + "' is none of "
                            + String.join(
                                    ", ",
                                    Arrays.stream(values())
                                            .map(MiniModel::title)
                                            .toList())));
        }
    }
}
