from .trainer import SEEDS as SEEDS
from .trainer import train as train
