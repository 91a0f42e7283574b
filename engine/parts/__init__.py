"""Features the composition root joins with one call each: what a feature is made of, and what it runs."""
