package org.bonepeft.examples.lm;

import ai.djl.ndarray.NDManager;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import org.bonepeft.djl.model.llama.LlamaConfig;
import org.bonepeft.djl.model.llama.LlamaForCausalLm;

/** An untrained LLaMA of a few thousand parameters with the bundled model's tokenizer. */
public final class TinyLlama {
    private TinyLlama() {}

    /** Writes a model's folder. */
    public static Path write(Path folder, int positions) {
        LlamaConfig config = LlamaConfig.builder()
                .setVocabSize(bundledSize())
                .setHiddenSize(16)
                .setIntermediateSize(32)
                .setLayers(2)
                .setHeads(2)
                .optMaxPositions(positions)
                .optTied(true)
                .optTokenIds(1, List.of(2))
                .build();
        try (NDManager manager = NDManager.newBaseManager("PyTorch")) {
            LlamaForCausalLm.create(config, manager, 1).save(folder);
            Files.copy(
                    ModelOptions.bundled("mini-llama").resolve(TextTokenizer.FILE),
                    folder.resolve(TextTokenizer.FILE),
                    StandardCopyOption.REPLACE_EXISTING);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
        return folder;
    }

    private static int bundledSize() {
        try {
            return LlamaConfig.read(ModelOptions.bundled("mini-llama")).vocabSize();
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }
}
