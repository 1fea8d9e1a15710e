"""Files on disk: the cache, downloads, and writing that is whole or absent."""
