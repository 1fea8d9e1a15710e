"""Did the paper's RCPS normalise its batches while it trained? Its libraries, asked.

They need an environment of their own::

    pip install tensorflow-cpu==2.15.1 numpy==1.26.4 'scipy<1.12' h5py pyyaml six
    pip install --no-deps keras==2.2.4 keras-applications==1.0.6 keras-preprocessing==1.0.5
    pip install --no-deps keras-genomics==0.1.2.1
    python zoo/studies/keras_statistics.py

Keras 2.2.4 is older than Python 3.11 and TensorFlow 2; :func:`old_keras` gives it back the names it misses.
"""

from __future__ import annotations

import collections.abc
import os
import sys
from typing import Any

import numpy as np


def old_keras() -> Any:
    """Keras 2.2.4 on TensorFlow 2 in its version 1 mode."""
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"
    import tensorflow as two
    import tensorflow.compat.v1 as one
    from tensorflow.python.framework import ops

    one.disable_v2_behavior()
    for name in ("Iterable", "Mapping", "Sequence", "Callable"):
        setattr(collections, name, getattr(collections.abc, name))
    ops._TensorLike = one.Tensor
    ops.is_dense_tensor_like = lambda x: isinstance(x, one.Tensor | one.Variable)
    sys.modules["tensorflow"] = one
    import keras

    for name, module in list(sys.modules.items()):
        if name.startswith("keras") and getattr(module, "tf", None) is two:
            module.tf = one
    return keras


def motif_cnn(keras: Any, rcps: bool) -> Any:
    """The paper's network for simulated sequences up to its merge."""
    import keras_genomics

    layers, shape = keras.layers, {"filters": 20, "kernel_size": 21, "input_shape": (200, 4)}
    first = [keras_genomics.layers.RevCompConv1D(**shape), keras_genomics.layers.RevCompConv1DBatchNorm()]
    if not rcps:
        first = [layers.Conv1D(**shape), layers.BatchNormalization()]
    rest = [layers.Activation("relu"), layers.MaxPooling1D(20), layers.Flatten(), layers.Dense(3)]
    model = keras.models.Sequential([*first, *rest, layers.Activation("sigmoid")])
    model.compile(optimizer=keras.optimizers.Adam(lr=0.001), loss="binary_crossentropy")
    return model


def main() -> None:
    """Print, for Keras's own layers and for keras-genomics', whether training differs from evaluation."""
    keras, random = old_keras(), np.random.default_rng(0)
    X, y = np.eye(4)[random.integers(0, 4, (500, 200))], random.integers(0, 2, (500, 3))
    for name, rcps in (("standard", False), ("rcps", True)):
        model = motif_cnn(keras, rcps)
        kernel, bias = model.layers[0].get_weights()
        model.layers[0].set_weights([kernel, bias + 1])
        given = keras.backend.function([model.input], [model.layers[0].output])([X[:1]])[0][0, 0, 0]
        evaluated, trained = model.evaluate(X, y, batch_size=500, verbose=0), model.train_on_batch(X, y)
        model.fit(X, y, batch_size=100, epochs=3, verbose=0)
        mean, variance = model.layers[1].get_weights()[2:]
        conv = (X[0, :21, :, None] * kernel).sum((0, 1))[0]
        print(f"{name}: loss of one batch {evaluated:.6f} in evaluation, {trained:.6f} in training")
        print(f"    after four passes: mean up to {abs(mean).max():.3f}, variance from {variance.min():.3f}")
        print(f"    convolution with bias 1: {given:.4f} = {(given - 1) / conv:.4f} conv + b")


if __name__ == "__main__":
    main()
