package org.bonepeft.examples.instruct;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.bonepeft.BoneException;
import org.bonepeft.examples.instruct.Conversation.Turn;
import org.bonepeft.examples.lm.Dialogue;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

class ConversationTest {
    @TempDir
    private Path folder;

    private List<Conversation> read(String text) throws IOException {
        Path file = folder.resolve("rows.jsonl");
        Files.writeString(file, text);
        return Conversation.read(file, 100);
    }

    @Test
    void layouts_areKnownByTheirKeys() throws IOException {
        assertThat(read("""
                        {"instruction": "i", "output": "o"}
                        {"instruction": "i", "input": "n", "output": "o"}
                        {"query": "q", "answer": "a", "resource": "r", "lang": "python"}
                        {"conversations": [{"from": "human", "value": "h"}, {"from": "gpt", "value": "g"}]}
                        {"messages": [{"role": "system", "content": "s"}, {"role": "user", "content": "u"}, {"role": "assistant", "content": "a"}]}
                        """))
                .extracting(conversation -> conversation.turns().get(0))
                .containsExactly(
                        new Turn("i", "o"),
                        new Turn("i\n\n### Input:\nn", "o"),
                        new Turn("q", "a"),
                        new Turn("h", "g"),
                        new Turn("s\n\nu", "a"));
    }

    @Test
    void laterTurns_seeTheEarlierOnes() throws IOException {
        List<Dialogue> dialogues =
                read("{\"conversations\": [{\"from\": \"human\", \"value\": \"1\"}, {\"from\": \"gpt\","
                                + " \"value\": \"one\"}, {\"from\": \"human\", \"value\": \"2\"}, {\"from\": \"gpt\", \"value\":"
                                + " \"two\"}]}")
                        .get(0)
                        .dialogues();
        assertThat(dialogues).extracting(Dialogue::response).containsExactly(" one", " two");
        assertThat(dialogues.get(1).prompt())
                .isEqualTo(dialogues.get(0).prompt() + " one\n\n### Instruction:\n2\n\n### Response:");
        assertThat(Conversation.prompt(List.of(new Turn("1", "one")), "2"))
                .isEqualTo(dialogues.get(1).prompt());
    }

    @Test
    void otherRows_areRefused() {
        assertThatThrownBy(() -> read("{\"text\": \"t\"}"))
                .isInstanceOf(BoneException.class)
                .hasMessageContainingAll("line 1", "instruction and output", "[text]");
        assertThatThrownBy(() -> read("{\"conversations\": [{\"from\": \"human\", \"value\": \"h\"}]}"))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("nobody answers");
        assertThatThrownBy(() -> read("{\"conversations\": [{\"from\": \"human\"}]}"))
                .isInstanceOf(BoneException.class)
                .hasMessageContaining("expected from and value");
    }

    @Test
    void code_isTakenOutOfItsFence() {
        assertThat(HumanEval.code("Sure:\n```python\ndef f():\n    return 1\n```\nDone"))
                .isEqualTo("\ndef f():\n    return 1\n");
        assertThat(HumanEval.code("```\nx = 1")).isEqualTo("\nx = 1");
        assertThat(HumanEval.code(" x = 1")).isEqualTo("\nx = 1");
        assertThat(HumanEval.code("     return 1")).isEqualTo("\n    return 1");
    }
}
