package org.bonepeft.examples.pretrain;

import static org.assertj.core.api.Assertions.assertThat;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bonepeft.djl.model.roberta.RobertaConfig;
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.examples.text.Corpus;
import org.junit.jupiter.api.Test;

/** The model that comes with the project. */
class MiniRobertaTest {
    private static final Path BUNDLED = Path.of(System.getProperty("bone.root"), "src-test-data");
    private static final Path MODEL = BUNDLED.resolve("mini-roberta");
    private static final Recipe RECIPE = Recipe.full(1);

    @Test
    void config_isTheRecipes() throws IOException {
        RobertaConfig config = RobertaConfig.read(MODEL);
        assertThat(config).isEqualTo(RECIPE.config(config.vocabSize()));
        assertThat(config.vocabSize()).isEqualTo(4 + 256 + RECIPE.merges() + 1);
    }

    @Test
    void modelAndTasks_areSmall() throws IOException {
        assertThat(bytes(MODEL) + bytes(BUNDLED.resolve("mini-glue"))).isLessThan(9_000_000);
    }

    private static long bytes(Path folder) throws IOException {
        try (Stream<Path> files = Files.walk(folder)) {
            return files.filter(Files::isRegularFile)
                    .mapToLong(file -> file.toFile().length())
                    .sum();
        }
    }

    @Test
    void newText_isGuessed() throws IOException {
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                        MODEL.resolve("tokenizer.json"), Map.of("truncation", "false", "padding", "false"));
                NDManager manager = NDManager.newBaseManager("PyTorch")) {
            RobertaForMaskedLm model = RobertaForMaskedLm.load(MODEL, manager);
            TokenStream stream =
                    new TokenStream(new Corpus(77, sentence -> false), tokenizer, 1024, 128, new Random(1));
            List<MaskedBatch> batches = IntStream.range(0, 10)
                    .mapToObj(i -> MaskedBatch.of(stream.next(), model.config().vocabSize(), new Random(i)))
                    .toList();
            assertThat(new MaskedLmTraining(RECIPE, manager, model)
                            .score(batches)
                            .accuracy())
                    .isGreaterThan(0.3);
        }
    }
}
