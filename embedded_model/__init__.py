"""How the embedded text-to-image model is made: scenes, captions, training, judging and export."""
