package org.bonepeft.examples.metamath;

/** How a problem is put to the model. */
enum Prompt {
    /** The paper's, and MetaMath's. */
    PAPER(
            "Below is an instruction that describes a task. Write a response that appropriately completes the request."
                    + "\n\n### Instruction:\n%s\n\n### Response:",
            " Let's think step by step."),
    /** That of PEFT's method comparison. */
    PEFT("Question: %s Think step by step.\nAnswer:", "");

    private final String frame;
    private final String lead;

    Prompt(String frame, String lead) {
        this.frame = frame;
        this.lead = lead;
    }

    /** What stands before a response in training. */
    String train(String query) {
        return frame.replace("%s", query);
    }

    /** What a response is generated after: MetaMath adds a sentence that training has not. */
    String ask(String query) {
        return train(query) + lead;
    }
}
