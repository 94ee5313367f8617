"""Converts frozen TensorFlow graphs to UFF, without TensorFlow: from_tensorflow, from_tensorflow_frozen_model, and the command
convert-to-uff (python3 -m uff)."""
from .converter import UffException, from_tensorflow, from_tensorflow_frozen_model

__version__ = "0.6.9"
__all__ = ["UffException", "from_tensorflow", "from_tensorflow_frozen_model"]
