"""The verbs about what a build says of itself: `observe`, `inputs show`, `inputs diff`."""
