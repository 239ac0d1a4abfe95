package org.bonepeft.examples.glue;

import java.util.List;

/**
 * One row of a task.
 *
 * @param texts one sentence, or two
 * @param label the index of its class in {@link GlueTask#labels()}
 */
record Example(List<String> texts, int label) {
    Example {
        texts = List.copyOf(texts);
    }
}
