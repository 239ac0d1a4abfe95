package org.bonepeft.examples.pretrain;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.within;

import ai.djl.huggingface.tokenizers.HuggingFaceTokenizer;
import ai.djl.ndarray.NDManager;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.PrintStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.Map;
import java.util.Random;
import java.util.stream.IntStream;
import org.bonepeft.djl.model.roberta.RobertaForMaskedLm;
import org.bonepeft.djl.train.Schedule;
import org.bonepeft.examples.report.Progress;
import org.bonepeft.examples.text.Corpus;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class MaskedLmTrainingTest {
    private static final Recipe RECIPE = new Recipe(200, 500, 32, 2, 2, 64, 25, 512, 1e-2, 0.01, 1);

    @TempDir
    Path folder;

    @Test
    void run_lowersTheLossAndRepeats() throws IOException {
        double[] losses = train();
        assertThat(losses[0]).isCloseTo(Math.log(461), within(0.3));
        assertThat(Arrays.stream(losses).skip(20).average().orElseThrow()).isLessThan(losses[0] - 0.5);
        assertThat(train()).isEqualTo(losses);
    }

    private double[] train() throws IOException {
        BpeTrainer trainer = new BpeTrainer();
        corpus().lines(RECIPE.tokenizerLines()).forEach(line -> line.forEach(trainer::add));
        TokenizerFiles files = new TokenizerFiles(TokenizerFiles.Style.ROBERTA, trainer.merges(RECIPE.merges()));
        files.write(folder, RECIPE.maximumTokens());
        PrintStream nowhere = new PrintStream(new ByteArrayOutputStream(), true, StandardCharsets.UTF_8);
        try (HuggingFaceTokenizer tokenizer = HuggingFaceTokenizer.newInstance(
                        folder.resolve("tokenizer.json"), Map.of("truncation", "false", "padding", "false"));
                NDManager manager = NDManager.newBaseManager("PyTorch");
                Progress progress = new Progress("test", RECIPE.steps(), nowhere)) {
            int vocabulary = files.vocabulary().size();
            RobertaForMaskedLm model = RobertaForMaskedLm.create(RECIPE.config(vocabulary), manager, RECIPE.seed());
            TokenStream stream = new TokenStream(corpus(), tokenizer, RECIPE.batchTokens(), 64, new Random(1));
            return new MaskedLmTraining(RECIPE, manager, model).run(stream, progress);
        }
    }

    private static Corpus corpus() {
        return new Corpus(1, sentence -> false);
    }

    @Test
    void schedule_risesAndFallsToZero() {
        Schedule schedule = RECIPE.training().schedule();
        assertThat(IntStream.of(0, 1, 13, 24).mapToDouble(step -> schedule.at(step, 25)))
                .containsExactly(1.0, 1.0, 0.5, 1 - 23 / 24.0);
    }
}
