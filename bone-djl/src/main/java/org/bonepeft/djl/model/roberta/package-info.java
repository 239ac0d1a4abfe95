/**
 * RoBERTa: the encoder with a masked-language-model head and a sequence-classification head. Start at {@link
 * org.bonepeft.djl.model.roberta.RobertaForSequenceClassification}.
 */
@NullMarked
package org.bonepeft.djl.model.roberta;

import org.jspecify.annotations.NullMarked;
