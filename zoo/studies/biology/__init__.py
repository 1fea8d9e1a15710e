"""Do the recommended models find what is known of their factors? Motifs, footprints, attributions."""
