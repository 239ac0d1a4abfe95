package org.bonepeft.examples.glue;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;

/** Writes a {@code tokenizer.json} with one id for each word, and RoBERTa's special tokens. */
final class TinyTokenizer {
    private TinyTokenizer() {}

    /** Ids 0 to 4 are {@code <s> <pad> </s> <unk> <mask>}, the words follow. */
    static void write(Path folder, String... words) throws IOException {
        StringBuilder vocabulary =
                new StringBuilder("\"<s>\": 0, \"<pad>\": 1, \"</s>\": 2, \"<unk>\": 3, \"<mask>\": 4");
        for (int i = 0; i < words.length; i++) {
            vocabulary.append(", \"").append(words[i]).append("\": ").append(5 + i);
        }
        Files.writeString(folder.resolve("tokenizer.json"), """
                {"version": "1.0", "truncation": null, "padding": null, "added_tokens": [], "normalizer": null,
                 "pre_tokenizer": {"type": "WhitespaceSplit"},
                 "post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0],
                   "trim_offsets": true, "add_prefix_space": false},
                 "decoder": null,
                 "model": {"type": "WordLevel", "vocab": {%s}, "unk_token": "<unk>"}}
                """.formatted(vocabulary));
    }
}
