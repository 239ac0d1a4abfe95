/**
 * What all models share: reading a Hugging Face directory ({@code config.json} and safetensors), blocks that know their
 * children by Hugging Face names, attention, losses.
 */
@NullMarked
package org.bonepeft.djl.model;

import org.jspecify.annotations.NullMarked;
