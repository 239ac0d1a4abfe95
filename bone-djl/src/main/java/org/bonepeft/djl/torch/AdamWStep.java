package org.bonepeft.djl.torch;

/**
 * The numbers of one AdamW step, as {@code torch.optim.AdamW} names them.
 *
 * @param lr the learning rate of this step
 * @param beta1 the decay of the mean of gradients
 * @param beta2 the decay of the mean of their squares
 * @param eps added to the root of the bias-corrected mean of squares
 * @param weightDecay times lr, the part of each parameter that the step removes
 */
public record AdamWStep(double lr, double beta1, double beta2, double eps, double weightDecay) {
    /** Returns torch's defaults: betas 0.9 and 0.999, eps 1e-8, decay 0.01. */
    public static AdamWStep ofRate(double lr) {
        return new AdamWStep(lr, 0.9, 0.999, 1e-8, 0.01);
    }
}
