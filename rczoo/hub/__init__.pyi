from .huggingface import from_pretrained as from_pretrained
from .huggingface import push_to_hub as push_to_hub
from .huggingface import save_pretrained as save_pretrained
from .published import checkpoint_folder as checkpoint_folder
from .published import fetch as fetch
from .published import list_models as list_models
from .published import load as load
